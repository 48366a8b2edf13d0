//! Import tokens: they name the row of their wrapping key, say when they end, and are of no use when altered or given
//! for another key.
//!
//! ```text
//! version 0x01 | id 32 | expiry, milliseconds u64be 8 | HMAC-SHA256 32
//! ```
//! The tag covers cluster, region, account and key beside the token's own bytes.

use crate::error::CryptoError;
use crate::fields::Fields;
use aws_lc_rs::hmac;
use kms_domain::key::KeyName;
use kms_domain::rows::Region;
use kms_domain::vocabulary::{ImportTokenId, Timestamp};

const LABEL: &str = "concord.kms/import-token/v1";
const VERSION: u8 = 1;
const ID_BYTES: usize = 32;
const TAG_BYTES: usize = 32;
const BYTES: usize = 1 + ID_BYTES + 8 + TAG_BYTES;

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportToken {
    /// The row of the wrapping key.
    pub id: ImportTokenId,
    /// It is of no use after this.
    pub expires: Timestamp,
}

/// Makes and checks tokens with a key that all nodes of a region share, so that any node takes any token.
pub struct ImportTokens {
    key: hmac::Key,
}

impl ImportTokens {
    /// Tokens under this 32-byte key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
        }
    }

    /// A token for `key` of `region`.
    pub fn seal(&self, region: &Region, key: &KeyName, token: &ImportToken) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&token.id.0);
        bytes.extend_from_slice(&token.expires.0.to_be_bytes());
        let tag = hmac::sign(&self.key, bound(region, key, &bytes).as_bytes());
        bytes.extend_from_slice(tag.as_ref());
        bytes
    }

    /// What a token says that was made for this key of this region.
    ///
    /// # Errors
    /// [`CryptoError::ImportToken`] for every other token.
    pub fn open(&self, region: &Region, key: &KeyName, token: &[u8]) -> Result<ImportToken, CryptoError> {
        let refused = CryptoError::ImportToken;
        let (said, tag) = token.split_last_chunk::<TAG_BYTES>().ok_or(refused.clone())?;
        if token.len() != BYTES || said[0] != VERSION {
            return Err(refused);
        }
        hmac::verify(&self.key, bound(region, key, said).as_bytes(), tag).map_err(|_| refused.clone())?;
        let (id, expires) = said[1..].split_first_chunk::<ID_BYTES>().ok_or(refused.clone())?;
        let expires = expires.try_into().map_err(|_| refused)?;
        Ok(ImportToken {
            id: ImportTokenId(*id),
            expires: Timestamp(u64::from_be_bytes(expires)),
        })
    }
}

/// The key id is bound as text: an ordinary and a multi-Region key may have the same 16 bytes.
fn bound(region: &Region, key: &KeyName, said: &[u8]) -> Fields {
    Fields::new(LABEL)
        .text(&region.cluster)
        .region(&region.name)
        .account(&key.account)
        .text(&key.key_id.to_string())
        .bytes(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kms_domain::vocabulary::{Incarnation, KeyId};

    fn key(n: u8) -> KeyName {
        KeyName {
            account: "111122223333".parse().expect("12 digits"),
            key_id: KeyId::uuid([n; 16]),
        }
    }

    fn region(name: &str) -> Region {
        Region {
            cluster: "local".into(),
            name: name.parse().expect("a region"),
            incarnation: Incarnation([3; 16]),
            feature_level: 1,
            log_time: Timestamp(0),
            wrapping_key: 1,
            hpke_key: 1,
            signing_public: [0; 32],
            signing_private_wrapped: [].into(),
            alias_revision: 0,
            fenced: false,
        }
    }

    #[test]
    fn a_token_opens_only_unaltered_and_only_for_its_own_key_and_region() {
        let here = region("us-east-1");
        let tokens = ImportTokens::new(&[7; 32]);
        let token = ImportToken {
            id: ImportTokenId([9; 32]),
            expires: Timestamp(1_700_000_000_000),
        };
        let sealed = tokens.seal(&here, &key(1), &token);
        assert_eq!(tokens.open(&here, &key(1), &sealed), Ok(token));
        let refused = Err(CryptoError::ImportToken);
        assert_eq!(tokens.open(&here, &key(2), &sealed), refused);
        let multi_region = KeyName {
            key_id: KeyId::multi_region([1; 16]),
            ..key(1)
        };
        assert_eq!(tokens.open(&here, &multi_region, &sealed), refused);
        assert_eq!(tokens.open(&region("eu-west-1"), &key(1), &sealed), refused);
        assert_eq!(ImportTokens::new(&[8; 32]).open(&here, &key(1), &sealed), refused);
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(tokens.open(&here, &key(1), &altered), refused);
        }
        for length in 0..sealed.len() {
            assert_eq!(tokens.open(&here, &key(1), &sealed[..length]), refused);
        }
        assert_eq!(tokens.open(&here, &key(1), &[sealed, vec![0]].concat()), refused);
    }
}
