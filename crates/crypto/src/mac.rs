//! Message authentication codes.

use crate::error::CryptoError;
use crate::hmac::HmacMaterial;
use crate::material::KeyMaterial;
use kms_domain::vocabulary::{KeyUsage, MacAlgorithm};

/// Makes the code of a message, as long as the algorithm's digest.
///
/// # Errors
/// [`CryptoError::WrongSpec`] when the key has no such algorithm.
pub fn generate(
    material: &KeyMaterial,
    algorithm: MacAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    Ok(hmac_of(material, algorithm)?.generate_mac(algorithm, message))
}

/// Checks a code, in time that does not depend on where it is wrong.
///
/// # Errors
/// [`CryptoError::InvalidMac`], whatever is wrong with the code; [`CryptoError::WrongSpec`] when the key has no such
/// algorithm.
pub fn verify(
    material: &KeyMaterial,
    algorithm: MacAlgorithm,
    message: &[u8],
    mac: &[u8],
) -> Result<(), CryptoError> {
    hmac_of(material, algorithm)?.verify_mac(algorithm, message, mac)
}

fn hmac_of(material: &KeyMaterial, algorithm: MacAlgorithm) -> Result<&HmacMaterial, CryptoError> {
    let spec = material.spec();
    match material {
        KeyMaterial::Hmac(hmac)
            if spec
                .mac_algorithms(KeyUsage::GenerateVerifyMac)
                .contains(&algorithm) =>
        {
            Ok(hmac)
        }
        _ => Err(CryptoError::WrongSpec(spec)),
    }
}
