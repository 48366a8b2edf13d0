//! What HMAC material promises.

use super::{HmacMaterial, key_bytes};
use crate::SecretBytes;
use crate::error::CryptoError;
use crate::mac;
use crate::material::KeyMaterial;
use crate::testing::test_rng;
use ::hmac::{Hmac, KeyInit, Mac};
use kms_domain::vocabulary::{KeySpec, MacAlgorithm};
use proptest::prelude::{any, prop_assert_eq, proptest};

const SPECS: [(KeySpec, MacAlgorithm); 4] = [
    (KeySpec::Hmac224, MacAlgorithm::HmacSha224),
    (KeySpec::Hmac256, MacAlgorithm::HmacSha256),
    (KeySpec::Hmac384, MacAlgorithm::HmacSha384),
    (KeySpec::Hmac512, MacAlgorithm::HmacSha512),
];

fn material(spec: KeySpec) -> KeyMaterial {
    KeyMaterial::generate(spec, &mut test_rng()).expect("generates")
}

#[test]
fn only_exactly_as_many_bytes_as_the_digest_are_imported() {
    for (spec, _) in SPECS {
        let exact = key_bytes(spec).expect("an HMAC spec");
        for length in 0..=2 * exact {
            let imported = HmacMaterial::import(spec, &vec![7; length]);
            if length == exact {
                assert_eq!(imported.expect("imports").bytes(), vec![7; exact]);
            } else {
                let error = imported.err().expect("refused");
                assert!(
                    matches!(error, CryptoError::ImportedMaterial(text) if text.starts_with(spec.as_str()))
                );
                assert!(matches!(
                    HmacMaterial::from_stored(spec, &vec![7; length]).err(),
                    Some(CryptoError::StoredFormat(_))
                ));
            }
        }
    }
}

#[test]
fn every_bit_flip_truncation_and_extension_of_a_code_is_refused() {
    for (spec, algorithm) in SPECS {
        let material = material(spec);
        let made = mac::generate(&material, algorithm, b"a message").expect("a code");
        assert_eq!(made.len(), key_bytes(spec).expect("an HMAC spec"));
        assert_eq!(mac::verify(&material, algorithm, b"a message", &made), Ok(()));
        let refused = |message: &[u8], code: &[u8]| {
            assert_eq!(
                mac::verify(&material, algorithm, message, code),
                Err(CryptoError::InvalidMac)
            );
        };
        for bit in 0..made.len() * 8 {
            let mut flipped = made.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            refused(b"a message", &flipped);
        }
        for length in 0..made.len() {
            refused(b"a message", &made[..length]);
        }
        refused(b"a message", &[made.as_slice(), &[0]].concat());
        refused(b"another message", &made);
    }
}

#[test]
fn a_key_has_the_one_algorithm_of_its_spec() {
    for (spec, _) in SPECS {
        let material = material(spec);
        for (other, algorithm) in SPECS {
            let made = mac::generate(&material, algorithm, b"");
            assert_eq!(made.is_ok(), other == spec, "{spec} {algorithm}");
            if other != spec {
                assert_eq!(made, Err(CryptoError::WrongSpec(spec)));
            }
        }
    }
    let symmetric = KeyMaterial::generate(KeySpec::SymmetricDefault, &mut test_rng()).expect("generates");
    assert_eq!(
        mac::generate(&symmetric, MacAlgorithm::HmacSha256, b""),
        Err(CryptoError::WrongSpec(KeySpec::SymmetricDefault))
    );
}

fn by_rustcrypto(algorithm: MacAlgorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    fn of<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes any key");
        mac.update(message);
        mac.finalize().into_bytes().to_vec()
    }
    match algorithm {
        MacAlgorithm::HmacSha224 => of::<Hmac<sha2::Sha224>>(key, message),
        MacAlgorithm::HmacSha256 => of::<Hmac<sha2::Sha256>>(key, message),
        MacAlgorithm::HmacSha384 => of::<Hmac<sha2::Sha384>>(key, message),
        MacAlgorithm::HmacSha512 => of::<Hmac<sha2::Sha512>>(key, message),
    }
}

proptest! {
    #[test]
    fn codes_are_those_of_another_implementation(
        bytes in any::<[u8; 64]>(),
        message in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        for (spec, algorithm) in SPECS {
            let key = &bytes[..key_bytes(spec).expect("an HMAC spec")];
            let material = KeyMaterial::import(spec, &SecretBytes::copy_of(key)).expect("imports");
            let made = mac::generate(&material, algorithm, &message).expect("a code");
            prop_assert_eq!(made, by_rustcrypto(algorithm, key, &message));
        }
    }
}
