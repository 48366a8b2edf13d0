//! What elliptic-curve material promises when it is imported, stored and read. Signatures and shared secrets are tested
//! with `signing` and `key_agreement`.

use super::EccMaterial;
use super::curve::Curve;
use crate::error::CryptoError;
use crate::testing::{from_hex, test_rng};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use kms_domain::vocabulary::KeySpec;
use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::{Encode, Tag};
use pkcs8::spki::AlgorithmIdentifier;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use sec1::{EcParameters, EcPrivateKey};

const WEIERSTRASS: [KeySpec; 4] = [
    KeySpec::EccNistP256,
    KeySpec::EccNistP384,
    KeySpec::EccNistP521,
    KeySpec::EccSecgP256k1,
];

const ED25519: KeySpec = KeySpec::EccNistEdwards25519;
const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The orders of the curves' base points (SP 800-186, SEC 2).
fn order(spec: KeySpec) -> Vec<u8> {
    from_hex(match spec {
        KeySpec::EccNistP256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        KeySpec::EccNistP384 => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        KeySpec::EccNistP521 => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        }
        _ => "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    })
}

fn generated(spec: KeySpec) -> EccMaterial {
    EccMaterial::generate(spec, &mut test_rng()).expect("generates")
}

fn import(spec: KeySpec, der: &[u8]) -> Result<EccMaterial, CryptoError> {
    EccMaterial::import(spec, der)
}

#[track_caller]
fn refusal(spec: KeySpec, der: &[u8]) -> &'static str {
    match import(spec, der).err() {
        Some(CryptoError::ImportedMaterial(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// The parts of a private key in PKCS#8, to be written in any combination.
struct Parts<'a> {
    algorithm: ObjectIdentifier,
    curve: AnyRef<'a>,
    scalar: &'a [u8],
    inner_curve: Option<ObjectIdentifier>,
    inner_point: Option<&'a [u8]>,
    outer_point: Option<&'a [u8]>,
}

impl Parts<'_> {
    fn to_der(&self) -> Vec<u8> {
        let key = EcPrivateKey {
            private_key: self.scalar,
            parameters: self.inner_curve.map(EcParameters::NamedCurve),
            public_key: self.inner_point,
        };
        let key = key.to_der().expect("DER");
        let mut info = PrivateKeyInfoRef::new(
            AlgorithmIdentifier {
                oid: self.algorithm,
                parameters: Some(self.curve),
            },
            OctetStringRef::new(&key).expect("short"),
        );
        info.public_key = self
            .outer_point
            .map(|point| BitStringRef::from_bytes(point).expect("short"));
        info.to_der().expect("DER")
    }
}

/// A key with the least that an encoding must have.
fn parts<'a>(curve: &'a Curve, scalar: &'a [u8]) -> Parts<'a> {
    Parts {
        algorithm: ID_EC_PUBLIC_KEY,
        curve: AnyRef::from(&curve.oid),
        scalar,
        inner_curve: None,
        inner_point: None,
        outer_point: None,
    }
}

/// A scalar, and its point uncompressed and compressed.
fn a_key(spec: KeySpec) -> (&'static Curve, Vec<u8>, Vec<u8>, Vec<u8>) {
    let curve = Curve::of(spec).expect("a curve");
    let mut scalar = vec![0x5a; curve.scalar_bytes];
    scalar[0] = 0;
    let material = EccMaterial::from_scalar(spec, &scalar).expect("a scalar");
    let der = material.public_key_der();
    let point = der[der.len() - 1 - 2 * curve.scalar_bytes..].to_vec();
    let form = 0x02 | (point[point.len() - 1] & 1);
    let compressed = [&[form], &point[1..1 + curve.scalar_bytes]].concat();
    (curve, scalar, point, compressed)
}

#[test]
fn the_same_key_in_any_encoding_becomes_the_same_bytes() {
    for spec in WEIERSTRASS {
        let (curve, scalar, point, compressed) = a_key(spec);
        let expected = import(spec, &parts(curve, &scalar).to_der()).expect("imports");
        let points = [None, Some(point.as_slice()), Some(compressed.as_slice())];
        for inner_curve in [None, Some(curve.oid)] {
            for inner_point in points {
                for outer_point in points {
                    let encoding = Parts {
                        inner_curve,
                        inner_point,
                        outer_point,
                        ..parts(curve, &scalar)
                    };
                    let material = import(spec, &encoding.to_der()).expect("imports");
                    assert_eq!(material.bytes(), expected.bytes());
                    assert_eq!(material.public_key_der(), expected.public_key_der());
                }
            }
        }
    }
}

/// So that the stored encoding, which this crate writes, is one that others know.
#[test]
fn stored_keys_are_as_aws_lc_writes_them() {
    for spec in WEIERSTRASS {
        let (curve, scalar, point, _) = a_key(spec);
        let pair = EcdsaKeyPair::from_private_key_and_public_key(curve.signing, &scalar, &point);
        let theirs = pair.expect("a pair").to_pkcs8v1().expect("DER");
        let ours = EccMaterial::from_scalar(spec, &scalar).expect("a scalar");
        assert_eq!(ours.bytes(), theirs.as_ref());
    }
    let material = generated(ED25519);
    let pair = Ed25519KeyPair::from_pkcs8(material.bytes()).expect("a pair");
    assert_eq!(material.bytes(), pair.to_pkcs8v1().expect("DER").as_ref());
    assert!(material.public_key_der().ends_with(pair.public_key().as_ref()));
}

#[test]
fn generated_and_imported_keys_are_read_back() {
    for spec in WEIERSTRASS.into_iter().chain([ED25519]) {
        let material = generated(spec);
        assert_eq!(material.spec(), spec);
        for read in [
            EccMaterial::from_stored(spec, material.bytes()).expect("reads"),
            import(spec, material.bytes()).expect("imports"),
        ] {
            assert_eq!(read.bytes(), material.bytes());
            assert_eq!(read.public_key_der(), material.public_key_der());
        }
    }
}

#[test]
fn another_encoding_than_the_stored_one_is_not_read_back() {
    for spec in WEIERSTRASS {
        let (curve, scalar, ..) = a_key(spec);
        let shorter = parts(curve, &scalar).to_der();
        assert!(import(spec, &shorter).is_ok());
        assert_eq!(
            EccMaterial::from_stored(spec, &shorter).err(),
            Some(CryptoError::StoredFormat("the key is not in the stored encoding"))
        );
    }
}

/// Every byte is bound: by DER, by the curve, or by the public key that must belong to the private one.
#[test]
fn every_bit_flip_truncation_and_extension_of_a_stored_key_is_refused() {
    for spec in WEIERSTRASS {
        let bytes = generated(spec).bytes().to_vec();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                EccMaterial::from_stored(spec, &flipped).is_err(),
                "{spec} bit {bit}"
            );
            refusal(spec, &flipped);
        }
        for length in 0..bytes.len() {
            refusal(spec, &bytes[..length]);
        }
    }
}

