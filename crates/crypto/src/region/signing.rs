//! A region's signatures: Ed25519 (RFC 8032) over labelled fields, so that no signature serves two purposes.

use crate::error::CryptoError;
use crate::fields::Fields;
use crate::{CryptoRng, SecretBytes, SecretKey256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// A region's Ed25519 signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; Self::BYTES]);

impl Signature {
    /// Length in bytes.
    pub const BYTES: usize = 64;
}

/// The public half of a region's signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionVerifyingKey([u8; Self::BYTES]);

impl RegionVerifyingKey {
    /// Length in bytes.
    pub const BYTES: usize = 32;

    /// Takes the 32 bytes of RFC 8032. Bytes that are no point verify nothing.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of RFC 8032.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Checks that this key signed exactly these fields, label included.
    ///
    /// # Errors
    /// [`CryptoError::PeerSignature`].
    pub fn verify(&self, fields: &Fields, signature: &Signature) -> Result<(), CryptoError> {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(fields.as_bytes(), &signature.0)
            .map_err(|_| CryptoError::PeerSignature)
    }
}

/// A region's signing key. The private half lives twice: as the seed here, to be wrapped, and inside AWS-LC.
pub struct RegionSigningKey {
    seed: SecretKey256,
    key_pair: Ed25519KeyPair,
    public: RegionVerifyingKey,
}

impl RegionSigningKey {
    /// Makes a signing key.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Self::from_seed(SecretKey256::random(rng))
    }

    /// Takes the private half that [`RegionSigningKey::private_bytes`] gave.
    ///
    /// # Errors
    /// [`CryptoError::StoredFormat`] when it is not 32 bytes.
    pub fn from_private_bytes(bytes: &SecretBytes) -> Result<Self, CryptoError> {
        let seed = SecretKey256::copy_of(bytes.expose())
            .ok_or(CryptoError::StoredFormat("a region signing key is 32 bytes"))?;
        Self::from_seed(seed)
    }

    /// The public key is derived from the seed here and nowhere stored beside it, so there is none to disagree.
    fn from_seed(seed: SecretKey256) -> Result<Self, CryptoError> {
        let key_pair = Ed25519KeyPair::from_seed_unchecked(seed.expose())
            .map_err(|_| CryptoError::Library("Ed25519 refused a seed"))?;
        let public = key_pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| CryptoError::Library("an Ed25519 public key is 32 bytes"))?;
        Ok(Self {
            seed,
            key_pair,
            public: RegionVerifyingKey(public),
        })
    }

    /// The 32-byte seed of RFC 8032, to be wrapped and stored. Secret.
    pub fn private_bytes(&self) -> &[u8] {
        self.seed.expose()
    }

    /// The public half.
    pub const fn verifying_key(&self) -> RegionVerifyingKey {
        self.public
    }

    /// Signs labelled fields. The label must belong to one purpose only.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn sign(&self, fields: &Fields) -> Result<Signature, CryptoError> {
        let signature = self
            .key_pair
            .try_sign(fields.as_bytes())
            .map_err(|_| CryptoError::Library("Ed25519 did not sign"))?;
        signature
            .as_ref()
            .try_into()
            .map(Signature)
            .map_err(|_| CryptoError::Library("an Ed25519 signature is 64 bytes"))
    }
}
