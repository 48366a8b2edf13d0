//! The four Weierstrass curves, with what AWS-LC and DER call them.

use crate::error::CryptoError;
use aws_lc_rs::{agreement, digest, signature};
use kms_domain::vocabulary::KeySpec;
use pkcs8::ObjectIdentifier;

/// One curve, with the one digest that the service offers on it.
pub(crate) struct Curve {
    /// The key spec.
    pub(super) spec: KeySpec,
    /// The named curve of RFC 5480.
    pub(super) oid: ObjectIdentifier,
    /// Length of a scalar and of a coordinate, in bytes: for these curves they are the same.
    pub(super) scalar_bytes: usize,
    /// How a key of this curve signs; signatures are DER (RFC 3279).
    pub(super) signing: &'static signature::EcdsaSigningAlgorithm,
    /// How its signatures are verified.
    pub(super) verification: &'static signature::EcdsaVerificationAlgorithm,
    /// The digest of both.
    pub(super) digest: &'static digest::Algorithm,
    /// How a key derives shared secrets, where the service offers it.
    pub(super) agreement: Option<&'static agreement::Algorithm>,
}

static P256: Curve = Curve {
    spec: KeySpec::EccNistP256,
    oid: ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
    scalar_bytes: 32,
    signing: &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
    verification: &signature::ECDSA_P256_SHA256_ASN1,
    digest: &digest::SHA256,
    agreement: Some(&agreement::ECDH_P256),
};

static P384: Curve = Curve {
    spec: KeySpec::EccNistP384,
    oid: ObjectIdentifier::new_unwrap("1.3.132.0.34"),
    scalar_bytes: 48,
    signing: &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
    verification: &signature::ECDSA_P384_SHA384_ASN1,
    digest: &digest::SHA384,
    agreement: Some(&agreement::ECDH_P384),
};

static P521: Curve = Curve {
    spec: KeySpec::EccNistP521,
    oid: ObjectIdentifier::new_unwrap("1.3.132.0.35"),
    scalar_bytes: 66,
    signing: &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
    verification: &signature::ECDSA_P521_SHA512_ASN1,
    digest: &digest::SHA512,
    agreement: Some(&agreement::ECDH_P521),
};

static SECP256K1: Curve = Curve {
    spec: KeySpec::EccSecgP256k1,
    oid: ObjectIdentifier::new_unwrap("1.3.132.0.10"),
    scalar_bytes: 32,
    signing: &signature::ECDSA_P256K1_SHA256_ASN1_SIGNING,
    verification: &signature::ECDSA_P256K1_SHA256_ASN1,
    digest: &digest::SHA256,
    agreement: None,
};

impl Curve {
    /// The curve of a key spec.
    pub(crate) const fn of(spec: KeySpec) -> Result<&'static Self, CryptoError> {
        match spec {
            KeySpec::EccNistP256 => Ok(&P256),
            KeySpec::EccNistP384 => Ok(&P384),
            KeySpec::EccNistP521 => Ok(&P521),
            KeySpec::EccSecgP256k1 => Ok(&SECP256K1),
            _ => Err(CryptoError::SpecNotSupported(spec)),
        }
    }
}
