//! The incremental hash over all rows of the applied state, in plaintext: equal on all nodes of a
//! region that applied the same log, and kept up to date in constant time per changed row.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::error::StorageError;
use crate::field;

const LANES: usize = 4;

/// The sum of SHA-256(field(key) || field(value)) over all rows, as four u64 lanes that wrap.
/// Independent of the order of changes. It finds divergence and damage; forgery is kept out by the
/// sealing of the rows, not by this sum.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StateHash([u64; LANES]);

impl StateHash {
    /// Replaces the row at `key`: `old` is the value it had, `new` the value it has now; `None` is
    /// no row.
    pub fn apply(&mut self, key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) {
        if let Some(old) = old {
            for (lane, part) in self.0.iter_mut().zip(row_hash(key, old)) {
                *lane = lane.wrapping_sub(part);
            }
        }
        if let Some(new) = new {
            for (lane, part) in self.0.iter_mut().zip(row_hash(key, new)) {
                *lane = lane.wrapping_add(part);
            }
        }
    }

    /// The 32 bytes of the hash, lanes in big-endian order.
    pub fn to_bytes(self) -> [u8; 8 * LANES] {
        let mut bytes = [0; 8 * LANES];
        for (out, lane) in bytes.chunks_exact_mut(8).zip(self.0) {
            out.copy_from_slice(&lane.to_be_bytes());
        }
        bytes
    }

    /// Reads what [`StateHash::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for any other length than 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StorageError> {
        let (parts, rest) = bytes.as_chunks::<8>();
        match <&[[u8; 8]; LANES]>::try_from(parts) {
            Ok(parts) if rest.is_empty() => Ok(Self(parts.map(u64::from_be_bytes))),
            _ => Err(StorageError::Corrupt("a state hash has 32 bytes".to_owned())),
        }
    }
}

fn row_hash(key: &[u8], value: &[u8]) -> [u64; LANES] {
    let mut hasher = Sha256::new();
    hasher.update(field::length(key));
    hasher.update(key);
    hasher.update(field::length(value));
    hasher.update(value);
    let digest: [u8; 8 * LANES] = hasher.finalize().into();
    let mut lanes = [0; LANES];
    for (lane, part) in lanes.iter_mut().zip(digest.as_chunks::<8>().0) {
        *lane = u64::from_be_bytes(*part);
    }
    lanes
}

impl fmt::Display for StateHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|lane| write!(formatter, "{lane:016x}"))
    }
}

impl fmt::Debug for StateHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StateHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(&str, &str)]) -> StateHash {
        let mut hash = StateHash::default();
        for (key, value) in rows {
            hash.apply(key.as_bytes(), None, Some(value.as_bytes()));
        }
        hash
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_their_content_does() {
        assert_eq!(of(&[("a", "1"), ("b", "2")]), of(&[("b", "2"), ("a", "1")]));
        assert_ne!(of(&[("a", "1"), ("b", "2")]), of(&[("a", "2"), ("b", "1")]));
        assert_ne!(
            of(&[("ab", "c")]),
            of(&[("a", "bc")]),
            "the border of key and value counts"
        );
    }

    #[test]
    fn a_changed_row_hashes_as_if_it_had_always_been_so() {
        let mut hash = of(&[("a", "1"), ("b", "2")]);
        hash.apply(b"a", Some(b"1"), Some(b"3"));
        hash.apply(b"b", Some(b"2"), None);
        assert_eq!(hash, of(&[("a", "3")]));
        hash.apply(b"a", Some(b"3"), None);
        assert_eq!(hash, StateHash::default());
    }

    #[test]
    fn one_known_row_has_the_hash_that_the_format_says() {
        let digest = Sha256::digest(b"\x00\x00\x00\x03key\x00\x00\x00\x05value");
        let hash = of(&[("key", "value")]);
        assert_eq!(hash.to_bytes().as_slice(), digest.as_slice());
        assert_eq!(StateHash::from_bytes(&hash.to_bytes()).unwrap(), hash);
        assert!(StateHash::from_bytes(&[0; 31]).is_err());
        assert_eq!(hash.to_string().len(), 64);
    }
}
