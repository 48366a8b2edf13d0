//! Encryption contexts: authenticated, never stored, public names and values.

use super::{Malformed, malformed};
use std::collections::BTreeMap;

/// Longest canonical encoding of an encryption context, in bytes.
pub const ENCRYPTION_CONTEXT_BYTES_MAX: usize = 8_192;

/// Pairs that must be presented again to decrypt. Order does not matter: they are kept sorted by raw UTF-8 key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    /// Takes pairs that hold no empty key and fit [`ENCRYPTION_CONTEXT_BYTES_MAX`] when encoded.
    pub fn new(pairs: BTreeMap<String, String>) -> Result<Self, Malformed> {
        if pairs.keys().any(String::is_empty) {
            return Err(malformed("an encryption context key must not be empty"));
        }
        let context = Self(pairs);
        if context.encoded_len_bytes() > ENCRYPTION_CONTEXT_BYTES_MAX {
            return Err(malformed("an encryption context is at most 8192 bytes"));
        }
        Ok(context)
    }

    /// The pairs in canonical order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The canonical bytes that SECURITY.md calls EC: u32be count, then each key and value after its u32be length.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.encoded_len_bytes());
        bytes.extend_from_slice(&length_u32(self.0.len()));
        for text in self.0.iter().flat_map(|(k, v)| [k, v]) {
            bytes.extend_from_slice(&length_u32(text.len()));
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    fn encoded_len_bytes(&self) -> usize {
        4 + self.0.iter().map(|(k, v)| 8 + k.len() + v.len()).sum::<usize>()
    }
}

/// Lengths here are bounded far below `u32::MAX` by [`ENCRYPTION_CONTEXT_BYTES_MAX`].
fn length_u32(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}
