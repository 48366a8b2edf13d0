//! Encryption under an RSA key: RSAES-OAEP (RFC 8017) with SHA-1 or SHA-256, MGF1 with the same digest, empty label.
//!
//! A ciphertext is as long as the modulus and says nothing of the key that made it. RSAES-PKCS1-v1_5, which is in the
//! service model's list, is not offered: its padding cannot be checked without telling (Bleichenbacher 1998).

use crate::SecretBytes;
use crate::error::CryptoError;
use crate::material::KeyMaterial;
use crate::rsa::{RsaMaterial, modulus_bits};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm};
use kms_domain::vocabulary::{EncryptionAlgorithm, KeySpec};

/// The digest of an RSA-OAEP, of its label as of its mask generation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OaepDigest {
    Sha1,
    Sha256,
}

impl OaepDigest {
    const fn of(algorithm: EncryptionAlgorithm) -> Option<Self> {
        match algorithm {
            EncryptionAlgorithm::RsaesOaepSha1 => Some(Self::Sha1),
            EncryptionAlgorithm::RsaesOaepSha256 => Some(Self::Sha256),
            EncryptionAlgorithm::SymmetricDefault => None,
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    pub(crate) const fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::Sha1 => &OAEP_SHA1_MGF1SHA1,
            Self::Sha256 => &OAEP_SHA256_MGF1SHA256,
        }
    }
}

/// Longest plaintext in bytes, k - 2 h - 2 for a modulus of k and a digest of h bytes; 0 where the spec or the
/// algorithm is not RSA's.
pub const fn plaintext_bytes_max(spec: KeySpec, algorithm: EncryptionAlgorithm) -> usize {
    match (modulus_bits(spec), OaepDigest::of(algorithm)) {
        (Some(bits), Some(digest)) => bits / 8 - 2 * digest.bytes() - 2,
        _ => 0,
    }
}

/// Encrypts with the public half.
///
/// # Errors
/// [`CryptoError::OaepPlaintextLength`] for a plaintext above [`plaintext_bytes_max`]; [`CryptoError::WrongSpec`] when
/// material or algorithm are not RSA's.
pub fn encrypt(
    material: &KeyMaterial,
    algorithm: EncryptionAlgorithm,
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let (material, digest) = rsa_with_digest(material, algorithm)?;
    let max_bytes = plaintext_bytes_max(material.spec(), algorithm);
    if plaintext.len() > max_bytes {
        return Err(CryptoError::OaepPlaintextLength { max_bytes });
    }
    material.public_key().encrypt(digest, plaintext)
}

/// Decrypts what was encrypted to the public half, here or elsewhere.
///
/// # Errors
/// [`CryptoError::InvalidCiphertext`], whatever is wrong with the ciphertext; [`CryptoError::WrongSpec`] when material
/// or algorithm are not RSA's.
pub fn decrypt(
    material: &KeyMaterial,
    algorithm: EncryptionAlgorithm,
    ciphertext: &[u8],
) -> Result<SecretBytes, CryptoError> {
    let (material, digest) = rsa_with_digest(material, algorithm)?;
    material
        .decrypt(digest, ciphertext)
        .ok_or(CryptoError::InvalidCiphertext)
}

fn rsa_with_digest(
    material: &KeyMaterial,
    algorithm: EncryptionAlgorithm,
) -> Result<(&RsaMaterial, OaepDigest), CryptoError> {
    match (material, OaepDigest::of(algorithm)) {
        (KeyMaterial::Rsa(material), Some(digest)) => Ok((material, digest)),
        _ => Err(CryptoError::WrongSpec(material.spec())),
    }
}

#[cfg(test)]
mod tests;
