//! Material of an elliptic-curve key: ECDSA and ECDH on the curves of FIPS 186-5 and SEC 2, and Ed25519 (RFC 8032).
//!
//! What is stored is PKCS#8 DER in one encoding per curve (`encoding`), whatever encoding a key was imported in, so that
//! the same key always has the same bytes and the same commitment. The key objects are made once and kept.

mod curve;
mod edwards;
mod encoding;
mod weierstrass;

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;

use crate::error::CryptoError;
use crate::{CryptoRng, SecretBytes};
use aws_lc_rs::signature::EcdsaKeyPair;
use curve::Curve;
use edwards::Ed25519Key;
use kms_domain::vocabulary::{KeySpec, MessageType, SigningAlgorithm};
use weierstrass::WeierstrassKey;

#[cfg(test)]
pub(crate) use edwards::Ed25519VerifyingKey;
#[cfg(test)]
pub(crate) use weierstrass::EcdsaVerifyingKey;

/// Material of an elliptic-curve key.
pub struct EccMaterial {
    spec: KeySpec,
    bytes: SecretBytes,
    public_key_der: Vec<u8>,
    key: EccKey,
}

enum EccKey {
    Weierstrass(Box<WeierstrassKey>),
    Edwards25519(Box<Ed25519Key>),
}

impl EccMaterial {
    /// A new key. Scalars come from AWS-LC's generator; an Ed25519 seed is plain random bytes, so `rng` makes it.
    pub(crate) fn generate(spec: KeySpec, rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        if spec == KeySpec::EccNistEdwards25519 {
            let seed = SecretBytes::random(encoding::ED25519_SEED_BYTES, rng);
            return Self::edwards(Ed25519Key::from_seed(seed.expose()));
        }
        let curve = Curve::of(spec)?;
        let pair = EcdsaKeyPair::generate(curve.signing)
            .map_err(|_| CryptoError::Library("an elliptic-curve key was not generated"))?;
        Self::weierstrass(curve, WeierstrassKey::from_pair(curve, pair))
    }

    /// Takes the bytes that [`EccMaterial::bytes`] gave, and no other encoding of the same key.
    pub(crate) fn from_stored(spec: KeySpec, bytes: &[u8]) -> Result<Self, CryptoError> {
        let material = Self::read(spec, bytes, CryptoError::StoredFormat)?;
        if material.bytes() != bytes {
            return Err(CryptoError::StoredFormat("the key is not in the stored encoding"));
        }
        Ok(material)
    }

    /// Takes PKCS#8 DER as anybody may write it.
    pub(crate) fn import(spec: KeySpec, bytes: &[u8]) -> Result<Self, CryptoError> {
        Self::read(spec, bytes, CryptoError::ImportedMaterial)
    }

    /// A key of a Weierstrass curve from nothing but its scalar.
    #[cfg(test)]
    pub(crate) fn from_scalar(spec: KeySpec, scalar: &[u8]) -> Result<Self, CryptoError> {
        let curve = Curve::of(spec)?;
        Self::weierstrass(curve, WeierstrassKey::from_scalar(curve, scalar))
    }

    fn read(
        spec: KeySpec,
        bytes: &[u8],
        refusal: fn(&'static str) -> CryptoError,
    ) -> Result<Self, CryptoError> {
        if spec == KeySpec::EccNistEdwards25519 {
            let read = encoding::read_ed25519_private_key(bytes).map_err(refusal)?;
            let key = Ed25519Key::from_seed(read.seed)?;
            if read.public_key.is_some_and(|public| public != key.public_key()) {
                return Err(refusal("the public key does not belong to the private key"));
            }
            return Self::edwards(Ok(key));
        }
        let curve = Curve::of(spec)?;
        let read = encoding::read_private_key(curve, bytes).map_err(refusal)?;
        let key = WeierstrassKey::from_scalar(curve, read.scalar).map_err(refusal)?;
        for point in read.public_points.into_iter().flatten() {
            key.check_public_point(point).map_err(refusal)?;
        }
        Self::weierstrass(curve, Ok(key))
    }

    fn weierstrass(curve: &Curve, key: Result<WeierstrassKey, &'static str>) -> Result<Self, CryptoError> {
        let key = key.map_err(CryptoError::Library)?;
        Ok(Self {
            spec: curve.spec,
            bytes: key.to_pkcs8()?,
            public_key_der: key.to_spki()?,
            key: EccKey::Weierstrass(Box::new(key)),
        })
    }

    fn edwards(key: Result<Ed25519Key, CryptoError>) -> Result<Self, CryptoError> {
        let key = key?;
        Ok(Self {
            spec: KeySpec::EccNistEdwards25519,
            bytes: key.to_pkcs8()?,
            public_key_der: key.to_spki()?,
            key: EccKey::Edwards25519(Box::new(key)),
        })
    }

    pub(crate) const fn spec(&self) -> KeySpec {
        self.spec
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    pub(crate) fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    /// Signs. `signing` has checked that spec, algorithm, message type and digest length fit.
    pub(crate) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        match &self.key {
            EccKey::Weierstrass(key) => key.sign(algorithm, message_type, message),
            EccKey::Edwards25519(key) => key.sign(algorithm, message),
        }
    }

    /// Verifies what `sign` made.
    pub(crate) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        match &self.key {
            EccKey::Weierstrass(key) => key.verifying_key().verify(message_type, message, signature),
            EccKey::Edwards25519(key) => key.verifying_key().verify(algorithm, message, signature),
        }
    }

    /// ECDH with a peer's public key, as DER of SubjectPublicKeyInfo.
    pub(crate) fn derive_shared_secret(
        &self,
        peer_public_key_der: &[u8],
    ) -> Result<SecretBytes, CryptoError> {
        match &self.key {
            EccKey::Weierstrass(key) => key.derive_shared_secret(peer_public_key_der),
            EccKey::Edwards25519(_) => Err(CryptoError::WrongSpec(self.spec)),
        }
    }
}
