//! Shared secrets from a key and a peer's public key.

use crate::SecretBytes;
use crate::error::CryptoError;
use crate::material::KeyMaterial;

/// Elliptic curve Diffie-Hellman (SP 800-56A; the cofactor of these curves is 1): the x coordinate of the shared point,
/// unhashed, of 32, 48 or 66 bytes for P-256, P-384 and P-521.
///
/// The peer's public key is DER of SubjectPublicKeyInfo (RFC 5480): the same curve, named by its object identifier, and
/// a point on it, uncompressed or compressed.
///
/// # Errors
/// [`CryptoError::PublicKey`], saying what is wrong with the peer's public key; [`CryptoError::WrongSpec`] when the key
/// is of another curve than these three.
pub fn derive_shared_secret(
    material: &KeyMaterial,
    peer_public_key_der: &[u8],
) -> Result<SecretBytes, CryptoError> {
    match material {
        KeyMaterial::Ecc(key) => key.derive_shared_secret(peer_public_key_der),
        _ => Err(CryptoError::WrongSpec(material.spec())),
    }
}

#[cfg(test)]
mod tests;
