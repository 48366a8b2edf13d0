//! Shared secrets that are made for the holder of a key.

use crate::SecretBytes;
use crate::error::CryptoError;
use crate::material::KeyMaterial;

/// A shared secret, and the ciphertext from which the key's holder gets it.
pub struct Encapsulated {
    /// 32 bytes.
    pub shared_secret: SecretBytes,
    /// 768, 1,088 or 1,568 bytes for ML-KEM-512, 768 and 1024.
    pub ciphertext: Vec<u8>,
}

/// Makes a shared secret for this key (FIPS 203, ML-KEM.Encaps), with randomness of AWS-LC.
///
/// # Errors
/// [`CryptoError::WrongSpec`] when the key is not of ML-KEM.
pub fn encapsulate(material: &KeyMaterial) -> Result<Encapsulated, CryptoError> {
    match material {
        KeyMaterial::MlKem(key) => key.encapsulate(),
        _ => Err(CryptoError::WrongSpec(material.spec())),
    }
}

/// Takes the shared secret out of a ciphertext (FIPS 203, ML-KEM.Decaps). A ciphertext of the right length that was not
/// made for this key gives 32 other bytes, which look random and are the same each time: ML-KEM rejects implicitly.
///
/// # Errors
/// [`CryptoError::InvalidCiphertext`] for a wrong length; [`CryptoError::WrongSpec`] when the key is not of ML-KEM.
pub fn decapsulate(material: &KeyMaterial, ciphertext: &[u8]) -> Result<SecretBytes, CryptoError> {
    match material {
        KeyMaterial::MlKem(key) => key.decapsulate(ciphertext),
        _ => Err(CryptoError::WrongSpec(material.spec())),
    }
}
