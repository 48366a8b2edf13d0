//! Who is at the other end of a connection, from the one URI in its verified certificate.
//!
//! rustls has already checked the chain, the validity and (for servers) the DNS name. What is added here is which
//! kind of peer the certificate names, and whether it is of this cluster and region. Nothing here checks a signature.

use kms_domain::vocabulary::{AccountId, NodeId, Principal, RegionName};
use rustls_pki_types::CertificateDer;
use std::str::FromStr;
use std::sync::Arc;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Why a verified certificate is still not admitted. The text holds nothing but names from the certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The handshake ended without a client certificate.
    #[error("no certificate was shown")]
    NoCertificate,
    /// The certificate does not parse as X.509.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// The certificate has no URI, or several.
    #[error("the certificate must have exactly one URI, and has {0}")]
    NotOneUri(usize),
    /// The URI is not one of the three forms.
    #[error("the certificate's URI {0:?} names no identity of this service")]
    Malformed(String),
    /// The URI names a peer that has no business here.
    #[error("the certificate's URI {0:?} is not admitted on this listener")]
    NotAdmitted(String),
}

/// The identity in a certificate's URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The cluster it belongs to.
    pub cluster: String,
    /// Who it is.
    pub subject: Subject,
}

/// Who a certificate names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// `/region/<region>/node/<id>`.
    Node {
        /// The node's region.
        region: RegionName,
        /// The node in it.
        node_id: NodeId,
    },
    /// `/account/<12 digits>/user/<name>`.
    User {
        /// The caller, as `arn:aws:iam::<account>:user/<name>`.
        principal: Principal,
    },
    /// `/operator/<name>`.
    Operator {
        /// The operator's name.
        name: String,
    },
}

/// An authenticated operator; in every request's extensions on the admin listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The name in the certificate.
    pub name: Arc<str>,
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(uri: &str) -> Result<Self, IdentityError> {
        let malformed = || IdentityError::Malformed(uri.chars().take(256).collect());
        let rest = uri.strip_prefix("spiffe://").ok_or_else(malformed)?;
        let parts: Vec<&str> = rest.split('/').collect();
        let name_fits = |name: &str| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
            (1..=64).contains(&name.len()) && name.bytes().all(allowed)
        };
        let (cluster, subject) = match parts.as_slice() {
            [cluster, "region", region, "node", id] => {
                let region = region.parse().map_err(|_| malformed())?;
                let node_id = parse_node_id(id).ok_or_else(malformed)?;
                (cluster, Subject::Node { region, node_id })
            }
            [cluster, "account", account, "user", name] if name_fits(name) => {
                // By itself: in an ARN, what follows a colon in it would be taken for a part of the user's name.
                let account: AccountId = account.parse().map_err(|_| malformed())?;
                let principal = format!("arn:aws:iam::{account}:user/{name}")
                    .parse()
                    .map_err(|_| malformed())?;
                (cluster, Subject::User { principal })
            }
            [cluster, "operator", name] if name_fits(name) => {
                let name = (*name).to_owned();
                (cluster, Subject::Operator { name })
            }
            _ => return Err(malformed()),
        };
        if cluster.is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            cluster: (*cluster).to_owned(),
            subject,
        })
    }
}

/// Decimal without sign or leading zero, so that one node has one spelling.
fn parse_node_id(text: &str) -> Option<NodeId> {
    let canonical = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if canonical { text.parse().ok() } else { None }
}

/// The URI of the first certificate of a verified chain, which is the peer's own.
///
/// # Errors
/// When there is no certificate, it cannot be read, or it has not exactly one URI.
pub fn uri_of(chain: &[CertificateDer<'_>]) -> Result<String, IdentityError> {
    let own = chain.first().ok_or(IdentityError::NoCertificate)?;
    let (_, certificate) = X509Certificate::from_der(own).map_err(|_| IdentityError::Unreadable)?;
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| IdentityError::Unreadable)?;
    let uris: Vec<&str> = names
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        })
        .collect();
    match uris.as_slice() {
        [uri] => Ok((*uri).to_owned()),
        several => Err(IdentityError::NotOneUri(several.len())),
    }
}

/// Admits callers of `cluster`: what the client listener asks of a certificate.
///
/// # Errors
/// When the certificate names no user of this cluster.
pub fn caller(cluster: &str, chain: &[CertificateDer<'_>]) -> Result<Principal, IdentityError> {
    let uri = uri_of(chain)?;
    let identity: Identity = uri.parse()?;
    match identity.subject {
        Subject::User { principal } if identity.cluster == cluster => Ok(principal),
        _ => Err(IdentityError::NotAdmitted(uri)),
    }
}

/// Admits operators of `cluster`: what the admin listener asks of a certificate.
///
/// # Errors
/// When the certificate names no operator of this cluster.
pub fn operator(cluster: &str, chain: &[CertificateDer<'_>]) -> Result<Operator, IdentityError> {
    let uri = uri_of(chain)?;
    let identity: Identity = uri.parse()?;
    match identity.subject {
        Subject::Operator { name } if identity.cluster == cluster => Ok(Operator { name: name.into() }),
        _ => Err(IdentityError::NotAdmitted(uri)),
    }
}

/// The region and id of a node of `cluster`: what the raft and replication listeners ask of a certificate. Whether
/// that region or node has any business there is for them to compare.
///
/// # Errors
/// When the certificate names no node of this cluster.
pub fn node(cluster: &str, chain: &[CertificateDer<'_>]) -> Result<(RegionName, NodeId), IdentityError> {
    let uri = uri_of(chain)?;
    let identity: Identity = uri.parse()?;
    match identity.subject {
        Subject::Node { region, node_id } if identity.cluster == cluster => Ok((region, node_id)),
        _ => Err(IdentityError::NotAdmitted(uri)),
    }
}

/// The DNS name in the raft certificate of a node; dialling by it lets the standard verifier tell the nodes apart.
pub fn node_dns_name(cluster: &str, region: &RegionName, node_id: NodeId) -> String {
    format!("node-{node_id}.{region}.{cluster}.concord.internal")
}

/// The DNS name in the replication certificates of a region's nodes.
pub fn region_dns_name(cluster: &str, region: &RegionName) -> String {
    format!("{region}.{cluster}.concord.internal")
}
