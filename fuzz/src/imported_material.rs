//! Key material that callers import: bytes of a fixed length, and private keys in DER of PKCS#8.

use crate::Seed;
use crate::fixed_rng::FixedRng;
use crate::keys::pkcs8;
use kms_crypto::{CryptoError, KeyMaterial, SecretBytes, signing};
use kms_domain::vocabulary::{KeySpec, KeyUsage, MessageType};

/// The first byte of an input chooses one.
const SPECS: [KeySpec; 13] = [
    KeySpec::SymmetricDefault,
    KeySpec::Rsa2048,
    KeySpec::Rsa3072,
    KeySpec::Rsa4096,
    KeySpec::EccNistP256,
    KeySpec::EccNistP384,
    KeySpec::EccNistP521,
    KeySpec::EccSecgP256k1,
    KeySpec::EccNistEdwards25519,
    KeySpec::Hmac224,
    KeySpec::Hmac256,
    KeySpec::Hmac384,
    KeySpec::Hmac512,
];

/// Unwrapped material for a key of the spec that the first byte names, as imported and as kept. What is taken is whole,
/// and has one form in which it is kept.
pub fn imported_material(bytes: &[u8]) -> bool {
    let Some((spec, bytes)) = bytes.split_first() else {
        return false;
    };
    let Some(&spec) = SPECS.get(usize::from(*spec)) else {
        return false;
    };
    let bytes = SecretBytes::copy_of(bytes);
    if let Ok(kept) = KeyMaterial::from_bytes(spec, &bytes) {
        assert_eq!(
            kept.bytes(),
            bytes.expose(),
            "a key of {spec} is kept in two forms"
        );
    }
    match KeyMaterial::import(spec, &bytes) {
        Ok(imported) => {
            is_whole(&imported, spec);
            true
        }
        Err(refusal) => {
            assert!(matches!(refusal, CryptoError::ImportedMaterial(_)), "{refusal}");
            false
        }
    }
}

/// What was imported is kept, is imported again as the same, and signs what its public half verifies.
fn is_whole(imported: &KeyMaterial, spec: KeySpec) {
    assert_eq!(imported.spec(), spec);
    let stored = SecretBytes::copy_of(imported.bytes());
    let kept = KeyMaterial::from_bytes(spec, &stored).expect("what was imported is kept");
    assert_eq!(kept.public_key_der(), imported.public_key_der());
    let again = KeyMaterial::import(spec, &stored).expect("what was imported is imported again");
    assert_eq!(again.bytes(), imported.bytes());
    let (kind, message) = (MessageType::Raw, b"message");
    let algorithms = spec.signing_algorithms(KeyUsage::SignVerify);
    if let Some(&algorithm) = algorithms.iter().find(|algorithm| algorithm.takes(kind)) {
        let signature = signing::sign(imported, algorithm, kind, message, &mut FixedRng(6));
        let signature = signature.expect("an imported key signs");
        assert_eq!(
            signing::verify(&kept, algorithm, kind, message, &signature),
            Ok(())
        );
    }
}

/// A key of each spec, those in DER as OpenSSL writes them.
pub fn seeds() -> Vec<Seed> {
    let numbered = (0u8..).zip(SPECS);
    numbered
        .map(|(number, spec)| Seed::new(spec.as_str(), [&[number], material(spec)].concat()))
        .collect()
}

fn material(spec: KeySpec) -> &'static [u8] {
    match spec {
        KeySpec::SymmetricDefault | KeySpec::Hmac256 => &[0x77; 32],
        KeySpec::Hmac224 => &[0x77; 28],
        KeySpec::Hmac384 => &[0x77; 48],
        KeySpec::Hmac512 => &[0x77; 64],
        other => pkcs8(other),
    }
}
