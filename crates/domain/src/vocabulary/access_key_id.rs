//! Ids of access keys.

use super::{Malformed, malformed};
use std::fmt;
use std::str::FromStr;

/// An access key's id, as AWS IAM spells it: `AKIA` and 16 characters of `A-Z` and `2-7`. It is public and no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId([u8; AccessKeyId::CHARS]);

const PREFIX: &[u8; 4] = b"AKIA";
/// RFC 4648, section 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl AccessKeyId {
    /// Length in characters.
    pub const CHARS: usize = 20;

    /// The id that stands for 10 random bytes, five bits a character.
    pub fn from_random(bytes: [u8; 10]) -> Self {
        let mut id = [0; Self::CHARS];
        let (prefix, digits) = id.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX);
        for (digits, five) in digits.chunks_exact_mut(8).zip(bytes.chunks_exact(5)) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for (place, digit) in digits.iter_mut().enumerate() {
                let shift = 35 - 5 * place;
                *digit = BASE32[(bits >> shift & 31) as usize];
            }
        }
        Self(id)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for AccessKeyId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        const REASON: Malformed = malformed("an access key id is AKIA and 16 characters of A-Z and 2-7");
        let id: [u8; Self::CHARS] = text.as_bytes().try_into().map_err(|_| REASON)?;
        let digits = id.strip_prefix(PREFIX).ok_or(REASON)?;
        if !digits.iter().all(|digit| BASE32.contains(digit)) {
            return Err(REASON);
        }
        Ok(Self(id))
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::AccessKeyId;

    #[test]
    fn random_bytes_are_spelled_in_base32_behind_akia() {
        assert_eq!(AccessKeyId::from_random([0; 10]).as_str(), "AKIAAAAAAAAAAAAAAAAA");
        assert_eq!(
            AccessKeyId::from_random([0xff; 10]).as_str(),
            "AKIA7777777777777777"
        );
        // RFC 4648, section 10: "fooba" is MZXW6YTB.
        let id = AccessKeyId::from_random(*b"foobafooba");
        assert_eq!(id.as_str(), "AKIAMZXW6YTBMZXW6YTB");
        assert_eq!(id.to_string().parse::<AccessKeyId>().unwrap(), id);
    }

    #[test]
    fn anything_else_is_malformed() {
        let malformed = [
            "",
            "AKIA",
            "AKIAAAAAAAAAAAAAAAA",
            "AKIAAAAAAAAAAAAAAAAAA",
            "ASIAAAAAAAAAAAAAAAAA",
            "akiaaaaaaaaaaaaaaaaa",
            "AKIAAAAAAAAAAAAAAAA1",
            "AKIAAAAAAAAAAAAAAA\u{c4}",
        ];
        for text in malformed {
            assert!(text.parse::<AccessKeyId>().is_err(), "{text}");
        }
    }
}