#[test]
fn trailing_bytes_are_refused_by_name() {
    for spec in WEIERSTRASS.into_iter().chain([ED25519]) {
        let longer = [generated(spec).bytes(), &[0]].concat();
        assert_eq!(refusal(spec, &longer), "it is not PKCS#8 DER of one private key");
    }
    let (curve, scalar, ..) = a_key(KeySpec::EccNistP256);
    let key = EcPrivateKey {
        private_key: &scalar,
        parameters: None,
        public_key: None,
    };
    let longer = [key.to_der().expect("DER").as_slice(), &[0x05, 0x00]].concat();
    let algorithm = AlgorithmIdentifier {
        oid: ID_EC_PUBLIC_KEY,
        parameters: Some(AnyRef::from(&curve.oid)),
    };
    let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&longer).expect("short"));
    assert_eq!(
        refusal(KeySpec::EccNistP256, &info.to_der().expect("DER")),
        "its private key is not DER of ECPrivateKey"
    );
}

#[test]
fn scalars_out_of_range_are_refused_by_name_and_the_outermost_ones_are_not() {
    for spec in WEIERSTRASS {
        let curve = Curve::of(spec).expect("a curve");
        let refused = |scalar: &[u8]| refusal(spec, &parts(curve, scalar).to_der());
        let accepted = |scalar: &[u8]| import(spec, &parts(curve, scalar).to_der()).is_ok();
        let order = order(spec);
        let zero = vec![0; curve.scalar_bytes];
        let (mut one, mut last, mut beyond) = (zero.clone(), order.clone(), order.clone());
        one[curve.scalar_bytes - 1] = 1;
        last[curve.scalar_bytes - 1] -= 1;
        beyond[curve.scalar_bytes - 1] += 1;
        assert!(accepted(&one));
        assert!(accepted(&last));
        assert_eq!(refused(&zero), "its private key is zero");
        let too_large = "its private key is not less than the curve's order";
        assert_eq!(refused(&order), too_large);
        assert_eq!(refused(&beyond), too_large);
        assert_eq!(refused(&vec![0xff; curve.scalar_bytes]), too_large);
        let another_length = "its private key does not have the length of the curve's order";
        assert_eq!(refused(&one[1..]), another_length);
        assert_eq!(refused(&[&[0], one.as_slice()].concat()), another_length);
        assert_eq!(refused(&[]), another_length);
    }
}

