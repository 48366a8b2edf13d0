//! Material of an ML-DSA key (FIPS 204): the 32-byte seed, from which two libraries make the same key.
//!
//! AWS-LC signs whole messages. It has no signing of a message representative mu through its Rust interface, which ml-dsa
//! does. Both sign hedged and with an empty context, so that a signature of one is a signature of the other.

use crate::CryptoRng;
use crate::error::CryptoError;
use crate::secret::SecretKey256;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87, ML_DSA_87_SIGNING,
    ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
};
use kms_domain::vocabulary::{KeySpec, MessageType};
use ml_dsa::{
    EncodedVerifyingKey, ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Signature, VerifyingKey,
};
use std::sync::OnceLock;

/// Length of a message representative mu (FIPS 204, Algorithm 7, line 6), in bytes.
pub const MU_BYTES: usize = 64;

/// Material of an ML-DSA key.
pub struct MlDsaMaterial {
    spec: KeySpec,
    seed: SecretKey256,
    signing: PqdsaKeyPair,
    verifying: MlDsaVerifyingKey,
    /// The same key, expanded by ml-dsa. Made when it is first used: it takes up to 100 KiB.
    signing_mu: OnceLock<Box<dyn SignMu>>,
    public_key_der: Vec<u8>,
}

impl MlDsaMaterial {
    pub(crate) fn generate(spec: KeySpec, rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Self::from_seed(spec, SecretKey256::random(rng))
    }

    pub(crate) fn from_stored(spec: KeySpec, bytes: &[u8]) -> Result<Self, CryptoError> {
        let seed =
            SecretKey256::copy_of(bytes).ok_or(CryptoError::StoredFormat("an ML-DSA seed is 32 bytes"))?;
        Self::from_seed(spec, seed)
    }

    fn from_seed(spec: KeySpec, seed: SecretKey256) -> Result<Self, CryptoError> {
        let (signing, _) = algorithms(spec)?;
        let signing = PqdsaKeyPair::from_seed(signing, seed.expose())
            .map_err(|_| CryptoError::Library("ML-DSA refused a seed"))?;
        let verifying = MlDsaVerifyingKey::from_bytes(spec, signing.public_key().as_ref())
            .map_err(CryptoError::Library)?;
        let der: PublicKeyX509Der<'_> = signing
            .public_key()
            .as_der()
            .map_err(|_| CryptoError::Library("a public key was not written"))?;
        Ok(Self {
            spec,
            seed,
            public_key_der: der.as_ref().to_vec(),
            signing,
            verifying,
            signing_mu: OnceLock::new(),
        })
    }

    pub(crate) const fn spec(&self) -> KeySpec {
        self.spec
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.seed.expose()
    }

    pub(crate) fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    /// Signs a message, or the message representative mu of one. `signing` has checked its length.
    pub(crate) fn sign(
        &self,
        message_type: MessageType,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        let failed = CryptoError::Library("ML-DSA did not sign");
        match (message_type, message.try_into()) {
            (MessageType::Raw, _) => {
                let mut signature = vec![0; self.signing.algorithm().signature_len()];
                let length = self.signing.sign(message, &mut signature).map_err(|_| failed)?;
                signature.truncate(length);
                Ok(signature)
            }
            (MessageType::ExternalMu, Ok(mu)) => self.signing_mu()?.sign_mu(mu, rng).ok_or(failed),
            (MessageType::ExternalMu, Err(_)) | (MessageType::Digest, _) => {
                Err(CryptoError::WrongSpec(self.spec))
            }
        }
    }

    pub(crate) fn verify(
        &self,
        message_type: MessageType,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.verifying.verify(message_type, message, signature)
    }

    fn signing_mu(&self) -> Result<&dyn SignMu, CryptoError> {
        if let Some(key) = self.signing_mu.get() {
            return Ok(key.as_ref());
        }
        let seed = self.seed.expose();
        let key: Box<dyn SignMu> = match self.spec {
            KeySpec::MlDsa44 => Box::new(ExpandedSigningKey::<MlDsa44>::from_seed(seed.into())),
            KeySpec::MlDsa65 => Box::new(ExpandedSigningKey::<MlDsa65>::from_seed(seed.into())),
            KeySpec::MlDsa87 => Box::new(ExpandedSigningKey::<MlDsa87>::from_seed(seed.into())),
            other => return Err(CryptoError::SpecNotSupported(other)),
        };
        Ok(self.signing_mu.get_or_init(|| key).as_ref())
    }
}

