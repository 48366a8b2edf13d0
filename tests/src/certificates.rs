//! Certificate authorities and certificates of a cluster on one machine.
//!
//! Each purpose has its own authority: one for callers, one for operators, and for each region one for its Raft
//! listeners and one for its replication listeners, so that no certificate of one is of any use to another.

use crate::files::{private_folder, write_private, write_public};
use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the local cluster's certificates are valid.
pub const VALID_FOR: Duration = Duration::from_secs(90 * 86_400);

/// Marks an authority as made for development; a production configuration refuses it.
pub const DEVELOPMENT_MARK: &str = "Concord KMS development";

/// An authority whose key lies beside its certificate: `<name>-ca.pem` and `<name>-ca-key.pem`.
pub struct Authority {
    certificate: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

/// Who a certificate is for.
pub struct Subject<'a> {
    /// The one DNS name.
    pub dns: &'a str,
    /// The one URI, of the `spiffe` scheme.
    pub uri: String,
    /// Validity from now.
    pub valid_for: Duration,
}

/// Paths of a certificate and its key.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// Certificate, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM, mode 0600.
    pub key: PathBuf,
}

impl Authority {
    /// Makes an authority in `folder`, or opens the one that is there.
    ///
    /// # Errors
    /// What the file system or the encoder says.
    pub fn open_or_make(folder: &Path, name: &str, mark: &str) -> anyhow::Result<Self> {
        private_folder(folder)?;
        let certificate = folder.join(format!("{name}-ca.pem"));
        let key_file = folder.join(format!("{name}-ca-key.pem"));
        let params = authority_params(name, mark);
        if certificate.exists() {
            let key = KeyPair::from_pem(&std::fs::read_to_string(&key_file)?)
                .with_context(|| format!("cannot read {}", key_file.display()))?;
            return Ok(Self {
                certificate,
                issuer: Issuer::new(params, key),
            });
        }
        let key = KeyPair::generate()?;
        write_private(&key_file, key.serialize_pem().as_bytes())?;
        write_public(&certificate, params.self_signed(&key)?.pem().as_bytes())?;
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority's certificate.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// Issues a certificate and key as `<name>.pem` and `<name>-key.pem` in `folder`.
    ///
    /// # Errors
    /// What the file system or the encoder says.
    pub fn issue(
        &self,
        folder: &Path,
        name: &str,
        subject: &Subject<'_>,
    ) -> anyhow::Result<CertificateFiles> {
        private_folder(folder)?;
        let mut params = CertificateParams::new(vec![subject.dns.to_owned()])?;
        params
            .subject_alt_names
            .push(SanType::URI(subject.uri.clone().try_into()?));
        params
            .distinguished_name
            .push(DnType::CommonName, subject.uri.clone());
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        set_validity(&mut params, subject.valid_for);
        let key = KeyPair::generate()?;
        let files = CertificateFiles {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}-key.pem")),
        };
        write_private(&files.key, key.serialize_pem().as_bytes())?;
        write_public(
            &files.certificate,
            params.signed_by(&key, &self.issuer)?.pem().as_bytes(),
        )?;
        Ok(files)
    }
}

fn authority_params(name: &str, mark: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, mark);
    params
        .distinguished_name
        .push(DnType::CommonName, format!("{mark}: {name}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, VALID_FOR);
    params
}

/// A minute back, for peers whose clock is a little behind.
fn set_validity(params: &mut CertificateParams, valid_for: Duration) {
    let now = std::time::SystemTime::now();
    params.not_before = (now - Duration::from_secs(60)).into();
    params.not_after = (now + valid_for).into();
}
