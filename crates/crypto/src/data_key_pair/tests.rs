//! What data key pairs promise.

use super::generate;
use crate::encapsulation::{decapsulate, encapsulate};
use crate::material::KeyMaterial;
use crate::testing::{expand_ml_kem_seed, test_rng, to_hex};
use kms_domain::vocabulary::{DataKeyPairSpec, KeySpec};

const ECC: [(DataKeyPairSpec, KeySpec); 5] = [
    (DataKeyPairSpec::EccNistP256, KeySpec::EccNistP256),
    (DataKeyPairSpec::EccNistP384, KeySpec::EccNistP384),
    (DataKeyPairSpec::EccNistP521, KeySpec::EccNistP521),
    (DataKeyPairSpec::EccSecgP256k1, KeySpec::EccSecgP256k1),
    (DataKeyPairSpec::EccNistEdwards25519, KeySpec::EccNistEdwards25519),
];

const ML_KEM: [(DataKeyPairSpec, KeySpec); 3] = [
    (DataKeyPairSpec::MlKem512, KeySpec::MlKem512),
    (DataKeyPairSpec::MlKem768, KeySpec::MlKem768),
    (DataKeyPairSpec::MlKem1024, KeySpec::MlKem1024),
];

#[test]
fn an_elliptic_curve_pair_can_be_imported_and_has_its_public_key() {
    for (spec, key_spec) in ECC {
        let pair = generate(spec, &mut test_rng()).expect("generates");
        let material = KeyMaterial::import(key_spec, &pair.private_key_der).expect("imports");
        assert_eq!(material.public_key_der(), Some(pair.public_key_der.as_slice()));
    }
}

#[test]
fn pairs_differ_from_one_call_to_the_next() {
    let rng = &mut test_rng();
    for (spec, _) in ECC.into_iter().chain(ML_KEM) {
        let (first, second) = (
            generate(spec, rng).expect("a pair"),
            generate(spec, rng).expect("a pair"),
        );
        assert!(!first.private_key_der.ct_eq(&second.private_key_der), "{spec}");
        assert_ne!(first.public_key_der, second.public_key_der, "{spec}");
    }
}

/// RFC 9935: PKCS#8 of version 1 around `[0] IMPLICIT OCTET STRING` of the 64-byte seed.
#[test]
fn an_ml_kem_private_key_is_its_seed_and_the_public_key_follows_from_it() {
    for (number, (spec, key_spec)) in (1..).zip(ML_KEM) {
        let pair = generate(spec, &mut test_rng()).expect("generates");
        let header = format!("3054020100300b06096086480165030404{number:02x}04428040");
        let (start, seed) = pair.private_key_der.expose().split_at(22);
        assert_eq!(to_hex(start), header);

        let stored = expand_ml_kem_seed(key_spec, seed).expect("64 bytes");
        let material = KeyMaterial::from_slice(key_spec, &stored).expect("a pair");
        assert_eq!(material.public_key_der(), Some(pair.public_key_der.as_slice()));
        let made = encapsulate(&material).expect("encapsulates");
        let taken = decapsulate(&material, &made.ciphertext).expect("decapsulates");
        assert!(taken.ct_eq(&made.shared_secret));
    }
}