/// A public key of ML-DSA, parsed.
pub(crate) struct MlDsaVerifyingKey {
    spec: KeySpec,
    whole: ParsedPublicKey,
    /// The same key, expanded by ml-dsa. Made when it is first used.
    verifying_mu: OnceLock<Box<dyn VerifyMu>>,
    bytes: Vec<u8>,
}

impl MlDsaVerifyingKey {
    /// Takes the bytes of FIPS 204. An error says what is wrong.
    pub(crate) fn from_bytes(spec: KeySpec, bytes: &[u8]) -> Result<Self, &'static str> {
        let (signing, verification) = algorithms(spec).map_err(|_| "not a key spec of ML-DSA")?;
        // AWS-LC would also take DER here.
        if bytes.len() != signing.public_key_len() {
            return Err("an ML-DSA public key has another length");
        }
        let whole = ParsedPublicKey::new(verification, bytes).map_err(|_| "ML-DSA refused a public key")?;
        Ok(Self {
            spec,
            whole,
            verifying_mu: OnceLock::new(),
            bytes: bytes.to_vec(),
        })
    }

    /// Checks a signature over a message, or over the message representative mu of one.
    pub(crate) fn verify(
        &self,
        message_type: MessageType,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let verified = match (message_type, message.try_into()) {
            (MessageType::Raw, _) => self.whole.verify_sig(message, signature).is_ok(),
            (MessageType::ExternalMu, Ok(mu)) => self.verifying_mu()?.verify_mu(mu, signature),
            (MessageType::ExternalMu, Err(_)) | (MessageType::Digest, _) => {
                return Err(CryptoError::WrongSpec(self.spec));
            }
        };
        if verified {
            Ok(())
        } else {
            Err(CryptoError::InvalidSignature)
        }
    }

    fn verifying_mu(&self) -> Result<&dyn VerifyMu, CryptoError> {
        if let Some(key) = self.verifying_mu.get() {
            return Ok(key.as_ref());
        }
        let key = match self.spec {
            KeySpec::MlDsa44 => expand::<MlDsa44>(&self.bytes)?,
            KeySpec::MlDsa65 => expand::<MlDsa65>(&self.bytes)?,
            KeySpec::MlDsa87 => expand::<MlDsa87>(&self.bytes)?,
            other => return Err(CryptoError::SpecNotSupported(other)),
        };
        Ok(self.verifying_mu.get_or_init(|| key).as_ref())
    }
}

fn expand<P: MlDsaParams + Send + Sync + 'static>(
    public_key: &[u8],
) -> Result<Box<dyn VerifyMu>, CryptoError> {
    let encoded = <&EncodedVerifyingKey<P>>::try_from(public_key)
        .map_err(|_| CryptoError::Library("an ML-DSA public key has another length"))?;
    Ok(Box::new(VerifyingKey::<P>::decode(encoded)))
}

/// Signs a message representative: an expanded key of any parameter set.
trait SignMu: Send + Sync {
    fn sign_mu(&self, mu: &[u8; MU_BYTES], rng: &mut dyn CryptoRng) -> Option<Vec<u8>>;
}

impl<P: MlDsaParams + Send + Sync> SignMu for ExpandedSigningKey<P> {
    fn sign_mu(&self, mu: &[u8; MU_BYTES], rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        let signature = self.sign_mu_randomized(mu.into(), rng).ok()?;
        Some(signature.encode().to_vec())
    }
}

/// Verifies a signature of a message representative: a public key of any parameter set.
trait VerifyMu: Send + Sync {
    fn verify_mu(&self, mu: &[u8; MU_BYTES], signature: &[u8]) -> bool;
}

impl<P: MlDsaParams + Send + Sync> VerifyMu for VerifyingKey<P> {
    fn verify_mu(&self, mu: &[u8; MU_BYTES], signature: &[u8]) -> bool {
        Signature::<P>::try_from(signature)
            .is_ok_and(|signature| Self::verify_mu(self, mu.into(), &signature))
    }
}

fn algorithms(
    spec: KeySpec,
) -> Result<
    (
        &'static PqdsaSigningAlgorithm,
        &'static PqdsaVerificationAlgorithm,
    ),
    CryptoError,
> {
    match spec {
        KeySpec::MlDsa44 => Ok((&ML_DSA_44_SIGNING, &ML_DSA_44)),
        KeySpec::MlDsa65 => Ok((&ML_DSA_65_SIGNING, &ML_DSA_65)),
        KeySpec::MlDsa87 => Ok((&ML_DSA_87_SIGNING, &ML_DSA_87)),
        _ => Err(CryptoError::SpecNotSupported(spec)),
    }
}

#[cfg(test)]
mod tests;
