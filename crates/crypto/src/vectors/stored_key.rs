//! Stored encodings of keys. The vectors were made by OpenSSL 4.0 through Python's cryptography, but for the stored bytes of
//! ML-KEM and all of ML-KEM-512, which are Wycheproof's: so that the encodings are ones that others know.

use super::Vector;
use crate::material::KeyMaterial;
use crate::testing::test_rng;
use crate::{encapsulation, mac, signing};
use kms_domain::vocabulary::{KeySpec, MacAlgorithm, MessageType, SigningAlgorithm};

/// The material, which must be the same bytes again when it is read.
fn material(vector: &Vector) -> KeyMaterial {
    let spec: KeySpec = vector.parsed("spec");
    let material = KeyMaterial::from_bytes(spec, &vector.secret("material")).expect("reads");
    vector.expect("material", material.bytes());
    if spec.can_be_imported() {
        let imported = KeyMaterial::import(spec, &vector.secret("material")).expect("imports");
        vector.expect("material", imported.bytes());
    }
    material
}

#[test]
fn stored_signing_keys_stay_readable() {
    let vectors = Vector::all(include_str!("../../tests/vectors/stored_signing_key.json"));
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let material = material(&vector);
        vector.expect("public_key", material.public_key_der().expect("a public key"));
        let algorithm: SigningAlgorithm = vector.parsed("algorithm");
        let message = vector.bytes("message");
        let raw = MessageType::Raw;
        let verified = signing::verify(&material, algorithm, raw, &message, &vector.bytes("signature"));
        assert_eq!(verified, Ok(()), "{}", vector.text("name"));
        if algorithm == SigningAlgorithm::Ed25519Sha512 {
            let signed = signing::sign(&material, algorithm, raw, &message, &mut test_rng());
            vector.expect("signature", &signed.expect("signs"));
        }
    }
}

#[test]
fn stored_hmac_keys_stay_readable() {
    let vectors = Vector::all(include_str!("../../tests/vectors/stored_hmac_key.json"));
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let algorithm: MacAlgorithm = vector.parsed("algorithm");
        let made = mac::generate(&material(&vector), algorithm, &vector.bytes("message"));
        vector.expect("mac", &made.expect("a code"));
    }
}

#[test]
fn stored_ml_kem_keys_stay_readable() {
    let vectors = Vector::all(include_str!("../../tests/vectors/stored_ml_kem_key.json"));
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let material = material(&vector);
        vector.expect("public_key", material.public_key_der().expect("a public key"));
        let secret = encapsulation::decapsulate(&material, &vector.bytes("ciphertext"));
        vector.expect("shared_secret", secret.expect("decapsulates").expose());
    }
}
