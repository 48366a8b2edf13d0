//! Keys of P-256, P-384, P-521 and secp256k1: ECDSA (FIPS 186-5) and ECDH (SP 800-56A), by AWS-LC.

use super::curve::Curve;
use super::encoding;
use crate::SecretBytes;
use crate::error::CryptoError;
use aws_lc_rs::agreement;
use aws_lc_rs::digest::Digest;
use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair, ParsedPublicKey};
use kms_domain::vocabulary::{MessageType, SigningAlgorithm};
use std::sync::OnceLock;

const NOT_ON_CURVE: &str = "its public key is not a point on the curve";
const BAD_POINT: &str = "its public key is not a compressed or uncompressed point";

/// A private key, and the public key that was computed from it.
pub(super) struct WeierstrassKey {
    curve: &'static Curve,
    signing: EcdsaKeyPair,
    verifying: EcdsaVerifyingKey,
    /// The same key, as AWS-LC wants it for ECDH. Made when it is first used: most keys sign, and none does both.
    agreement: OnceLock<agreement::PrivateKey>,
}

impl WeierstrassKey {
    /// Takes a scalar of the curve's length, from 1 to the order less 1. An error says what is wrong.
    pub(super) fn from_scalar(curve: &'static Curve, scalar: &[u8]) -> Result<Self, &'static str> {
        // RFC 5915 fixes the length. AWS-LC takes any, so that it is checked here.
        if scalar.len() != curve.scalar_bytes {
            return Err("its private key does not have the length of the curve's order");
        }
        if scalar.iter().all(|byte| *byte == 0) {
            return Err("its private key is zero");
        }
        let key = ec_private_key(scalar);
        let pair = EcdsaKeyPair::from_private_key_der(curve.signing, key.expose())
            .map_err(|_| "its private key is not less than the curve's order")?;
        Self::from_pair(curve, pair)
    }

    pub(super) fn from_pair(curve: &'static Curve, signing: EcdsaKeyPair) -> Result<Self, &'static str> {
        let verifying = EcdsaVerifyingKey::from_point(curve, signing.public_key().as_ref())?;
        Ok(Self {
            curve,
            signing,
            verifying,
            agreement: OnceLock::new(),
        })
    }

    /// Checks a public key that came with the private one. An error says what is wrong.
    pub(super) fn check_public_point(&self, point: &[u8]) -> Result<(), &'static str> {
        let given = EcdsaVerifyingKey::from_point(self.curve, point)?;
        if given.key_der().ok() == self.verifying.key_der().ok() {
            Ok(())
        } else {
            Err("the public key does not belong to the private key")
        }
    }

    pub(super) fn verifying_key(&self) -> &EcdsaVerifyingKey {
        &self.verifying
    }

    pub(super) fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        encoding::write_private_key(
            self.curve,
            self.scalar()?.as_ref(),
            self.signing.public_key().as_ref(),
        )
    }

    pub(super) fn to_spki(&self) -> Result<Vec<u8>, CryptoError> {
        self.verifying
            .key_der()
            .map_err(|()| CryptoError::Library("a public key was not written"))
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let signature = match message_type {
            // AWS-LC takes its nonces from its own generator and ignores the one it is given.
            MessageType::Raw => self.signing.sign(&SystemRandom::new(), message),
            MessageType::Digest => {
                let digest = Digest::import_less_safe(message, self.curve.digest)
                    .map_err(|_| CryptoError::DigestLength(algorithm))?;
                self.signing.sign_digest(&digest)
            }
            MessageType::ExternalMu => return Err(CryptoError::WrongSpec(self.curve.spec)),
        };
        signature
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| CryptoError::Library("ECDSA did not sign"))
    }

    /// The x coordinate of the shared point, as long as the curve's field.
    pub(super) fn derive_shared_secret(
        &self,
        peer_public_key_der: &[u8],
    ) -> Result<SecretBytes, CryptoError> {
        let Some(algorithm) = self.curve.agreement else {
            return Err(CryptoError::WrongSpec(self.curve.spec));
        };
        let point = encoding::read_public_point(self.curve, peer_public_key_der)
            .and_then(|point| check_form(self.curve, point))
            .map_err(CryptoError::PublicKey)?;
        let peer = agreement::UnparsedPublicKey::new(algorithm, point);
        // AWS-LC checks that the point is on the curve. These curves have cofactor 1, so that no point on them but
        // infinity has a low order, and infinity has neither of the two forms.
        agreement::agree(
            self.agreement_key(algorithm)?,
            peer,
            CryptoError::PublicKey(NOT_ON_CURVE),
            |secret| Ok(SecretBytes::copy_of(secret)),
        )
    }

    fn agreement_key(
        &self,
        algorithm: &'static agreement::Algorithm,
    ) -> Result<&agreement::PrivateKey, CryptoError> {
        if let Some(key) = self.agreement.get() {
            return Ok(key);
        }
        let key = agreement::PrivateKey::from_private_key(algorithm, self.scalar()?.as_ref())
            .map_err(|_| CryptoError::Library("ECDH refused a private key"))?;
        Ok(self.agreement.get_or_init(|| key))
    }

    fn scalar(&self) -> Result<EcPrivateKeyBin<'static>, CryptoError> {
        self.signing
            .private_key()
            .as_be_bytes()
            .map_err(|_| CryptoError::Library("a private key was not written"))
    }
}

