//! Keys that wrap keys: the root key wraps wrapping keys and a node's own keys, a wrapping key wraps key material.
//!
//! Wrapped bytes use the committing envelope of the ciphertexts, with their own kinds and labels:
//!
//! ```text
//! version 0x01 | suite 0x01 | kind 2 | root key id 16         | salt 32 | commitment 32 | body | tag 16
//! version 0x01 | suite 0x01 | kind 3 | u64be wrapping key id 8 | salt 32 | commitment 32 | body | tag 16
//! ```
//!
//! Both the derivation and the additional data bind the whole place where the bytes belong, so that wrapped bytes
//! moved to another row, key, account, region or purpose do not open.

mod root;
mod wrapping;

pub use root::{RootKey, RootKeyId};
pub use wrapping::{MaterialPlace, WrappingKey};

use crate::envelope::{self, Binding};
use crate::error::CryptoError;
use crate::fields::Fields;
use crate::{CryptoRng, SecretBytes, SecretKey256};

const VERSION: u8 = 1;
const SUITE: u8 = 1;
const KIND_ROOT: u8 = 2;
const KIND_WRAPPING: u8 = 3;

fn prefix(kind: u8, key_id: &[u8]) -> Vec<u8> {
    [&[VERSION, SUITE, kind], key_id].concat()
}

/// The id of the key that wrapped these bytes, `N` bytes long.
fn parse_key_id<const N: usize>(kind: u8, wrapped: &[u8]) -> Result<[u8; N], CryptoError> {
    wrapped
        .strip_prefix(&[VERSION, SUITE, kind])
        .and_then(|rest| rest.first_chunk::<N>())
        .copied()
        .ok_or(CryptoError::StoredFormat(
            "not wrapped bytes of a known version and kind",
        ))
}

fn seal(
    key: &SecretKey256,
    prefix: &[u8],
    bound: &Fields,
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let bound = bound.as_bytes();
    envelope::seal(key, prefix, &Binding { bound, aad: bound }, plaintext, rng)
}

fn open(
    key: &SecretKey256,
    prefix: &[u8],
    bound: &Fields,
    wrapped: &[u8],
) -> Result<SecretBytes, CryptoError> {
    if !wrapped.starts_with(prefix) {
        return Err(CryptoError::Unwrap);
    }
    let bound = bound.as_bytes();
    envelope::open(key, prefix.len(), &Binding { bound, aad: bound }, wrapped)
        .map_err(|_| CryptoError::Unwrap)
}

#[cfg(test)]
mod tests;
