//! What ML-DSA material promises. Signatures in general are tested with `signing`.

use super::{MlDsaMaterial, MlDsaVerifyingKey};
use crate::error::CryptoError;
use crate::testing::{from_hex, mu_of, test_rng};
use aws_lc_rs::signature::{KeyPair, PqdsaKeyPair};
use kms_domain::vocabulary::{KeySpec, MessageType};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Signature, VerifyingKey};

const SPECS: [(KeySpec, usize, usize); 3] = [
    (KeySpec::MlDsa44, 1_312, 2_420),
    (KeySpec::MlDsa65, 1_952, 3_309),
    (KeySpec::MlDsa87, 2_592, 4_627),
];

fn material(spec: KeySpec) -> MlDsaMaterial {
    MlDsaMaterial::generate(spec, &mut test_rng()).expect("generates")
}

fn public_key(material: &MlDsaMaterial) -> &[u8] {
    material.signing.public_key().as_ref()
}

fn public_key_by_ml_dsa<P: MlDsaParams>(seed: &[u8]) -> Vec<u8> {
    let seed = seed.try_into().expect("32 bytes");
    let key = ml_dsa::SigningKey::<P>::from_seed(&seed);
    key.expanded_key().verifying_key().encode().to_vec()
}

#[test]
fn both_libraries_make_the_same_public_key_from_a_seed() {
    for (spec, length, _) in SPECS {
        for seed in [[0; 32], [0xff; 32], [0x5a; 32]] {
            let material = MlDsaMaterial::from_stored(spec, &seed).expect("any seed");
            let expected = match spec {
                KeySpec::MlDsa44 => public_key_by_ml_dsa::<MlDsa44>(&seed),
                KeySpec::MlDsa65 => public_key_by_ml_dsa::<MlDsa65>(&seed),
                _ => public_key_by_ml_dsa::<MlDsa87>(&seed),
            };
            assert_eq!(expected.len(), length);
            assert_eq!(public_key(&material), expected);
            assert_eq!(material.bytes(), seed);
        }
    }
}

#[test]
fn only_32_bytes_are_a_seed() {
    for (spec, ..) in SPECS {
        for length in [0, 31, 33, 2_560, 4_032, 4_896] {
            assert_eq!(
                MlDsaMaterial::from_stored(spec, &vec![1; length]).err(),
                Some(CryptoError::StoredFormat("an ML-DSA seed is 32 bytes"))
            );
        }
    }
}

/// RFC 9881: the object identifier 2.16.840.1.101.3.4.3.17, 18 or 19, no parameters, and the key as it is.
#[test]
fn public_keys_are_subject_public_key_infos_of_rfc_9881() {
    let prefixes = [
        "30820532300b06096086480165030403110382052100",
        "308207b2300b0609608648016503040312038207a100",
        "30820a32300b060960864801650304031303820a2100",
    ];
    for ((spec, ..), prefix) in SPECS.into_iter().zip(prefixes) {
        let material = material(spec);
        let expected = [from_hex(prefix).as_slice(), public_key(&material)].concat();
        assert_eq!(material.public_key_der(), expected);
    }
}

/// A signature over the representative is one over the message, and the other way round.
#[test]
fn a_message_and_its_representative_have_the_same_signatures() {
    for (spec, _, signature_bytes) in SPECS {
        let material = material(spec);
        let message = b"a message of any length";
        let mu = mu_of(spec, public_key(&material), message);
        let rng = &mut test_rng();
        for (signed, bytes) in [
            (MessageType::Raw, message.as_slice()),
            (MessageType::ExternalMu, &mu),
        ] {
            let signature = material.sign(signed, bytes, rng).expect("signs");
            assert_eq!(signature.len(), signature_bytes);
            assert_eq!(material.verify(MessageType::Raw, message, &signature), Ok(()));
            assert_eq!(material.verify(MessageType::ExternalMu, &mu, &signature), Ok(()));
        }
    }
}

#[test]
fn signing_is_hedged_for_messages_and_for_representatives() {
    let rng = &mut test_rng();
    for (spec, ..) in SPECS {
        let material = material(spec);
        for message_type in [MessageType::Raw, MessageType::ExternalMu] {
            let first = material.sign(message_type, &[3; 64], rng).expect("signs");
            let second = material.sign(message_type, &[3; 64], rng).expect("signs");
            assert_ne!(first, second, "{spec} {message_type}");
        }
    }
}

fn verifies_by_ml_dsa<P: MlDsaParams>(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::<P>::decode(&public_key.try_into().expect("a public key"));
    Signature::<P>::try_from(signature)
        .is_ok_and(|signature| key.verify_with_context(message, b"", &signature))
}

#[test]
fn signatures_verify_by_the_other_library_both_ways() {
    let rng = &mut test_rng();
    for (spec, ..) in SPECS {
        let material = material(spec);
        let (public_key, message) = (public_key(&material), [9; 100]);
        let made = material.sign(MessageType::Raw, &message, rng).expect("signs");
        let verifies = match spec {
            KeySpec::MlDsa44 => verifies_by_ml_dsa::<MlDsa44>,
            KeySpec::MlDsa65 => verifies_by_ml_dsa::<MlDsa65>,
            _ => verifies_by_ml_dsa::<MlDsa87>,
        };
        assert!(verifies(public_key, &message, &made));
        assert!(!verifies(public_key, &message[1..], &made));

        let mu = mu_of(spec, public_key, &message);
        let theirs = material.sign(MessageType::ExternalMu, &mu, rng).expect("signs");
        let (signing, _) = super::algorithms(spec).expect("an ML-DSA spec");
        let pair = PqdsaKeyPair::from_seed(signing, material.bytes()).expect("a seed");
        let key = MlDsaVerifyingKey::from_bytes(spec, pair.public_key().as_ref()).expect("a public key");
        assert_eq!(key.verify(MessageType::Raw, &message, &theirs), Ok(()));
    }
}

#[test]
fn a_public_key_has_exactly_its_length_and_is_not_der() {
    for (spec, length, _) in SPECS {
        for other in [0, length - 1, length + 1] {
            assert!(MlDsaVerifyingKey::from_bytes(spec, &vec![0; other]).is_err());
        }
        assert!(MlDsaVerifyingKey::from_bytes(spec, material(spec).public_key_der()).is_err());
    }
}
