//! What wrapped bytes promise: they open under their key, in their place, for their purpose, or not at all.

use super::{MaterialPlace, RootKey, RootKeyId, WrappingKey};
use crate::error::{CryptoError, Fault};
use crate::material::{KeyMaterial, MaterialName};
use crate::secret::SecretKey256;
use crate::testing::test_rng;
use kms_domain::vocabulary::{KeyId, KeyOrigin, KeySpec, MaterialId, RegionName};
use proptest::prelude::{any, prop_assert_eq, proptest};

fn region(name: &str) -> RegionName {
    name.parse().expect("a region")
}

fn place(region: &RegionName) -> MaterialPlace<'_> {
    MaterialPlace {
        cluster: "concord",
        region,
        name: MaterialName {
            account: "111122223333".parse().expect("an account"),
            key_id: KeyId::uuid([0x11; 16]),
            material_id: MaterialId([0x22; 32]),
        },
        spec: KeySpec::SymmetricDefault,
        origin: KeyOrigin::AwsKms,
        row_format: 1,
    }
}

#[test]
fn material_survives_wrapping() {
    let rng = &mut test_rng();
    let key = WrappingKey::generate(7, rng);
    let material = KeyMaterial::generate(KeySpec::SymmetricDefault, rng).expect("generates");
    let region = region("us-east-1");
    let wrapped = key.wrap_material(&place(&region), &material, rng).expect("wraps");
    assert_eq!(wrapped.len(), 3 + 8 + 32 + 32 + 32 + 16);
    assert_eq!(WrappingKey::id_of(&wrapped), Ok(7));
    let unwrapped = key.unwrap_material(&place(&region), &wrapped).expect("unwraps");
    assert_eq!(unwrapped.bytes(), material.bytes());
    assert!(
        !wrapped
            .windows(8)
            .any(|window| material.bytes().windows(8).any(|part| part == window))
    );
}

#[test]
fn material_wrapped_for_one_place_opens_in_no_other() {
    let rng = &mut test_rng();
    let key = WrappingKey::generate(7, rng);
    let material = KeyMaterial::generate(KeySpec::SymmetricDefault, rng).expect("generates");
    let (here, elsewhere) = (region("us-east-1"), region("eu-west-1"));
    let place = place(&here);
    let wrapped = key.wrap_material(&place, &material, rng).expect("wraps");

    let renamed = |change: fn(&mut MaterialName)| {
        let mut name = place.name;
        change(&mut name);
        MaterialPlace { name, ..place }
    };
    let others = [
        MaterialPlace {
            cluster: "other",
            ..place
        },
        MaterialPlace {
            region: &elsewhere,
            ..place
        },
        renamed(|name| name.account = "111122223334".parse().expect("an account")),
        renamed(|name| name.key_id = KeyId::uuid([0x12; 16])),
        renamed(|name| name.material_id = MaterialId([0x23; 32])),
        MaterialPlace {
            spec: KeySpec::Hmac256,
            ..place
        },
        MaterialPlace {
            origin: KeyOrigin::External,
            ..place
        },
        MaterialPlace {
            row_format: 2,
            ..place
        },
    ];
    for other in others {
        let error = key.unwrap_material(&other, &wrapped).err();
        assert_eq!(error, Some(CryptoError::Unwrap), "{other:?}");
    }
}

#[test]
fn a_commitment_survives_wrapping_in_its_place_only() {
    let rng = &mut test_rng();
    let key = WrappingKey::generate(7, rng);
    let material = KeyMaterial::generate(KeySpec::SymmetricDefault, rng).expect("generates");
    let (here, elsewhere) = (region("us-east-1"), region("eu-west-1"));
    let place = place(&here);
    let commitment = material.commitment(&place.name);
    let wrapped = key.wrap_commitment(&place, &commitment, rng).expect("wraps");
    let unwrapped = key.unwrap_commitment(&place, &wrapped).expect("unwraps");
    assert!(unwrapped.ct_eq(&commitment));
    let mut other_material = place.name;
    other_material.material_id = MaterialId([0x23; 32]);
    let others = [
        MaterialPlace {
            cluster: "other",
            ..place
        },
        MaterialPlace {
            region: &elsewhere,
            ..place
        },
        MaterialPlace {
            name: other_material,
            ..place
        },
    ];
    for other in others {
        let error = key.unwrap_commitment(&other, &wrapped).err();
        assert_eq!(error, Some(CryptoError::Unwrap), "{other:?}");
    }
}

