//! What one listener's certificate files hold, checked and made into rustls configurations.

use crate::config::Listener;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use sha2::{Digest, Sha256};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Organization in the subject of a CA that the local cluster's script makes; production refuses such a CA.
pub const DEVELOPMENT_CA_ORGANIZATION: &str = "Concord KMS development";

/// Why certificate files cannot be used. The text names files, never key bytes.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or is not PEM of the right kind.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The files do not fit together.
    #[error("{path}: {source}")]
    Unfit {
        /// The certificate file.
        path: PathBuf,
        /// What rustls said.
        source: rustls::Error,
    },
    /// A production node was given a CA that was made for development.
    #[error("{0} holds a CA made for development; production mode refuses it")]
    DevelopmentCa(PathBuf),
}

/// A CA that may issue to peers, and the standard verifier that trusts nothing else.
struct Issuer {
    certificate: CertificateDer<'static>,
    spki_sha256: [u8; 32],
    verifier: Arc<dyn ClientCertVerifier>,
}

/// The files of one listener.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Certificate chain in PEM, the server's own first.
    pub certificate: PathBuf,
    /// Private key in PEM, mode 0600.
    pub key: PathBuf,
    /// The CAs of those who may connect. Without it anybody may, and is known by other means than a certificate.
    pub ca: Option<PathBuf>,
}

impl From<&Listener> for TlsFiles {
    fn from(listener: &Listener) -> Self {
        Self {
            certificate: listener.certificate.clone(),
            key: listener.key.clone(),
            ca: Some(listener.ca.clone()),
        }
    }
}

/// One listener's certificate, key and CAs.
pub struct Credentials {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    issuers: Vec<Issuer>,
    files: TlsFiles,
}

impl Credentials {
    /// Reads and checks a listener's files.
    ///
    /// # Errors
    /// When a file is missing, malformed, empty, or a private key that others may read.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let chain = certificates(&files.certificate)?;
        refuse_open_mode(&files.key)?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| file(&files.key, e.to_string()))?;
        let issuers = match &files.ca {
            None => Vec::new(),
            Some(ca) => certificates(ca)?
                .into_iter()
                .map(|certificate| issuer(ca, certificate))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self {
            chain,
            key,
            issuers,
            files: files.clone(),
        })
    }

    /// Refuses a CA whose subject says that it was made for development.
    ///
    /// # Errors
    /// [`TlsError::DevelopmentCa`].
    pub fn refuse_development_ca(&self) -> Result<(), TlsError> {
        match self.issuers.iter().any(|i| is_development_ca(&i.certificate)) {
            true => Err(TlsError::DevelopmentCa(self.ca_file().to_owned())),
            false => Ok(()),
        }
    }

    /// The accepting side: shows this certificate, and requires one of any of the CAs and HTTP/2; without CAs it asks for
    /// no certificate, and speaks HTTP/1.1, too.
    ///
    /// # Errors
    /// When certificate and key do not belong together.
    pub fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|e| self.unfit(e))?;
        let builder = match &self.files.ca {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let roots = roots(self.issuers.iter().map(|i| &i.certificate)).map_err(|e| self.unfit(e))?;
                builder.with_client_cert_verifier(client_verifier(roots).map_err(|e| file(ca, e))?)
            }
        };
        let mut config = builder
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .map_err(|e| self.unfit(e))?;
        config.alpn_protocols = match self.files.ca {
            None => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            Some(_) => vec![b"h2".to_vec()],
        };
        // A resumed session would skip the verifier: a certificate that expired or whose CA was removed would go on.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    /// The dialling side: shows this certificate, trusts the CAs that `trusts` accepts by the SHA-256 of their
    /// SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// When no CA is accepted, or certificate and key do not belong together.
    pub fn client_config(&self, trusts: impl Fn(&[u8; 32]) -> bool) -> Result<ClientConfig, TlsError> {
        let trusted: Vec<_> = self.issuers.iter().filter(|i| trusts(&i.spki_sha256)).collect();
        if trusted.is_empty() {
            return Err(file(self.ca_file(), "holds no CA that this peer may have"));
        }
        let roots = roots(trusted.iter().map(|i| &i.certificate)).map_err(|e| self.unfit(e))?;
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|e| self.unfit(e))?
            .with_root_certificates(roots)
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key())
            .map_err(|e| self.unfit(e))?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(config)
    }

    /// SHA-256 of the SubjectPublicKeyInfo of the CA that vouches for a chain which the TLS layer has verified: the
    /// one CA under which it verifies when that is the only one trusted. What the peer sends beside its own
    /// certificate proves nothing about who issued it.
    pub fn issuer_spki_sha256(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Option<[u8; 32]> {
        let (own, intermediates) = chain.split_first()?;
        self.issuers
            .iter()
            .find(|i| i.verifier.verify_client_cert(own, intermediates, now).is_ok())
            .map(|i| i.spki_sha256)
    }

    /// This listener's own certificate, and what was sent with it.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// SHA-256 of the SubjectPublicKeyInfo of the CA that issued this listener's own certificate, if it is among the
    /// CAs.
    pub fn own_issuer_spki_sha256(&self) -> Option<[u8; 32]> {
        self.issuer_spki_sha256(&self.chain, UnixTime::now())
    }

    /// The file of the CAs, or of the certificate where there are none.
    fn ca_file(&self) -> &Path {
        self.files.ca.as_deref().unwrap_or(&self.files.certificate)
    }

    fn unfit(&self, source: rustls::Error) -> TlsError {
        TlsError::Unfit {
            path: self.files.certificate.clone(),
            source,
        }
    }
}

/// Whether a CA's subject carries the mark of the local cluster's script.
pub fn is_development_ca(certificate: &CertificateDer<'_>) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    parsed
        .subject()
        .iter_organization()
        .any(|organization| organization.as_str() == Ok(DEVELOPMENT_CA_ORGANIZATION))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn roots<'a>(
    certificates: impl Iterator<Item = &'a CertificateDer<'static>>,
) -> Result<RootCertStore, rustls::Error> {
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store.add(certificate.clone())?;
    }
    Ok(store)
}

fn client_verifier(roots: RootCertStore) -> Result<Arc<dyn ClientCertVerifier>, String> {
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| error.to_string())
}

fn issuer(path: &Path, certificate: CertificateDer<'static>) -> Result<Issuer, TlsError> {
    let spki_sha256 = {
        let (_, parsed) =
            X509Certificate::from_der(&certificate).map_err(|_| file(path, "holds no X.509 certificate"))?;
        Sha256::digest(parsed.public_key().raw).into()
    };
    let only = roots(std::iter::once(&certificate)).map_err(|e| file(path, e.to_string()))?;
    Ok(Issuer {
        spki_sha256,
        verifier: client_verifier(only).map_err(|e| file(path, e))?,
        certificate,
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| file(path, e.to_string()))?;
    match certificates.is_empty() {
        true => Err(file(path, "holds no certificate")),
        false => Ok(certificates),
    }
}

/// A private key that others can read is not private any more.
fn refuse_open_mode(path: &Path) -> Result<(), TlsError> {
    let metadata = std::fs::metadata(path).map_err(|e| file(path, e.to_string()))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(file(
            path,
            format!("has mode {mode:04o}; a private key needs 0600 or stricter"),
        ));
    }
    Ok(())
}

fn file(path: &Path, problem: impl Into<String>) -> TlsError {
    TlsError::File {
        path: path.to_owned(),
        problem: problem.into(),
    }
}
