//! DER of elliptic-curve keys: what is accepted, and the one encoding that is written.
//!
//! ```text
//! P-256, P-384, P-521, secp256k1: PKCS#8 v1 (RFC 5958) { id-ecPublicKey, named curve },
//!                                 ECPrivateKey (RFC 5915) { scalar, no parameters, uncompressed public key }
//! Edwards25519:                   PKCS#8 v1 (RFC 8410) { id-Ed25519 }, CurvePrivateKey { seed }
//! ```
//!
//! These are what OpenSSL's `genpkey` writes. Read is also: PKCS#8 v2 with a public key, curve parameters repeated in
//! ECPrivateKey, a public key left out or compressed. Attributes are ignored. Everything read is DER; BER is refused,
//! and so are curves that are described by parameters instead of named: whoever describes a curve may describe a weak
//! one (CVE-2020-0601).

use super::curve::Curve;
use crate::SecretBytes;
use crate::error::CryptoError;
use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::{AlgorithmIdentifier, AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfo, PrivateKeyInfoRef};
use sec1::{EcParameters, EcPrivateKey};

const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Length of an Ed25519 seed (RFC 8032), in bytes.
pub(super) const ED25519_SEED_BYTES: usize = 32;

const NOT_PKCS8: &str = "it is not PKCS#8 DER of one private key";
const NOT_SEC1: &str = "its private key is not DER of ECPrivateKey";
const ANOTHER_ALGORITHM: &str = "it is a key of another algorithm";
const UNNAMED_CURVE: &str = "its curve is not named by an object identifier";
const ANOTHER_CURVE: &str = "it is a key of another curve";
const BAD_PUBLIC_KEY: &str = "its public key is not a string of whole bytes";

/// An elliptic-curve private key as it was read; nothing about its numbers is checked.
pub(super) struct ReadPrivateKey<'a> {
    pub(super) scalar: &'a [u8],
    /// The public key inside ECPrivateKey, and the one of PKCS#8 v2.
    pub(super) public_points: [Option<&'a [u8]>; 2],
}

/// Reads PKCS#8 DER of a key of this curve. An error says what is wrong.
pub(super) fn read_private_key<'a>(curve: &Curve, der: &'a [u8]) -> Result<ReadPrivateKey<'a>, &'static str> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| NOT_PKCS8)?;
    check_named_curve(curve, &info.algorithm)?;
    let key = EcPrivateKey::from_der(info.private_key.as_bytes()).map_err(|_| NOT_SEC1)?;
    match key.parameters {
        None => {}
        Some(EcParameters::NamedCurve(oid)) if oid == curve.oid => {}
        Some(_) => return Err(ANOTHER_CURVE),
    }
    let outer_point = info.public_key.map(whole_bytes).transpose()?;
    Ok(ReadPrivateKey {
        scalar: key.private_key,
        public_points: [key.public_key, outer_point],
    })
}

/// Writes the one encoding of a key. `point` is uncompressed (SEC 1, 2.3.3).
pub(super) fn write_private_key(
    curve: &Curve,
    scalar: &[u8],
    point: &[u8],
) -> Result<SecretBytes, CryptoError> {
    let key = EcPrivateKey {
        private_key: scalar,
        parameters: None,
        public_key: Some(point),
    };
    let algorithm = AlgorithmIdentifier {
        oid: ID_EC_PUBLIC_KEY,
        parameters: Some(AnyRef::from(&curve.oid)),
    };
    write_pkcs8(algorithm, &encode(&key)?)
}

/// An Ed25519 private key as it was read.
pub(super) struct ReadEd25519PrivateKey<'a> {
    pub(super) seed: &'a [u8],
    pub(super) public_key: Option<&'a [u8]>,
}

/// Reads PKCS#8 DER of an Ed25519 key (RFC 8410). An error says what is wrong.
pub(super) fn read_ed25519_private_key(der: &[u8]) -> Result<ReadEd25519PrivateKey<'_>, &'static str> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| NOT_PKCS8)?;
    if info.algorithm.oid != ID_ED25519 {
        return Err(ANOTHER_ALGORITHM);
    }
    if info.algorithm.parameters.is_some() {
        return Err("Ed25519 has no parameters");
    }
    let seed = <&OctetStringRef>::from_der(info.private_key.as_bytes())
        .map_err(|_| "its private key is not DER of CurvePrivateKey")?;
    if seed.as_bytes().len() != ED25519_SEED_BYTES {
        return Err("an Ed25519 private key is 32 bytes");
    }
    Ok(ReadEd25519PrivateKey {
        seed: seed.as_bytes(),
        public_key: info.public_key.map(whole_bytes).transpose()?,
    })
}

/// Writes the one encoding of an Ed25519 key.
pub(super) fn write_ed25519_private_key(seed: &[u8]) -> Result<SecretBytes, CryptoError> {
    let algorithm = AlgorithmIdentifier {
        oid: ID_ED25519,
        parameters: None,
    };
    let seed = OctetStringRef::new(seed).map_err(|_| CryptoError::Library("DER was not written"))?;
    write_pkcs8(algorithm, &encode(&seed)?)
}

/// Reads the point of a public key of this curve from DER of SubjectPublicKeyInfo. An error says what is wrong; whether
/// the point is on the curve is not checked.
pub(super) fn read_public_point<'a>(curve: &Curve, der: &'a [u8]) -> Result<&'a [u8], &'static str> {
    let info =
        SubjectPublicKeyInfoRef::from_der(der).map_err(|_| "it is not DER of one SubjectPublicKeyInfo")?;
    check_named_curve(curve, &info.algorithm)?;
    whole_bytes(info.subject_public_key)
}

fn check_named_curve(curve: &Curve, algorithm: &AlgorithmIdentifierRef<'_>) -> Result<(), &'static str> {
    if algorithm.oid != ID_EC_PUBLIC_KEY {
        return Err(ANOTHER_ALGORITHM);
    }
    let named = algorithm
        .parameters
        .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
    match named {
        None => Err(UNNAMED_CURVE),
        Some(oid) if oid == curve.oid => Ok(()),
        Some(_) => Err(ANOTHER_CURVE),
    }
}

fn whole_bytes(bits: BitStringRef<'_>) -> Result<&[u8], &'static str> {
    bits.as_bytes().ok_or(BAD_PUBLIC_KEY)
}

fn write_pkcs8(
    algorithm: AlgorithmIdentifierRef<'_>,
    private_key: &SecretBytes,
) -> Result<SecretBytes, CryptoError> {
    let private_key =
        OctetStringRef::new(private_key.expose()).map_err(|_| CryptoError::Library("DER was not written"))?;
    let info: PrivateKeyInfoRef<'_> = PrivateKeyInfo::new(algorithm, private_key);
    encode(&info)
}

/// DER in a buffer of the right size from the start, so that no growing one leaves copies behind.
fn encode(value: &impl Encode) -> Result<SecretBytes, CryptoError> {
    let failed = |_| CryptoError::Library("DER was not written");
    let length = value.encoded_len().and_then(usize::try_from).map_err(failed)?;
    let mut der = SecretBytes::new(vec![0; length].into_boxed_slice());
    value.encode_to_slice(der.expose_mut()).map_err(failed)?;
    Ok(der)
}
