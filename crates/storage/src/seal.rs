//! Sealing of everything a node writes to its own disk, so that metadata is private at rest and an
//! edited or transplanted record is found instead of obeyed.
//!
//! Format of a sealed record: `version 0x01 | salt 24 | body | tag 16`, 41 bytes over the plaintext.
//! Every record has its own key, derived from the storage key and the random salt in the manner of
//! SP 800-108 counter mode (the same step as the ciphertext format of SECURITY.md):
//!
//! ```text
//! K    = HMAC-SHA256(storage key, 00000001 || "concord.storage/v1/record" || 00 || salt || 00000100)
//! seal = AES-256-GCM(K, nonce = 12 zero bytes, AAD)
//! ```
//!
//! A bare GCM key with random nonces would have to be replaced after 2^32 records (SP 800-38D
//! section 8.3), which a log reaches. With 192 bits of salt, two records of one store share a key
//! with probability below 2^-64 even after 2^64 records.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use hmac::{Hmac, Mac};
use rand::Rng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::StorageError;
use crate::field::Fields;

const VERSION: u8 = 1;
const SALT_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const RECORD_LABEL: &[u8] = b"concord.storage/v1/record";
const NAME_LABEL: &[u8] = b"concord.storage/v1/name";

/// What sealing adds to a plaintext, in bytes.
pub const SEAL_OVERHEAD_BYTES: usize = 1 + SALT_BYTES + TAG_BYTES;

/// Wraps and unwraps a node's storage key. The root key itself is held by a seal provider and never
/// seen here; the server implements this with `kms-crypto`.
pub trait RootKey {
    /// Wraps `plaintext`, binding it to the purpose and the additional data.
    ///
    /// # Errors
    /// When the provider is sealed or fails.
    fn wrap(&self, purpose: &str, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, RootKeyError>;

    /// The reverse of [`RootKey::wrap`].
    ///
    /// # Errors
    /// When the provider is sealed or fails, or the bytes were not wrapped by this root key for this
    /// purpose and this additional data.
    fn unwrap(&self, purpose: &str, aad: &[u8], wrapped: &[u8])
    -> Result<Zeroizing<Box<[u8]>>, RootKeyError>;
}

/// Why a root key could not wrap or unwrap.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RootKeyError(pub String);

/// Seals and opens the records of one store under its storage key.
pub struct Sealer {
    key: Zeroizing<[u8; 32]>,
    node_id: u64,
}

impl Sealer {
    pub(crate) fn new(key: Zeroizing<[u8; 32]>, node_id: u64) -> Self {
        Self { key, node_id }
    }

    /// The additional data of a log record or row: (node, kind, row key or index, term).
    pub(crate) fn row_aad(&self, kind: &str, key: &[u8], term: u64) -> Vec<u8> {
        Fields::new("concord.storage/v1")
            .number(self.node_id)
            .text(kind)
            .bytes(key)
            .number(term)
            .finish()
    }

