//! What signatures promise, for every key spec but RSA, whose own tests do the same.

use super::{sign, verify};
use crate::SecretBytes;
use crate::error::CryptoError;
use crate::material::KeyMaterial;
use crate::testing::{from_hex, mu_of, test_rng};
use aws_lc_rs::digest;
use kms_domain::vocabulary::{KeySpec, KeyUsage, MessageType, SigningAlgorithm};

const MESSAGE: &[u8] = b"a message";

const SPECS: [KeySpec; 8] = [
    KeySpec::EccNistP256,
    KeySpec::EccNistP384,
    KeySpec::EccNistP521,
    KeySpec::EccSecgP256k1,
    KeySpec::EccNistEdwards25519,
    KeySpec::MlDsa44,
    KeySpec::MlDsa65,
    KeySpec::MlDsa87,
];

const MESSAGE_TYPES: [MessageType; 3] = [MessageType::Raw, MessageType::Digest, MessageType::ExternalMu];

fn material(spec: KeySpec) -> KeyMaterial {
    KeyMaterial::generate(spec, &mut test_rng()).expect("generates")
}

/// What stands for [`MESSAGE`].
fn message(material: &KeyMaterial, algorithm: SigningAlgorithm, message_type: MessageType) -> Vec<u8> {
    match (message_type, algorithm.digest_bytes()) {
        (MessageType::Raw, _) => MESSAGE.to_vec(),
        (MessageType::Digest, Some(32)) => digest::digest(&digest::SHA256, MESSAGE).as_ref().to_vec(),
        (MessageType::Digest, Some(48)) => digest::digest(&digest::SHA384, MESSAGE).as_ref().to_vec(),
        (MessageType::Digest, _) => digest::digest(&digest::SHA512, MESSAGE).as_ref().to_vec(),
        (MessageType::ExternalMu, _) => {
            let header_bytes = 22;
            let der = material.public_key_der().expect("a public key");
            mu_of(material.spec(), &der[header_bytes..], MESSAGE)
        }
    }
}

/// Every pair of algorithm and message type that a spec has.
fn ways_to_sign(spec: KeySpec) -> Vec<(SigningAlgorithm, MessageType)> {
    let algorithms = spec.signing_algorithms(KeyUsage::SignVerify).iter();
    let pairs = algorithms.flat_map(|algorithm| MESSAGE_TYPES.map(|message_type| (*algorithm, message_type)));
    pairs
        .filter(|(algorithm, message_type)| algorithm.takes(*message_type))
        .collect()
}

#[test]
fn what_is_signed_verifies_and_under_no_other_key() {
    let mut ways = 0;
    for spec in SPECS {
        let rng = &mut test_rng();
        let material = KeyMaterial::generate(spec, rng).expect("generates");
        let other = KeyMaterial::generate(spec, rng).expect("generates");
        for (algorithm, message_type) in ways_to_sign(spec) {
            ways += 1;
            let message = message(&material, algorithm, message_type);
            let signature = sign(&material, algorithm, message_type, &message, rng).expect("signs");
            let stored = KeyMaterial::from_slice(spec, material.bytes()).expect("reads");
            for key in [&material, &stored] {
                assert_eq!(verify(key, algorithm, message_type, &message, &signature), Ok(()));
            }
            assert_eq!(
                verify(&other, algorithm, message_type, &message, &signature),
                Err(CryptoError::InvalidSignature)
            );
        }
    }
    assert_eq!(ways, 4 * 2 + 2 + 3 * 2);
}

/// But for Ed25519, whose digest is another scheme on purpose.
#[test]
fn a_signature_of_a_message_is_one_of_what_stands_for_it() {
    for spec in SPECS {
        let material = material(spec);
        let ways = ways_to_sign(spec);
        for (algorithm, signed) in &ways {
            let bytes = message(&material, *algorithm, *signed);
            let signature = sign(&material, *algorithm, *signed, &bytes, &mut test_rng()).expect("signs");
            for (other, verified) in &ways {
                let bytes = message(&material, *other, *verified);
                let answer = verify(&material, *other, *verified, &bytes, &signature);
                let expected = if algorithm == other {
                    Ok(())
                } else {
                    Err(CryptoError::InvalidSignature)
                };
                assert_eq!(answer, expected, "{spec} {algorithm} {signed} {other} {verified}");
            }
        }
    }
}