/// Both are 32 bytes of the same material in the same place: a commitment is no secret, material is.
#[test]
fn a_commitment_never_opens_as_material_nor_material_as_a_commitment() {
    let rng = &mut test_rng();
    let key = WrappingKey::generate(7, rng);
    let material = KeyMaterial::generate(KeySpec::SymmetricDefault, rng).expect("generates");
    let region = region("us-east-1");
    let place = place(&region);
    let commitment = material.commitment(&place.name);
    let committed = key.wrap_commitment(&place, &commitment, rng).expect("wraps");
    let wrapped = key.wrap_material(&place, &material, rng).expect("wraps");
    assert_eq!(
        key.unwrap_material(&place, &committed).err(),
        Some(CryptoError::Unwrap)
    );
    assert_eq!(
        key.unwrap_commitment(&place, &wrapped).err(),
        Some(CryptoError::Unwrap)
    );
}

#[test]
fn another_wrapping_key_or_another_id_opens_nothing() {
    let rng = &mut test_rng();
    let key = WrappingKey::generate(7, rng);
    let material = KeyMaterial::generate(KeySpec::SymmetricDefault, rng).expect("generates");
    let region = region("us-east-1");
    let place = place(&region);
    let wrapped = key.wrap_material(&place, &material, rng).expect("wraps");

    let same_id = WrappingKey::generate(7, rng);
    assert_eq!(
        same_id.unwrap_material(&place, &wrapped).err(),
        Some(CryptoError::Unwrap)
    );

    let same_bytes = SecretKey256::copy_of(key.key.expose()).expect("32 bytes");
    let other_id = WrappingKey::from_parts(8, same_bytes);
    assert_eq!(
        other_id.unwrap_material(&place, &wrapped).err(),
        Some(CryptoError::Unwrap)
    );
    let mut relabelled = wrapped;
    relabelled[10] = 8;
    assert_eq!(
        other_id.unwrap_material(&place, &relabelled).err(),
        Some(CryptoError::Unwrap)
    );
    assert_eq!(CryptoError::Unwrap.fault(), Fault::StoredData);
}

#[test]
fn every_changed_bit_and_every_truncation_of_wrapped_bytes_is_refused() {
    let rng = &mut test_rng();
    let root = RootKey::generate(rng);
    let wrapped = root.wrap("storage-key", b"place", b"secret", rng).expect("wraps");
    for bit in 0..wrapped.len() * 8 {
        let mut changed = wrapped.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = root.unwrap("storage-key", b"place", &changed).err();
        assert_eq!(error, Some(CryptoError::Unwrap), "bit {bit}");
    }
    for length in 0..wrapped.len() {
        let error = root.unwrap("storage-key", b"place", &wrapped[..length]).err();
        assert_eq!(error, Some(CryptoError::Unwrap), "length {length}");
    }
    assert!(
        root.unwrap("storage-key", b"place", &[wrapped, vec![0]].concat())
            .is_err()
    );
}

#[test]
fn bytes_wrapped_for_one_purpose_or_place_open_for_no_other() {
    let rng = &mut test_rng();
    let root = RootKey::generate(rng);
    let wrapped = root
        .wrap("storage-key", b"node 1", b"secret", rng)
        .expect("wraps");
    assert_eq!(RootKey::id_of(&wrapped), Ok(root.id()));
    let opened = root.unwrap("storage-key", b"node 1", &wrapped).expect("unwraps");
    assert_eq!(opened.expose(), b"secret");
    for (purpose, aad) in [
        ("region-signing-key", b"node 1".as_slice()),
        ("storage-key", b"node 2"),
        ("storage-keyn", b"ode 1"),
        ("", b""),
    ] {
        assert_eq!(
            root.unwrap(purpose, aad, &wrapped).err(),
            Some(CryptoError::Unwrap),
            "{purpose}"
        );
    }
    let other_root = RootKey::generate(rng);
    assert_eq!(
        other_root.unwrap("storage-key", b"node 1", &wrapped).err(),
        Some(CryptoError::Unwrap)
    );
    let same_bytes = SecretKey256::copy_of(root.key.expose()).expect("32 bytes");
    let other_id = RootKey::from_parts(RootKeyId([0; 16]), same_bytes);
    assert_eq!(
        other_id.unwrap("storage-key", b"node 1", &wrapped).err(),
        Some(CryptoError::Unwrap)
    );
}

