//! Ciphertexts of SYMMETRIC_DEFAULT keys, format version 1.
//!
//! ```text
//! version 0x01 | suite 0x01 | kind (0 UUID, 1 mrk) | key id 16 | material id 32 | salt 32 | commitment 32 | body | tag 16
//! ```
//!
//! The key derivation binds partition, account and encryption context beside the header; the region, the ARN and
//! the wrapping key never enter, because every region that holds the material must open the ciphertext.

use crate::envelope::{self, Binding, OVERHEAD_BYTES};
use crate::error::CryptoError;
use crate::fields::Fields;
use crate::material::{MaterialName, SymmetricMaterial};
use crate::{CryptoRng, SecretBytes};
use kms_domain::vocabulary::ids::KeyIdKind;
use kms_domain::vocabulary::{AccountId, EncryptionContext, KeyId, MaterialId, arn};

/// Longest plaintext, in bytes, as the AWS KMS service model bounds it.
pub const PLAINTEXT_BYTES_MAX: usize = 4_096;

/// Longest ciphertext that is looked at, in bytes, as the AWS KMS service model bounds it.
pub const CIPHERTEXT_BYTES_MAX: usize = 6_144;

/// What a ciphertext adds to its plaintext, in bytes.
pub const CIPHERTEXT_OVERHEAD_BYTES: usize = PREFIX_BYTES + OVERHEAD_BYTES;

const VERSION: u8 = 1;
const SUITE: u8 = 1;
const KIND_UUID: u8 = 0;
const KIND_MULTI_REGION: u8 = 1;
const PREFIX_BYTES: usize = 3 + 16 + 32;

/// What a ciphertext says of itself before any secret is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CiphertextHeader {
    /// The key that is said to have made it.
    pub key_id: KeyId,
    /// The material, among those of the key.
    pub material_id: MaterialId,
}

impl CiphertextHeader {
    /// Reads the header. Nothing is authenticated yet: use it only to find the key.
    ///
    /// # Errors
    /// [`CryptoError::InvalidCiphertext`] when version, suite, kind or length are not those of a ciphertext.
    pub fn parse(ciphertext: &[u8]) -> Result<Self, CryptoError> {
        let lengths = CIPHERTEXT_OVERHEAD_BYTES + 1..=CIPHERTEXT_BYTES_MAX;
        if !lengths.contains(&ciphertext.len()) {
            return Err(CryptoError::InvalidCiphertext);
        }
        let ([version, suite, kind], rest) = ciphertext
            .split_first_chunk::<3>()
            .ok_or(CryptoError::InvalidCiphertext)?;
        let kind = match (*version, *suite, *kind) {
            (VERSION, SUITE, KIND_UUID) => KeyIdKind::Uuid,
            (VERSION, SUITE, KIND_MULTI_REGION) => KeyIdKind::MultiRegion,
            _ => return Err(CryptoError::InvalidCiphertext),
        };
        let (&bytes, rest) = rest
            .split_first_chunk::<16>()
            .ok_or(CryptoError::InvalidCiphertext)?;
        let (&material, _) = rest
            .split_first_chunk::<32>()
            .ok_or(CryptoError::InvalidCiphertext)?;
        Ok(Self {
            key_id: KeyId { kind, bytes },
            material_id: MaterialId(material),
        })
    }

    fn to_bytes(self) -> Vec<u8> {
        let kind = match self.key_id.kind {
            KeyIdKind::Uuid => KIND_UUID,
            KeyIdKind::MultiRegion => KIND_MULTI_REGION,
        };
        [
            &[VERSION, SUITE, kind],
            self.key_id.bytes.as_slice(),
            &self.material_id.0,
        ]
        .concat()
    }
}

/// Encrypts 1 to [`PLAINTEXT_BYTES_MAX`] bytes; the ciphertext is [`CIPHERTEXT_OVERHEAD_BYTES`] longer.
///
/// # Errors
/// [`CryptoError::PlaintextLength`] for a plaintext out of bounds.
pub fn encrypt(
    material: &SymmetricMaterial,
    name: &MaterialName,
    context: &EncryptionContext,
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    if !(1..=PLAINTEXT_BYTES_MAX).contains(&plaintext.len()) {
        return Err(CryptoError::PlaintextLength);
    }
    let header = CiphertextHeader {
        key_id: name.key_id,
        material_id: name.material_id,
    };
    let context = context.canonical_bytes();
    let bound = bound_bytes(&name.account, &context);
    let binding = Binding {
        bound: bound.as_bytes(),
        aad: &context,
    };
    envelope::seal(&material.0, &header.to_bytes(), &binding, plaintext, rng)
}

/// Decrypts what [`encrypt`] made with the same material, name and context.
///
/// # Errors
/// [`CryptoError::InvalidCiphertext`], whatever is wrong.
pub fn decrypt(
    material: &SymmetricMaterial,
    name: &MaterialName,
    context: &EncryptionContext,
    ciphertext: &[u8],
) -> Result<SecretBytes, CryptoError> {
    let header = CiphertextHeader::parse(ciphertext)?;
    if (header.key_id, header.material_id) != (name.key_id, name.material_id) {
        return Err(CryptoError::InvalidCiphertext);
    }
    let context = context.canonical_bytes();
    let bound = bound_bytes(&name.account, &context);
    let binding = Binding {
        bound: bound.as_bytes(),
        aad: &context,
    };
    envelope::open(&material.0, PREFIX_BYTES, &binding, ciphertext)
        .map_err(|_| CryptoError::InvalidCiphertext)
}

/// field(partition) || field(account) || field(EC).
fn bound_bytes(account: &AccountId, canonical_context: &[u8]) -> Fields {
    Fields::unlabelled()
        .text(arn::PARTITION)
        .account(account)
        .bytes(canonical_context)
}

#[cfg(test)]
mod tests;