#[test]
fn every_bit_flip_truncation_and_extension_of_a_signature_is_refused() {
    for spec in SPECS {
        let material = material(spec);
        for (algorithm, message_type) in ways_to_sign(spec) {
            // Verification of a representative is the slower one, and no different from one parameter set to the next.
            if message_type == MessageType::ExternalMu && spec != KeySpec::MlDsa44 {
                continue;
            }
            let message = message(&material, algorithm, message_type);
            let signature =
                sign(&material, algorithm, message_type, &message, &mut test_rng()).expect("signs");
            let refused = |signature: &[u8]| {
                assert_eq!(
                    verify(&material, algorithm, message_type, &message, signature),
                    Err(CryptoError::InvalidSignature)
                );
            };
            for bit in 0..signature.len() * 8 {
                let mut flipped = signature.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                refused(&flipped);
            }
            for length in 0..signature.len() {
                refused(&signature[..length]);
            }
            refused(&[signature.as_slice(), &[0]].concat());
        }
    }
}

#[test]
fn every_other_message_is_refused() {
    for spec in SPECS {
        let material = material(spec);
        for (algorithm, message_type) in ways_to_sign(spec) {
            let message = message(&material, algorithm, message_type);
            let signature =
                sign(&material, algorithm, message_type, &message, &mut test_rng()).expect("signs");
            for bit in 0..message.len() * 8 {
                let mut flipped = message.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(
                    verify(&material, algorithm, message_type, &flipped, &signature),
                    Err(CryptoError::InvalidSignature)
                );
            }
        }
    }
}

/// All algorithms with all message types, for every spec that has a key of this crate's.
#[test]
fn a_key_signs_and_verifies_by_its_own_algorithms_and_message_types_only() {
    let without = [KeySpec::SymmetricDefault, KeySpec::Hmac256, KeySpec::MlKem512];
    for spec in SPECS.into_iter().chain(without) {
        let material = material(spec);
        let ways = ways_to_sign(spec);
        for algorithm in SigningAlgorithm::ALL {
            for message_type in MESSAGE_TYPES {
                if ways.contains(&(*algorithm, message_type)) {
                    continue;
                }
                let refused = CryptoError::WrongSpec(spec);
                let signed = sign(&material, *algorithm, message_type, MESSAGE, &mut test_rng());
                assert_eq!(signed.err(), Some(refused.clone()));
                let verified = verify(&material, *algorithm, message_type, MESSAGE, &[]);
                assert_eq!(verified, Err(refused));
            }
        }
    }
}

#[test]
fn a_digest_or_representative_of_another_length_is_named_by_its_algorithm() {
    for spec in SPECS {
        let material = material(spec);
        for (algorithm, message_type) in ways_to_sign(spec) {
            let (right, refused) = match message_type {
                MessageType::Raw => continue,
                MessageType::Digest => (algorithm.digest_bytes(), CryptoError::DigestLength(algorithm)),
                MessageType::ExternalMu => (Some(64), CryptoError::MuLength(algorithm)),
            };
            for length in (0..130).filter(|length| Some(*length) != right) {
                let message = vec![1; length];
                let signed = sign(&material, algorithm, message_type, &message, &mut test_rng());
                assert_eq!(signed.err(), Some(refused.clone()), "{length}");
                let verified = verify(&material, algorithm, message_type, &message, &[]);
                assert_eq!(verified, Err(refused.clone()), "{length}");
            }
        }
    }
    assert_eq!(
        CryptoError::DigestLength(SigningAlgorithm::EcdsaSha384).to_string(),
        "Digest is invalid length for algorithm ECDSA_SHA_384."
    );
}

/// RFC 8032, section 7.3: the message "abc", with an empty context.
#[test]
fn ed25519ph_gives_the_signature_of_rfc_8032() {
    let seed = from_hex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
    let pkcs8 = [from_hex("302e020100300506032b657004220420"), seed].concat();
    let spec = KeySpec::EccNistEdwards25519;
    let material = KeyMaterial::import(spec, &SecretBytes::new(pkcs8.into())).expect("imports");
    let algorithm = SigningAlgorithm::Ed25519PhSha512;
    let digest = digest::digest(&digest::SHA512, b"abc");
    let signature = sign(
        &material,
        algorithm,
        MessageType::Digest,
        digest.as_ref(),
        &mut test_rng(),
    );
    let expected = from_hex(
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
         31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
    );
    assert_eq!(signature, Ok(expected));
}
