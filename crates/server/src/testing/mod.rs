//! Certificates and states for tests.

use crate::config::Listener;
use crate::keyring::Keyring;
use kms_crypto::wrap::RootKey;
use kms_domain::vocabulary::Timestamp;
use kms_domain::{Command, Guard, Proposal, State};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SanType,
};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A certificate authority that lives in memory.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A PEM certificate chain and its key.
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) der: rustls_pki_types::CertificateDer<'static>,
}

impl Authority {
    /// An authority whose subject has this organization.
    pub(crate) fn new(organization: &str) -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::OrganizationName, organization);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    /// Its certificate.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Its certificate in DER.
    pub(crate) fn der(&self) -> rustls_pki_types::CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A certificate with one DNS name and these URIs.
    pub(crate) fn issue(&self, dns: &str, uris: &[&str]) -> Issued {
        let mut params = CertificateParams::new(vec![dns.to_owned()]).unwrap();
        for uri in uris {
            params
                .subject_alt_names
                .push(SanType::URI((*uri).try_into().unwrap()));
        }
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
        }
    }
}

/// Writes a listener's three files below `folder`.
pub(crate) fn listener_files(folder: &Path, name: &str, issued: &Issued, ca_pem: &str) -> Listener {
    let listener = Listener {
        listen: ([127, 0, 0, 1], 0).into(),
        certificate: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
        ca: folder.join(format!("{name}-ca.pem")),
    };
    std::fs::write(&listener.certificate, &issued.certificate).unwrap();
    write_key(&listener.key, &issued.key);
    std::fs::write(&listener.ca, ca_pem).unwrap();
    listener
}

/// Writes a private key with the mode that the node asks for.
pub(crate) fn write_key(path: &PathBuf, pem: &str) {
    std::fs::write(path, pem).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// The state of a region that has just been bootstrapped.
pub(crate) fn founded_state() -> State {
    let keyring = Keyring::new(RootKey::generate(&mut rand::rng())).ok().unwrap();
    let region = "us-east-1".parse().unwrap();
    let now = Timestamp(1_700_000_000_000);
    let bootstrap = keyring.found_region("local", &region, now, 1).unwrap();
    let proposal = Proposal {
        time: now,
        principal: None,
        request: None,
        guard: Guard::default(),
        command: Command::Bootstrap(bootstrap),
    };
    let mut state = State::default();
    assert!(state.apply(1, &proposal).result.is_ok());
    state
}
