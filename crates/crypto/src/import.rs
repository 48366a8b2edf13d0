//! The key pairs under which callers wrap key material for import, and the unwrapping.
//!
//! ```text
//! RSAES_OAEP_SHA_*       = RSA-OAEP(material)                                           RFC 8017
//! RSA_AES_KEY_WRAP_SHA_* = RSA-OAEP(AES key 32), as long as the modulus || AES-KWP(AES key, material)   RFC 5649
//! ```
//!
//! Whoever has a token may send any bytes here, so everything that can be wrong is one error by one path.

use crate::error::CryptoError;
use crate::rsa::RsaMaterial;
use crate::rsa_oaep::OaepDigest;
use crate::{SecretBytes, SecretKey256};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use kms_domain::vocabulary::{KeySpec, WrappingAlgorithm, WrappingKeySpec};

/// A key pair to which one import wraps its material.
pub struct ImportKeyPair(RsaMaterial);

impl ImportKeyPair {
    /// Makes a key pair. Takes from 50 ms to some seconds of processor time.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn generate(spec: WrappingKeySpec) -> Result<Self, CryptoError> {
        RsaMaterial::generate(key_spec(spec)).map(Self)
    }

    /// Takes the private half that [`ImportKeyPair::bytes`] gave.
    ///
    /// # Errors
    /// [`CryptoError::StoredFormat`] when it is no key of this spec.
    pub fn from_bytes(spec: WrappingKeySpec, bytes: &SecretBytes) -> Result<Self, CryptoError> {
        RsaMaterial::from_stored(key_spec(spec), bytes.expose()).map(Self)
    }

    /// The private half, DER of PKCS#8, to be wrapped and stored. Secret.
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// The public half as DER of SubjectPublicKeyInfo (RFC 5280).
    pub fn public_key_der(&self) -> &[u8] {
        self.0.public_key_der()
    }

    /// Unwraps key material. Whether it is material of some spec is not looked at.
    ///
    /// # Errors
    /// [`CryptoError::ImportUnwrap`], whatever is wrong.
    pub fn unwrap(&self, algorithm: WrappingAlgorithm, encrypted: &[u8]) -> Result<SecretBytes, CryptoError> {
        let unwrapped = match algorithm {
            WrappingAlgorithm::RsaesOaepSha1 => self.0.decrypt(OaepDigest::Sha1, encrypted),
            WrappingAlgorithm::RsaesOaepSha256 => self.0.decrypt(OaepDigest::Sha256, encrypted),
            WrappingAlgorithm::RsaAesKeyWrapSha1 => self.unwrap_twice(OaepDigest::Sha1, encrypted),
            WrappingAlgorithm::RsaAesKeyWrapSha256 => self.unwrap_twice(OaepDigest::Sha256, encrypted),
        };
        unwrapped.ok_or(CryptoError::ImportUnwrap)
    }

    /// The second unwrapping is done even when the first gave no key, so that its time does not tell which one failed.
    fn unwrap_twice(&self, digest: OaepDigest, encrypted: &[u8]) -> Option<SecretBytes> {
        let modulus_bytes = encrypted.len().min(self.0.public_key().modulus_bytes());
        let (wrapped_key, wrapped) = encrypted.split_at(modulus_bytes);
        let key = self
            .0
            .decrypt(digest, wrapped_key)
            .and_then(|key| SecretKey256::copy_of(key.expose()));
        let unwrapped = unwrap_key_with_padding(key.as_ref().unwrap_or(&SecretKey256::zeros()), wrapped);
        key.and(unwrapped)
    }
}

/// AES-256-KWP (RFC 5649, SP 800-38F); `None` whatever is wrong.
pub(crate) fn unwrap_key_with_padding(key: &SecretKey256, wrapped: &[u8]) -> Option<SecretBytes> {
    let kek = AesKek::new(&AES_256, key.expose()).ok()?;
    let mut buffer = SecretBytes::new(vec![0; wrapped.len()].into_boxed_slice());
    let unwrapped = kek.unwrap_with_padding(wrapped, buffer.expose_mut()).ok()?;
    Some(SecretBytes::copy_of(unwrapped))
}

const fn key_spec(spec: WrappingKeySpec) -> KeySpec {
    match spec {
        WrappingKeySpec::Rsa2048 => KeySpec::Rsa2048,
        WrappingKeySpec::Rsa3072 => KeySpec::Rsa3072,
        WrappingKeySpec::Rsa4096 => KeySpec::Rsa4096,
    }
}

#[cfg(test)]
mod tests;