#[test]
fn keys_of_another_curve_or_algorithm_are_refused_by_name() {
    let another_curve = "it is a key of another curve";
    let another_algorithm = "it is a key of another algorithm";
    for spec in WEIERSTRASS {
        for other in WEIERSTRASS.into_iter().filter(|other| *other != spec) {
            assert_eq!(
                refusal(spec, generated(other).bytes()),
                another_curve,
                "{spec} {other}"
            );
        }
        assert_eq!(refusal(spec, generated(ED25519).bytes()), another_algorithm);
        assert_eq!(refusal(ED25519, generated(spec).bytes()), another_algorithm);

        let (curve, scalar, ..) = a_key(spec);
        let other = Curve::of(if spec == KeySpec::EccNistP256 {
            KeySpec::EccNistP384
        } else {
            KeySpec::EccNistP256
        });
        let contradiction = Parts {
            inner_curve: Some(other.expect("a curve").oid),
            ..parts(curve, &scalar)
        };
        assert_eq!(refusal(spec, &contradiction.to_der()), another_curve);
        let described = Parts {
            curve: AnyRef::new(Tag::Sequence, &[0x02, 0x01, 0x01]).expect("short"),
            ..parts(curve, &scalar)
        };
        assert_eq!(
            refusal(spec, &described.to_der()),
            "its curve is not named by an object identifier"
        );
    }
}

#[test]
fn public_keys_off_the_curve_or_of_another_key_are_refused_by_name() {
    for spec in WEIERSTRASS {
        let (curve, scalar, point, _) = a_key(spec);
        let other = generated(spec);
        let other = &other.public_key_der()[other.public_key_der().len() - point.len()..];
        let mut off_curve = point.clone();
        off_curve[curve.scalar_bytes] ^= 1;
        let mut hybrid = point.clone();
        hybrid[0] = 0x06 | (point[point.len() - 1] & 1);
        let no_point = "its public key is not a compressed or uncompressed point";
        for (given, reason) in [
            (off_curve.as_slice(), "its public key is not a point on the curve"),
            (other, "the public key does not belong to the private key"),
            (hybrid.as_slice(), no_point),
            (&[0x00], no_point),
            (&[], no_point),
            (&point[..point.len() - 1], no_point),
        ] {
            let inner = Parts {
                inner_point: Some(given),
                ..parts(curve, &scalar)
            };
            let outer = Parts {
                outer_point: Some(given),
                ..parts(curve, &scalar)
            };
            assert_eq!(refusal(spec, &inner.to_der()), reason);
            assert_eq!(refusal(spec, &outer.to_der()), reason);
        }
    }
}

/// PKCS#8 of Ed25519: the seed, and what else is said of the key.
fn ed25519_der(private_key: &[u8], parameters: Option<AnyRef<'_>>, public_key: Option<&[u8]>) -> Vec<u8> {
    let algorithm = AlgorithmIdentifier {
        oid: ID_ED25519,
        parameters,
    };
    let mut info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(private_key).expect("short"));
    info.public_key = public_key.map(|key| BitStringRef::from_bytes(key).expect("short"));
    info.to_der().expect("DER")
}

#[test]
fn an_ed25519_key_is_imported_with_and_without_its_public_key() {
    let material = generated(ED25519);
    let public_key = material.public_key_der()[12..].to_vec();
    let private_key = material.bytes()[14..].to_vec();
    for given in [None, Some(public_key.as_slice())] {
        let imported = import(ED25519, &ed25519_der(&private_key, None, given)).expect("imports");
        assert_eq!(imported.bytes(), material.bytes());
        assert_eq!(imported.public_key_der(), material.public_key_der());
    }
    let mut other = public_key;
    other[0] ^= 1;
    for public_key in [other.as_slice(), &other[1..], &[]] {
        assert_eq!(
            refusal(ED25519, &ed25519_der(&private_key, None, Some(public_key))),
            "the public key does not belong to the private key"
        );
    }
    assert_eq!(
        refusal(ED25519, &ed25519_der(&private_key, Some(AnyRef::NULL), None)),
        "Ed25519 has no parameters"
    );
}

#[test]
fn an_ed25519_key_of_another_length_or_form_is_refused_by_name() {
    let not_wrapped = ed25519_der(&[7; 32], None, None);
    assert_eq!(
        refusal(ED25519, &not_wrapped),
        "its private key is not DER of CurvePrivateKey"
    );
    for length in [0, 31, 33, 57, 64] {
        let seed = [&[0x04, length], vec![7; usize::from(length)].as_slice()].concat();
        assert_eq!(
            refusal(ED25519, &ed25519_der(&seed, None, None)),
            "an Ed25519 private key is 32 bytes"
        );
    }
    let bytes = generated(ED25519).bytes().to_vec();
    for length in 0..bytes.len() {
        refusal(ED25519, &bytes[..length]);
        assert!(EccMaterial::from_stored(ED25519, &bytes[..length]).is_err());
    }
}

#[test]
fn no_bytes_make_the_reader_panic() {
    use proptest::prelude::any;
    use proptest::test_runner::{Config, TestRunner};
    let mut runner = TestRunner::new_with_rng(
        Config::with_cases(2_000),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    runner
        .run(&bytes, |bytes| {
            let _ = import(KeySpec::EccNistP256, &bytes);
            let _ = import(ED25519, &bytes);
            Ok(())
        })
        .expect("no panic");
}
