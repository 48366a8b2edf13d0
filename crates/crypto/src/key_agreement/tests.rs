//! What shared secrets promise. Attack 9 of SECURITY.md: invalid points. Wycheproof's vectors have many more.

use super::derive_shared_secret;
use crate::error::CryptoError;
use crate::material::KeyMaterial;
use crate::testing::test_rng;
use kms_domain::vocabulary::KeySpec;

/// Spec, bytes of a coordinate, and of what stands before the point in a SubjectPublicKeyInfo.
const CURVES: [(KeySpec, usize, usize); 3] = [
    (KeySpec::EccNistP256, 32, 26),
    (KeySpec::EccNistP384, 48, 23),
    (KeySpec::EccNistP521, 66, 25),
];

fn material(spec: KeySpec) -> KeyMaterial {
    KeyMaterial::generate(spec, &mut test_rng()).expect("generates")
}

fn public_key(material: &KeyMaterial) -> Vec<u8> {
    material.public_key_der().expect("a public key").to_vec()
}

#[track_caller]
fn refusal(material: &KeyMaterial, peer: &[u8]) -> &'static str {
    match derive_shared_secret(material, peer).err() {
        Some(CryptoError::PublicKey(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_sides_derive_the_same_secret_as_long_as_the_field() {
    for (spec, coordinate_bytes, _) in CURVES {
        let (one, other) = (material(spec), material(spec));
        let secret = derive_shared_secret(&one, &public_key(&other)).expect("derives");
        assert_eq!(secret.len(), coordinate_bytes);
        let same = derive_shared_secret(&other, &public_key(&one)).expect("derives");
        assert!(secret.ct_eq(&same));
        let own = derive_shared_secret(&one, &public_key(&one)).expect("derives");
        assert!(!secret.ct_eq(&own));
    }
}

/// Every point that differs in one bit: hardly any is on the curve, and none that is gives the same secret.
#[test]
fn points_off_the_curve_are_refused() {
    for (spec, coordinate_bytes, point_at) in CURVES {
        let (one, other) = (material(spec), material(spec));
        let peer = public_key(&other);
        assert_eq!(peer.len(), point_at + 1 + 2 * coordinate_bytes);
        for bit in (point_at + 1) * 8..peer.len() * 8 {
            let mut flipped = peer.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                refusal(&one, &flipped),
                "its public key is not a point on the curve",
                "bit {bit}"
            );
        }
    }
}

/// Infinity, the only point of low order on these curves; the hybrid form; and coordinates of nothing.
#[test]
fn infinity_and_other_forms_of_a_point_are_refused() {
    for (spec, coordinate_bytes, point_at) in CURVES {
        let (one, other) = (material(spec), material(spec));
        let peer = public_key(&other);
        let no_point = "its public key is not a compressed or uncompressed point";
        for form in (0..=0xff).filter(|form| *form != 0x04) {
            let mut changed = peer.clone();
            changed[point_at] = form;
            assert_eq!(refusal(&one, &changed), no_point, "form {form}");
        }
        let infinity = with_point(&peer, point_at, &[0x00]);
        assert_eq!(refusal(&one, &infinity), no_point);
        let empty = with_point(&peer, point_at, &[]);
        assert_eq!(refusal(&one, &empty), no_point);
        let zeros = with_point(
            &peer,
            point_at,
            &[&[0x04], vec![0; 2 * coordinate_bytes].as_slice()].concat(),
        );
        assert_eq!(
            refusal(&one, &zeros),
            "its public key is not a point on the curve"
        );
        let beyond = with_point(
            &peer,
            point_at,
            &[&[0x02], vec![0xff; coordinate_bytes].as_slice()].concat(),
        );
        assert_eq!(
            refusal(&one, &beyond),
            "its public key is not a point on the curve"
        );
    }
}

/// The same SubjectPublicKeyInfo with another point, lengths included. All lengths are below 256.
fn with_point(der: &[u8], point_at: usize, point: &[u8]) -> Vec<u8> {
    let algorithm_at = if der[1] == 0x81 { 3 } else { 2 };
    let algorithm_bytes = 2 + usize::from(der[algorithm_at + 1]);
    assert!(algorithm_at + algorithm_bytes < point_at);
    let bits = [&[0x00], point].concat();
    let inner = [
        &der[algorithm_at..algorithm_at + algorithm_bytes],
        &element(0x03, &bits),
    ]
    .concat();
    element(0x30, &inner)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("a short element");
    let header = if length < 0x80 {
        vec![tag, length]
    } else {
        vec![tag, 0x81, length]
    };
    [header.as_slice(), content].concat()
}

#[test]
fn a_compressed_point_is_the_same_point() {
    for (spec, coordinate_bytes, point_at) in CURVES {
        let (one, other) = (material(spec), material(spec));
        let peer = public_key(&other);
        let x = &peer[point_at + 1..point_at + 1 + coordinate_bytes];
        let form = 0x02 | (peer[peer.len() - 1] & 1);
        let compressed = with_point(&peer, point_at, &[&[form], x].concat());
        let secret = derive_shared_secret(&one, &compressed).expect("derives");
        assert!(secret.ct_eq(&derive_shared_secret(&one, &peer).expect("derives")));
    }
}

#[test]
fn keys_of_another_curve_or_kind_are_refused_by_name() {
    let others = [
        (KeySpec::EccNistP256, "it is a key of another curve"),
        (KeySpec::EccNistP384, "it is a key of another curve"),
        (KeySpec::EccNistP521, "it is a key of another curve"),
        (KeySpec::EccSecgP256k1, "it is a key of another curve"),
        (KeySpec::EccNistEdwards25519, "it is a key of another algorithm"),
        (KeySpec::MlDsa44, "it is a key of another algorithm"),
        (KeySpec::MlKem512, "it is a key of another algorithm"),
    ];
    for (spec, ..) in CURVES {
        let key = material(spec);
        for (other, reason) in others.into_iter().filter(|(other, _)| *other != spec) {
            assert_eq!(
                refusal(&key, &public_key(&material(other))),
                reason,
                "{spec} {other}"
            );
        }
    }
}

#[test]
fn truncated_and_extended_public_keys_are_refused() {
    for (spec, ..) in CURVES {
        let key = material(spec);
        let peer = public_key(&key);
        for length in 0..peer.len() {
            refusal(&key, &peer[..length]);
        }
        assert_eq!(
            refusal(&key, &[peer.as_slice(), &[0]].concat()),
            "it is not DER of one SubjectPublicKeyInfo"
        );
    }
}

#[test]
fn no_other_kind_of_key_derives_shared_secrets() {
    let peer = public_key(&material(KeySpec::EccNistP256));
    for spec in [
        KeySpec::SymmetricDefault,
        KeySpec::EccSecgP256k1,
        KeySpec::EccNistEdwards25519,
        KeySpec::Hmac256,
        KeySpec::MlDsa44,
        KeySpec::MlKem512,
    ] {
        assert_eq!(
            derive_shared_secret(&material(spec), &peer).err(),
            Some(CryptoError::WrongSpec(spec))
        );
    }
}
