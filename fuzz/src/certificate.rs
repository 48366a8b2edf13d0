//! X.509 certificates in DER, as the other end of a connection shows them.

use crate::Seed;
use kms_server::identity;
use rcgen::{CertificateParams, KeyPair, SanType};
use rustls_pki_types::CertificateDer;

const CLUSTER: &str = "local";

/// A certificate in DER, whose signature the TLS layer would have checked before: its URI is in it as it is read, and no
/// certificate is admitted to two kinds of listener.
pub fn certificate(bytes: &[u8]) -> bool {
    let chain = [CertificateDer::from(bytes)];
    let uri = identity::uri_of(&chain);
    if let Ok(uri) = &uri {
        let found = |window: &[u8]| window == uri.as_bytes();
        assert!(uri.is_empty() || bytes.windows(uri.len()).any(found));
    }
    let admitted = [
        identity::caller(CLUSTER, &chain).is_ok(),
        identity::operator(CLUSTER, &chain).is_ok(),
        identity::node(CLUSTER, &chain).is_ok(),
    ];
    let listeners = admitted.iter().filter(|admitted| **admitted).count();
    assert!(listeners <= usize::from(uri.is_ok()));
    uri.is_ok()
}

/// One for each listener, and one with a URI that names nobody.
pub fn seeds() -> Vec<Seed> {
    [
        ("user", "spiffe://local/account/123456789012/user/alice"),
        ("operator", "spiffe://local/operator/olga"),
        ("node", "spiffe://local/region/us-east-1/node/1"),
        ("stranger", "https://example.org/"),
    ]
    .map(|(name, uri)| Seed::new(name, issued(uri)))
    .into()
}

fn issued(uri: &str) -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a DNS name");
    let uri = uri.try_into().expect("a URI is ASCII");
    params.subject_alt_names.push(SanType::URI(uri));
    let key = KeyPair::generate().expect("a key pair is made");
    let certificate = params.self_signed(&key).expect("a certificate is signed");
    certificate.der().to_vec()
}
