//! Material of an HMAC key (FIPS 198-1), by AWS-LC. A key is as long as its digest.

use crate::error::CryptoError;
use crate::{CryptoRng, SecretBytes};
use aws_lc_rs::hmac;
use kms_domain::vocabulary::{KeySpec, MacAlgorithm};

/// Material of an HMAC key.
pub struct HmacMaterial {
    spec: KeySpec,
    bytes: SecretBytes,
}

impl HmacMaterial {
    pub(crate) fn generate(spec: KeySpec, rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Ok(Self {
            spec,
            bytes: SecretBytes::random(key_bytes(spec)?, rng),
        })
    }

    pub(crate) fn from_stored(spec: KeySpec, bytes: &[u8]) -> Result<Self, CryptoError> {
        let refusal = CryptoError::StoredFormat("an HMAC key is as long as its digest");
        Self::of_exact_length(spec, bytes, refusal)
    }

    /// Takes exactly as many bytes as the digest has.
    pub(crate) fn import(spec: KeySpec, bytes: &[u8]) -> Result<Self, CryptoError> {
        let refusal = match spec {
            KeySpec::Hmac224 => "HMAC_224 key material is 28 bytes",
            KeySpec::Hmac256 => "HMAC_256 key material is 32 bytes",
            KeySpec::Hmac384 => "HMAC_384 key material is 48 bytes",
            _ => "HMAC_512 key material is 64 bytes",
        };
        Self::of_exact_length(spec, bytes, CryptoError::ImportedMaterial(refusal))
    }

    fn of_exact_length(spec: KeySpec, bytes: &[u8], refusal: CryptoError) -> Result<Self, CryptoError> {
        if bytes.len() != key_bytes(spec)? {
            return Err(refusal);
        }
        Ok(Self {
            spec,
            bytes: SecretBytes::copy_of(bytes),
        })
    }

    pub(crate) const fn spec(&self) -> KeySpec {
        self.spec
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// The whole code, never a truncated one.
    pub(crate) fn generate_mac(&self, algorithm: MacAlgorithm, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key(algorithm), message).as_ref().to_vec()
    }

    /// Compares in constant time. A code of another length is none.
    pub(crate) fn verify_mac(
        &self,
        algorithm: MacAlgorithm,
        message: &[u8],
        mac: &[u8],
    ) -> Result<(), CryptoError> {
        hmac::verify(&self.key(algorithm), message, mac).map_err(|_| CryptoError::InvalidMac)
    }

    /// AWS-LC's key, made for each call and cleansed after it: that is two blocks of hashing, and saves a second copy of
    /// the secret that would live as long as the first.
    fn key(&self, algorithm: MacAlgorithm) -> hmac::Key {
        let algorithm = match algorithm {
            MacAlgorithm::HmacSha224 => hmac::HMAC_SHA224,
            MacAlgorithm::HmacSha256 => hmac::HMAC_SHA256,
            MacAlgorithm::HmacSha384 => hmac::HMAC_SHA384,
            MacAlgorithm::HmacSha512 => hmac::HMAC_SHA512,
        };
        hmac::Key::new(algorithm, self.bytes.expose())
    }
}

/// Length of a key of this spec, in bytes.
const fn key_bytes(spec: KeySpec) -> Result<usize, CryptoError> {
    match spec {
        KeySpec::Hmac224 => Ok(28),
        KeySpec::Hmac256 => Ok(32),
        KeySpec::Hmac384 => Ok(48),
        KeySpec::Hmac512 => Ok(64),
        _ => Err(CryptoError::SpecNotSupported(spec)),
    }
}

#[cfg(test)]
mod tests;
