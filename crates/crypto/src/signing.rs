//! Signatures: which key may sign what, before the key's own module does.

use crate::CryptoRng;
use crate::error::CryptoError;
use crate::material::KeyMaterial;
use crate::ml_dsa::MU_BYTES;
use kms_domain::vocabulary::{KeyUsage, MessageType, SigningAlgorithm};

/// Signs a message, or what stands for it: its digest, or the message representative mu of ML-DSA.
///
/// Signatures are: RSA, as long as the modulus; ECDSA, DER (RFC 3279); Ed25519, 64 bytes (RFC 8032); ML-DSA, FIPS 204.
/// `rng` makes what is hedged here; AWS-LC uses its own generator.
///
/// # Errors
/// [`CryptoError::DigestLength`] and [`CryptoError::MuLength`] for a message that is not as long as its type says;
/// [`CryptoError::WrongSpec`] when the key has no such algorithm, or the algorithm no such message type.
pub fn sign(
    material: &KeyMaterial,
    algorithm: SigningAlgorithm,
    message_type: MessageType,
    message: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    check(material, algorithm, message_type, message)?;
    match material {
        KeyMaterial::Rsa(key) => key.sign(algorithm, message_type, message),
        KeyMaterial::Ecc(key) => key.sign(algorithm, message_type, message),
        KeyMaterial::MlDsa(key) => key.sign(message_type, message, rng),
        KeyMaterial::Symmetric(_) | KeyMaterial::Hmac(_) | KeyMaterial::MlKem(_) => {
            Err(CryptoError::WrongSpec(material.spec()))
        }
    }
}

/// Verifies a signature.
///
/// # Errors
/// [`CryptoError::InvalidSignature`], whatever is wrong with the signature; otherwise as [`sign`].
pub fn verify(
    material: &KeyMaterial,
    algorithm: SigningAlgorithm,
    message_type: MessageType,
    message: &[u8],
    signature: &[u8],
) -> Result<(), CryptoError> {
    check(material, algorithm, message_type, message)?;
    match material {
        KeyMaterial::Rsa(key) => key.verify(algorithm, message_type, message, signature),
        KeyMaterial::Ecc(key) => key.verify(algorithm, message_type, message, signature),
        KeyMaterial::MlDsa(key) => key.verify(message_type, message, signature),
        KeyMaterial::Symmetric(_) | KeyMaterial::Hmac(_) | KeyMaterial::MlKem(_) => {
            Err(CryptoError::WrongSpec(material.spec()))
        }
    }
}

fn check(
    material: &KeyMaterial,
    algorithm: SigningAlgorithm,
    message_type: MessageType,
    message: &[u8],
) -> Result<(), CryptoError> {
    let spec = material.spec();
    let algorithms = spec.signing_algorithms(KeyUsage::SignVerify);
    if !algorithms.contains(&algorithm) || !algorithm.takes(message_type) {
        return Err(CryptoError::WrongSpec(spec));
    }
    match message_type {
        MessageType::Raw => Ok(()),
        MessageType::Digest if algorithm.digest_bytes() == Some(message.len()) => Ok(()),
        MessageType::Digest => Err(CryptoError::DigestLength(algorithm)),
        MessageType::ExternalMu if message.len() == MU_BYTES => Ok(()),
        MessageType::ExternalMu => Err(CryptoError::MuLength(algorithm)),
    }
}

#[cfg(test)]
mod tests;
