//! Private keys that OpenSSL made (`openssl genpkey`, then `openssl pkcs8 -topk8 -nocrypt`, both `-outform DER`). They
//! protect nothing.

use kms_crypto::{KeyMaterial, SecretBytes};
use kms_domain::vocabulary::KeySpec;

/// The private key of a spec, DER of PKCS#8.
pub(crate) fn pkcs8(spec: KeySpec) -> &'static [u8] {
    match spec {
        KeySpec::Rsa2048 => include_bytes!("../keys/rsa-2048"),
        KeySpec::Rsa3072 => include_bytes!("../keys/rsa-3072"),
        KeySpec::Rsa4096 => include_bytes!("../keys/rsa-4096"),
        KeySpec::EccNistP256 => include_bytes!("../keys/P-256"),
        KeySpec::EccNistP384 => include_bytes!("../keys/P-384"),
        KeySpec::EccNistP521 => include_bytes!("../keys/P-521"),
        KeySpec::EccSecgP256k1 => include_bytes!("../keys/secp256k1"),
        KeySpec::EccNistEdwards25519 => include_bytes!("../keys/ed25519"),
        other => panic!("there is no DER of {other}"),
    }
}

/// The key of a spec.
pub(crate) fn imported(spec: KeySpec) -> KeyMaterial {
    KeyMaterial::import(spec, &SecretBytes::copy_of(pkcs8(spec))).expect("a key of OpenSSL's is imported")
}