/// A public key for ECDSA, parsed and on its curve.
pub(crate) struct EcdsaVerifyingKey {
    curve: &'static Curve,
    key: ParsedPublicKey,
}

impl EcdsaVerifyingKey {
    /// Takes a point, compressed or not (SEC 1, 2.3.3). An error says what is wrong.
    pub(super) fn from_point(curve: &'static Curve, point: &[u8]) -> Result<Self, &'static str> {
        let point = check_form(curve, point)?;
        let key = ParsedPublicKey::new(curve.verification, point).map_err(|_| NOT_ON_CURVE)?;
        Ok(Self { curve, key })
    }

    /// Takes DER of SubjectPublicKeyInfo. An error says what is wrong.
    #[cfg(test)]
    pub(crate) fn from_spki(spec: kms_domain::vocabulary::KeySpec, der: &[u8]) -> Result<Self, &'static str> {
        let curve = Curve::of(spec).map_err(|_| "not a curve of ECDSA")?;
        Self::from_point(curve, encoding::read_public_point(curve, der)?)
    }

    /// Checks a DER signature over a message, or over a message that is its digest.
    pub(crate) fn verify(
        &self,
        message_type: MessageType,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let verified = match message_type {
            MessageType::Raw => self.key.verify_sig(message, signature),
            MessageType::Digest => Digest::import_less_safe(message, self.curve.digest)
                .and_then(|digest| self.key.verify_digest_sig(&digest, signature)),
            MessageType::ExternalMu => return Err(CryptoError::WrongSpec(self.curve.spec)),
        };
        verified.map_err(|_| CryptoError::InvalidSignature)
    }

    fn key_der(&self) -> Result<Vec<u8>, ()> {
        let der: PublicKeyX509Der<'_> = self.key.as_der().map_err(|_| ())?;
        Ok(der.as_ref().to_vec())
    }
}

/// Lets compressed and uncompressed points through. AWS-LC would also take hybrid ones, which RFC 5480 does not permit,
/// and infinity.
fn check_form<'a>(curve: &Curve, point: &'a [u8]) -> Result<&'a [u8], &'static str> {
    let coordinates = match point.first() {
        Some(0x04) => 2,
        Some(0x02 | 0x03) => 1,
        _ => return Err(BAD_POINT),
    };
    if point.len() == 1 + coordinates * curve.scalar_bytes {
        Ok(point)
    } else {
        Err(BAD_POINT)
    }
}

/// ECPrivateKey (RFC 5915) of nothing but a scalar, from which AWS-LC computes the public key. All lengths are below
/// 128, so that each takes one byte.
fn ec_private_key(scalar: &[u8]) -> SecretBytes {
    const VERSION_1: [u8; 3] = [0x02, 0x01, 0x01];
    let length = scalar.len() as u8;
    let mut der = SecretBytes::new(vec![0; 7 + scalar.len()].into_boxed_slice());
    let (header, body) = der.expose_mut().split_at_mut(7);
    header[..2].copy_from_slice(&[0x30, 5 + length]);
    header[2..5].copy_from_slice(&VERSION_1);
    header[5..].copy_from_slice(&[0x04, length]);
    body.copy_from_slice(scalar);
    der
}