    /// Seals `plaintext` under a fresh key, bound to `aad`.
    pub(crate) fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let mut salt = [0u8; SALT_BYTES];
        rand::rng().fill_bytes(&mut salt);
        let mut sealed = Vec::with_capacity(plaintext.len() + SEAL_OVERHEAD_BYTES);
        sealed.push(VERSION);
        sealed.extend_from_slice(&salt);
        sealed.extend_from_slice(plaintext);
        let (_, body) = sealed.split_at_mut(1 + SALT_BYTES);
        let tag = self
            .record_cipher(&salt)
            .encrypt_inout_detached(&Nonce::default(), aad, body.into())
            .expect("AES-GCM takes records of up to 64 GiB and every record is limited below that");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens a sealed record. `what` names it in the error.
    ///
    /// # Errors
    /// [`StorageError::Tampered`] when it was edited, truncated, moved here from another place, or
    /// sealed by another store.
    pub(crate) fn open(&self, aad: &[u8], sealed: &[u8], what: &str) -> Result<Vec<u8>, StorageError> {
        let refused = || StorageError::Tampered(what.to_owned());
        let (&version, rest) = sealed.split_first().ok_or_else(refused)?;
        if version != VERSION {
            return Err(refused());
        }
        let (salt, rest) = rest.split_first_chunk::<SALT_BYTES>().ok_or_else(refused)?;
        let (body, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or_else(refused)?;
        let mut plaintext = body.to_vec();
        self.record_cipher(salt)
            .decrypt_inout_detached(
                &Nonce::default(),
                aad,
                plaintext.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| refused())?;
        Ok(plaintext)
    }

    /// A name that stands for `key` on disk without telling it: equal keys have equal names, and
    /// nobody without the storage key can go back or forge one.
    pub(crate) fn hidden_name(&self, key: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed(NAME_LABEL);
        mac.update(key);
        mac.finalize().into_bytes().into()
    }

    fn record_cipher(&self, salt: &[u8; SALT_BYTES]) -> Aes256Gcm {
        let mut mac = self.keyed(RECORD_LABEL);
        mac.update(salt);
        mac.update(&256u32.to_be_bytes());
        let key = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
        Aes256Gcm::new((&*key).into())
    }

    fn keyed(&self, label: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(&*self.key).expect("HMAC takes keys of any length");
        mac.update(&1u32.to_be_bytes());
        mac.update(label);
        mac.update(&[0]);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(byte: u8, node_id: u64) -> Sealer {
        Sealer::new(Zeroizing::new([byte; 32]), node_id)
    }

    #[test]
    fn what_was_sealed_opens_again_in_its_place() {
        let sealer = sealer(7, 1);
        let aad = sealer.row_aad("log", &5u64.to_be_bytes(), 3);
        for length in [0, 1, 100, 70_000] {
            let plaintext = vec![0x5a; length];
            let sealed = sealer.seal(&aad, &plaintext);
            assert_eq!(sealed.len(), length + SEAL_OVERHEAD_BYTES);
            assert_eq!(sealer.open(&aad, &sealed, "record").unwrap(), plaintext);
        }
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_is_found() {
        let sealer = sealer(7, 1);
        let aad = sealer.row_aad("log", b"k", 3);
        let sealed = sealer.seal(&aad, b"a record of some length");
        for bit in 0..sealed.len() * 8 {
            let mut edited = sealed.clone();
            edited[bit / 8] ^= 1 << (bit % 8);
            assert!(
                sealer.open(&aad, &edited, "record").is_err(),
                "bit {bit} was not protected"
            );
        }
        for length in 0..sealed.len() {
            assert!(
                sealer.open(&aad, &sealed[..length], "record").is_err(),
                "cut at {length}"
            );
        }
    }

    #[test]
    fn a_record_opens_in_no_other_place_node_or_store() {
        let here = sealer(7, 1);
        let aad = here.row_aad("log", &5u64.to_be_bytes(), 3);
        let sealed = here.seal(&aad, b"payload");
        let elsewhere = [
            here.row_aad("log", &6u64.to_be_bytes(), 3),
            here.row_aad("log", &5u64.to_be_bytes(), 4),
            here.row_aad("row", &5u64.to_be_bytes(), 3),
            sealer(7, 2).row_aad("log", &5u64.to_be_bytes(), 3),
        ];
        for aad in elsewhere {
            assert!(here.open(&aad, &sealed, "record").is_err());
        }
        assert!(sealer(8, 1).open(&aad, &sealed, "record").is_err());
    }

    #[test]
    fn equal_plaintexts_do_not_look_equal_on_disk() {
        let sealer = sealer(7, 1);
        assert_ne!(sealer.seal(b"", b"same"), sealer.seal(b"", b"same"));
    }

    #[test]
    fn hidden_names_are_stable_in_a_store_and_differ_between_stores() {
        assert_eq!(
            sealer(1, 1).hidden_name(b"alias/x"),
            sealer(1, 1).hidden_name(b"alias/x")
        );
        assert_ne!(
            sealer(1, 1).hidden_name(b"alias/x"),
            sealer(2, 1).hidden_name(b"alias/x")
        );
        assert_ne!(
            sealer(1, 1).hidden_name(b"alias/x"),
            sealer(1, 1).hidden_name(b"alias/y")
        );
    }
}
