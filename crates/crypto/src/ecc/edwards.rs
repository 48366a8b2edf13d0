//! Ed25519 and Ed25519ph (RFC 8032).
//!
//! AWS-LC signs whole messages. It has no Ed25519ph through its Rust interface, which ed25519-dalek does, from the same
//! seed, with an empty context.

use super::encoding::{self, ED25519_SEED_BYTES};
use crate::SecretBytes;
use crate::error::CryptoError;
use crate::secret::SecretKey256;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use digest::consts::U64;
use digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign_prehashed};
use ed25519_dalek::{Sha512, Signature, VerifyingKey};
use kms_domain::vocabulary::{KeySpec, SigningAlgorithm};

const PREHASH_BYTES: usize = 64;

/// A private key, and the public key that was computed from it.
pub(super) struct Ed25519Key {
    seed: SecretKey256,
    signing: Ed25519KeyPair,
    verifying: Ed25519VerifyingKey,
}

impl Ed25519Key {
    /// Takes a seed; any 32 bytes are one.
    pub(super) fn from_seed(seed: &[u8]) -> Result<Self, CryptoError> {
        let seed = SecretKey256::copy_of(seed).ok_or(CryptoError::Library("an Ed25519 seed is 32 bytes"))?;
        let signing = Ed25519KeyPair::from_seed_unchecked(seed.expose())
            .map_err(|_| CryptoError::Library("Ed25519 refused a seed"))?;
        let verifying =
            Ed25519VerifyingKey::from_bytes(signing.public_key().as_ref()).map_err(CryptoError::Library)?;
        Ok(Self {
            seed,
            signing,
            verifying,
        })
    }

    /// The 32 bytes of RFC 8032.
    pub(super) fn public_key(&self) -> &[u8] {
        self.signing.public_key().as_ref()
    }

    pub(super) fn verifying_key(&self) -> &Ed25519VerifyingKey {
        &self.verifying
    }

    pub(super) fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        encoding::write_ed25519_private_key(self.seed.expose())
    }

    pub(super) fn to_spki(&self) -> Result<Vec<u8>, CryptoError> {
        let der: Result<PublicKeyX509Der<'_>, _> = self.signing.public_key().as_der();
        der.map(|der| der.as_ref().to_vec())
            .map_err(|_| CryptoError::Library("a public key was not written"))
    }

    pub(super) fn sign(&self, algorithm: SigningAlgorithm, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let failed = CryptoError::Library("Ed25519 did not sign");
        match algorithm {
            SigningAlgorithm::Ed25519Sha512 => {
                let signature = self.signing.try_sign(message).map_err(|_| failed)?;
                Ok(signature.as_ref().to_vec())
            }
            SigningAlgorithm::Ed25519PhSha512 => {
                let prehash = Prehash::new(message).ok_or(CryptoError::DigestLength(algorithm))?;
                // The verifying key enters the signature's hash: it is the one of this seed, computed above, without
                // which two signatures would give the private key away.
                let expanded = ExpandedSecretKey::from(self.seed.expose());
                let verifying_key = &self.verifying.prehashed;
                let signature = raw_sign_prehashed::<Sha512, _>(&expanded, prehash, verifying_key, None)
                    .map_err(|_| failed)?;
                Ok(signature.to_bytes().to_vec())
            }
            _ => Err(CryptoError::WrongSpec(KeySpec::EccNistEdwards25519)),
        }
    }
}

/// A public key for Ed25519, parsed, and a point on the curve.
pub(crate) struct Ed25519VerifyingKey {
    whole: ParsedPublicKey,
    prehashed: VerifyingKey,
}

impl Ed25519VerifyingKey {
    /// Takes the 32 bytes of RFC 8032. An error says what is wrong.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes: &[u8; ED25519_SEED_BYTES] = bytes
            .try_into()
            .map_err(|_| "an Ed25519 public key is 32 bytes")?;
        let whole = ParsedPublicKey::new(&ED25519, bytes).map_err(|_| "Ed25519 refused a public key")?;
        let prehashed = VerifyingKey::from_bytes(bytes).map_err(|_| "Ed25519 refused a public key")?;
        Ok(Self { whole, prehashed })
    }

    /// Checks a signature over a message, or for Ed25519ph over its SHA-512 digest.
    pub(crate) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let verified = match algorithm {
            SigningAlgorithm::Ed25519Sha512 => self.whole.verify_sig(message, signature).is_ok(),
            SigningAlgorithm::Ed25519PhSha512 => self.verify_prehashed(message, signature),
            _ => return Err(CryptoError::WrongSpec(KeySpec::EccNistEdwards25519)),
        };
        if verified {
            Ok(())
        } else {
            Err(CryptoError::InvalidSignature)
        }
    }

    /// Strictly: a signature whose R has a small order is none that a signer makes, and is refused.
    fn verify_prehashed(&self, digest: &[u8], signature: &[u8]) -> bool {
        let (Some(prehash), Ok(signature)) = (Prehash::new(digest), Signature::from_slice(signature)) else {
            return false;
        };
        self.prehashed
            .verify_prehashed_strict(prehash, None, &signature)
            .is_ok()
    }
}

/// A digest that somebody else computed, in the place where ed25519-dalek expects a hash function that has taken the
/// message: its output is the digest.
struct Prehash([u8; PREHASH_BYTES]);

impl Prehash {
    fn new(digest: &[u8]) -> Option<Self> {
        digest.try_into().ok().map(Self)
    }
}

impl Default for Prehash {
    fn default() -> Self {
        Self([0; PREHASH_BYTES])
    }
}

impl HashMarker for Prehash {}

impl OutputSizeUser for Prehash {
    type OutputSize = U64;
}

impl Update for Prehash {
    /// The identity on 64 bytes. Nothing calls it: the digest is there from the start.
    fn update(&mut self, data: &[u8]) {
        for (byte, new) in self.0.iter_mut().zip(data) {
            *byte = *new;
        }
    }
}

impl FixedOutput for Prehash {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}
