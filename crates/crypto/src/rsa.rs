//! Material of an RSA key: generation, signatures and decryption by RFC 8017.
//!
//! What is stored is DER of PKCS#8 (RFC 5958, version 1) around RSAPrivateKey (RFC 8017) with e = 65537, p > q and
//! d = e^-1 mod lcm(p - 1, q - 1) (FIPS 186-5, A.1.1): a key has one encoding, made or imported.
//!
//! Generation and every private operation are AWS-LC's, which blinds them, checks each result before it leaves, and
//! takes the randomness for it from its own generator. The `rsa` crate reads and writes formats and checks what is
//! imported; it never holds a key that works here.

mod import;
mod public_key;
mod scheme;

pub(crate) use public_key::RsaPublicKey;

use crate::SecretBytes;
use crate::error::CryptoError;
use crate::rsa_oaep::OaepDigest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::KeyPair as _;
use kms_domain::vocabulary::{KeySpec, MessageType, SigningAlgorithm};
use scheme::Scheme;
use std::sync::OnceLock;

const STORED_FORMAT: CryptoError =
    CryptoError::StoredFormat("an RSA private key is PKCS#8 DER as this crate writes it, of its spec's size");

/// Makes a key pair that is handed out and not kept: the private half as DER of PKCS#8, the public half as DER of
/// SubjectPublicKeyInfo.
///
/// # Errors
/// [`CryptoError::WrongSpec`] for a spec that is not RSA's; [`CryptoError::Library`].
pub(crate) fn generate_pair(spec: KeySpec) -> Result<(SecretBytes, Vec<u8>), CryptoError> {
    let material = RsaMaterial::generate(spec)?;
    let public_key_der = material.public_key_der().to_vec();
    Ok((material.bytes, public_key_der))
}

/// Length of the modulus in bits; `None` for a spec that is not RSA's.
pub(crate) const fn modulus_bits(spec: KeySpec) -> Option<usize> {
    match spec {
        KeySpec::Rsa2048 => Some(2_048),
        KeySpec::Rsa3072 => Some(3_072),
        KeySpec::Rsa4096 => Some(4_096),
        _ => None,
    }
}

/// Material of an RSA key.
pub struct RsaMaterial {
    spec: KeySpec,
    bytes: SecretBytes,
    key_pair: KeyPair,
    /// A key is for signing or for encrypting, and AWS-LC's types for the two share nothing, so this one is parsed
    /// when it is first needed.
    decrypting: OnceLock<OaepPrivateDecryptingKey>,
    public_key: RsaPublicKey,
}

impl RsaMaterial {
    /// Takes 50 ms to some seconds of processor time.
    pub(crate) fn generate(spec: KeySpec) -> Result<Self, CryptoError> {
        let size = match spec {
            KeySpec::Rsa2048 => KeySize::Rsa2048,
            KeySpec::Rsa3072 => KeySize::Rsa3072,
            KeySpec::Rsa4096 => KeySize::Rsa4096,
            _ => return Err(CryptoError::WrongSpec(spec)),
        };
        let key_pair =
            KeyPair::generate(size).map_err(|_| CryptoError::Library("RSA key generation failed"))?;
        Self::of(spec, key_pair)
    }

    pub(crate) fn from_stored(spec: KeySpec, bytes: &[u8]) -> Result<Self, CryptoError> {
        let key_pair = KeyPair::from_pkcs8(bytes).map_err(|_| STORED_FORMAT)?;
        let material = Self::of(spec, key_pair).map_err(|_| STORED_FORMAT)?;
        // AWS-LC reads more than it writes, and does not look behind the end.
        if material.bytes() != bytes {
            return Err(STORED_FORMAT);
        }
        Ok(material)
    }

    pub(crate) fn import(spec: KeySpec, bytes: &[u8]) -> Result<Self, CryptoError> {
        let modulus_bits = modulus_bits(spec).ok_or(CryptoError::WrongSpec(spec))?;
        Self::of(spec, import::checked_key_pair(modulus_bits, bytes)?)
    }

    fn of(spec: KeySpec, key_pair: KeyPair) -> Result<Self, CryptoError> {
        let not_written = |_| CryptoError::Library("AWS-LC did not write an RSA key");
        let bytes = SecretBytes::copy_of(key_pair.as_der().map_err(not_written)?.as_ref());
        let public_key_der = key_pair.public_key().as_der().map_err(not_written)?;
        let public_key = RsaPublicKey::from_der(spec, public_key_der.as_ref())
            .ok_or(CryptoError::Library("an RSA key is not of its spec's size"))?;
        Ok(Self {
            spec,
            bytes,
            key_pair,
            decrypting: OnceLock::new(),
            public_key,
        })
    }

    pub(crate) const fn spec(&self) -> KeySpec {
        self.spec
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    pub(crate) fn public_key_der(&self) -> &[u8] {
        self.public_key.as_der()
    }

    pub(crate) const fn public_key(&self) -> &RsaPublicKey {
        &self.public_key
    }

    /// Signs a message, or a digest of the algorithm's length.
    pub(crate) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let scheme = Scheme::of(algorithm).ok_or(CryptoError::WrongSpec(self.spec))?;
        let digest = scheme.digest(self.spec, message_type, message)?;
        let mut signature = vec![0; self.key_pair.public_modulus_len()];
        self.key_pair
            .sign_digest(scheme.signing, &digest, &mut signature)
            .map_err(|_| CryptoError::Library("RSA did not sign"))?;
        Ok(signature)
    }

    /// Checks a signature over a message, or over a digest of the algorithm's length.
    pub(crate) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.public_key
            .verify(algorithm, message_type, message, signature)
    }

    /// Opens RSA-OAEP with an empty label; `None` whatever is wrong. AWS-LC compares in constant time and tells
    /// nothing but that it failed.
    pub(crate) fn decrypt(&self, digest: OaepDigest, ciphertext: &[u8]) -> Option<SecretBytes> {
        let key = self.decrypting()?;
        let mut buffer = SecretBytes::new(vec![0; key.min_output_size()].into_boxed_slice());
        let plaintext = key
            .decrypt(digest.algorithm(), ciphertext, buffer.expose_mut(), None)
            .ok()?;
        Some(SecretBytes::copy_of(plaintext))
    }

    fn decrypting(&self) -> Option<&OaepPrivateDecryptingKey> {
        if self.decrypting.get().is_none() {
            let key = PrivateDecryptingKey::from_pkcs8(self.bytes()).ok()?;
            let key = OaepPrivateDecryptingKey::new(key).ok()?;
            return Some(self.decrypting.get_or_init(|| key));
        }
        self.decrypting.get()
    }
}

#[cfg(test)]
pub(crate) mod tests;