#[test]
fn a_wrapping_key_survives_under_its_root_key_in_its_place_only() {
    let rng = &mut test_rng();
    let root = RootKey::generate(rng);
    let key = WrappingKey::generate(1, rng);
    let (here, elsewhere) = (region("us-east-1"), region("eu-west-1"));
    let wrapped = root
        .wrap_wrapping_key("concord", &here, &key, rng)
        .expect("wraps");
    let unwrapped = root
        .unwrap_wrapping_key("concord", &here, 1, &wrapped)
        .expect("unwraps");
    assert_eq!(unwrapped.id(), 1);
    assert!(unwrapped.key.ct_eq(&key.key));
    for (cluster, region, id) in [
        ("other", &here, 1),
        ("concord", &elsewhere, 1),
        ("concord", &here, 2),
    ] {
        let error = root.unwrap_wrapping_key(cluster, region, id, &wrapped).err();
        assert_eq!(error, Some(CryptoError::Unwrap));
    }
    assert!(root.unwrap_wrapping_key("concord", &here, 1, b"").is_err());
}

#[test]
fn bytes_of_a_root_key_and_of_a_wrapping_key_are_told_apart() {
    let rng = &mut test_rng();
    let by_root = RootKey::generate(rng)
        .wrap("p", b"", b"secret", rng)
        .expect("wraps");
    let by_wrapping = WrappingKey::generate(1, rng)
        .wrap("p", b"", b"secret", rng)
        .expect("wraps");
    assert!(RootKey::id_of(&by_wrapping).is_err());
    assert!(WrappingKey::id_of(&by_root).is_err());
    assert_eq!(
        WrappingKey::id_of(&[]).map_err(|error| error.fault()),
        Err(Fault::StoredData)
    );
}

/// The same key bytes wrap material and other things: neither opens as the other.
#[test]
fn other_bytes_of_a_wrapping_key_never_open_as_material() {
    let rng = &mut test_rng();
    let key = WrappingKey::generate(7, rng);
    let region = region("us-east-1");
    let place = place(&region);
    let bound = key.bound_material(&place);
    let other = key
        .wrap("material", bound.as_bytes(), &[1; 32], rng)
        .expect("wraps");
    assert_eq!(
        key.unwrap_material(&place, &other).err(),
        Some(CryptoError::Unwrap)
    );
    assert_eq!(
        key.unwrap("material", bound.as_bytes(), &other)
            .expect("unwraps")
            .expose(),
        &[1; 32]
    );
}

/// RSA takes seconds to make, and its stored form is one of the vectors.
#[test]
fn material_of_every_spec_is_the_same_after_it_was_wrapped() {
    let rng = &mut test_rng();
    let region = region("us-east-1");
    let key = WrappingKey::generate(7, rng);
    let rsa = [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096];
    for spec in KeySpec::ALL.iter().filter(|spec| !rsa.contains(spec)) {
        let place = MaterialPlace {
            spec: *spec,
            ..place(&region)
        };
        let material = KeyMaterial::generate(*spec, rng).expect("generates");
        let wrapped = key.wrap_material(&place, &material, rng).expect("wraps");
        let unwrapped = key.unwrap_material(&place, &wrapped).expect("unwraps");
        assert_eq!(unwrapped.spec(), *spec);
        assert_eq!(unwrapped.bytes(), material.bytes(), "{spec}");
        assert_eq!(unwrapped.public_key_der(), material.public_key_der(), "{spec}");
        assert_eq!(
            spec.is_asymmetric(),
            material.public_key_der().is_some(),
            "{spec}"
        );
    }
}

proptest! {
    #[test]
    fn whatever_is_wrapped_unwraps(
        purpose in "[a-z-]{1,16}",
        aad in proptest::collection::vec(any::<u8>(), 0..64),
        bytes in proptest::collection::vec(any::<u8>(), 0..3_000),
    ) {
        let rng = &mut test_rng();
        let (root, key) = (RootKey::generate(rng), WrappingKey::generate(3, rng));
        let by_root = root.wrap(&purpose, &aad, &bytes, rng).expect("wraps");
        let by_key = key.wrap(&purpose, &aad, &bytes, rng).expect("wraps");
        let opened = root.unwrap(&purpose, &aad, &by_root).expect("unwraps");
        prop_assert_eq!(opened.expose(), bytes.as_slice());
        let opened = key.unwrap(&purpose, &aad, &by_key).expect("unwraps");
        prop_assert_eq!(opened.expose(), bytes.as_slice());
    }
}

#[test]
fn a_root_key_derives_the_same_key_for_a_purpose_everywhere_and_others_for_others() {
    let rng = &mut test_rng();
    let (first, second) = (RootKey::generate(rng), RootKey::generate(rng));
    let derived = |root: &RootKey, purpose| root.derive(purpose).expect("derives");
    assert!(derived(&first, "a").ct_eq(&derived(&first, "a")));
    assert!(!derived(&first, "a").ct_eq(&derived(&first, "b")));
    assert!(!derived(&first, "a").ct_eq(&derived(&second, "a")));
}
