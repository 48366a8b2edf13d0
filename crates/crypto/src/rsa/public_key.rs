//! The public half of an RSA key, parsed once.

use super::modulus_bits;
use super::scheme::{SCHEMES, Scheme};
use crate::error::CryptoError;
use crate::rsa_oaep::OaepDigest;
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::ParsedPublicKey;
use kms_domain::vocabulary::{KeySpec, MessageType, SigningAlgorithm};
use rsa::pkcs1;
use rsa::pkcs8::SubjectPublicKeyInfoRef;
use std::sync::OnceLock;

/// A public key. Signatures of this service's keys and those of test vectors are checked by the same code.
pub(crate) struct RsaPublicKey {
    spec: KeySpec,
    der: Vec<u8>,
    encrypting: OaepPublicEncryptingKey,
    /// AWS-LC parses a key for one scheme; most keys only ever meet one. Boxed, so that material of every kind is small.
    verifying: Box<[OnceLock<ParsedPublicKey>; SCHEMES]>,
}

impl RsaPublicKey {
    /// Reads DER of SubjectPublicKeyInfo; `None` unless it is an RSA key whose modulus is exactly as long as the spec
    /// says. A key of the algorithm id-RSASSA-PSS is refused too: it can carry parameters, and AWS-LC would follow them
    /// instead of the signing algorithm that was asked for.
    pub(crate) fn from_der(spec: KeySpec, der: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::try_from(der).ok()?;
        if info.algorithm != pkcs1::ALGORITHM_ID {
            return None;
        }
        let encrypting = PublicEncryptingKey::from_der(der).ok()?;
        let encrypting = OaepPublicEncryptingKey::new(encrypting).ok()?;
        if Some(encrypting.key_size_bits()) != modulus_bits(spec) {
            return None;
        }
        Some(Self {
            spec,
            der: der.to_vec(),
            encrypting,
            verifying: Box::new([const { OnceLock::new() }; SCHEMES]),
        })
    }

    /// DER of SubjectPublicKeyInfo (RFC 5280).
    pub(crate) fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Length of the modulus, of a signature and of a ciphertext, in bytes.
    pub(crate) fn modulus_bytes(&self) -> usize {
        self.encrypting.key_size_bytes()
    }

    /// Checks a signature over a message, or over a digest of the algorithm's length.
    pub(crate) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let scheme = Scheme::of(algorithm).ok_or(CryptoError::WrongSpec(self.spec))?;
        let digest = scheme.digest(self.spec, message_type, message)?;
        self.verifying(&scheme)?
            .verify_digest_sig(&digest, signature)
            .map_err(|_| CryptoError::InvalidSignature)
    }

    /// RSA-OAEP with an empty label. The plaintext must be no longer than
    /// [`plaintext_bytes_max`](crate::rsa_oaep::plaintext_bytes_max).
    pub(crate) fn encrypt(&self, digest: OaepDigest, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut ciphertext = vec![0; self.encrypting.ciphertext_size()];
        self.encrypting
            .encrypt(digest.algorithm(), plaintext, &mut ciphertext, None)
            .map_err(|_| CryptoError::Library("RSA-OAEP did not encrypt"))?;
        Ok(ciphertext)
    }

    fn verifying(&self, scheme: &Scheme) -> Result<&ParsedPublicKey, CryptoError> {
        let parsed = &self.verifying[scheme.place];
        if let Some(key) = parsed.get() {
            return Ok(key);
        }
        let key = ParsedPublicKey::new(scheme.verifying, &self.der)
            .map_err(|_| CryptoError::Library("AWS-LC did not read an RSA public key again"))?;
        Ok(parsed.get_or_init(|| key))
    }
}
