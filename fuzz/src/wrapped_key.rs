//! Wrapped keys and root key files: bytes that were kept and may come back altered, or from another place.

use crate::Seed;
use crate::fixed_rng::FixedRng;
use crate::seals::changed_by;
use kms_crypto::seal::{FileSeal, SealKind, SealProvider};
use kms_crypto::wrap::{MaterialPlace, RootKey, RootKeyId, WrappingKey};
use kms_crypto::{KeyMaterial, MaterialCommitment, MaterialName, SecretBytes, SecretKey256};
use kms_domain::vocabulary::{KeyId, KeyOrigin, KeySpec, MaterialId, RegionName};
use std::sync::LazyLock;

const CLUSTER: &str = "concord-test";
const WRAPPING_KEY: u64 = 2;

/// One of each kind of kept bytes, and the keys that open them.
struct Kept {
    root: RootKey,
    wrapping: WrappingKey,
    region: RegionName,
    root_key_file: SecretBytes,
    wrapping_key: Vec<u8>,
    material: Vec<u8>,
    commitment: Vec<u8>,
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let rng = &mut FixedRng(3);
    let key = SecretKey256::copy_of(&[0x11; 32]).expect("32 bytes are a key");
    let root = RootKey::from_parts(RootKeyId([0x22; 16]), key);
    let wrapping = WrappingKey::generate(WRAPPING_KEY, rng);
    let region: RegionName = "us-east-1".parse().expect("a region");
    let bytes = SecretBytes::copy_of(&[0x33; 32]);
    let material = KeyMaterial::from_bytes(KeySpec::SymmetricDefault, &bytes).expect("32 bytes are material");
    Kept {
        root_key_file: FileSeal.seal(&root, rng).expect("a root key is sealed"),
        wrapping_key: root
            .wrap_wrapping_key(CLUSTER, &region, &wrapping, rng)
            .expect("a wrapping key is wrapped"),
        material: wrapping
            .wrap_material(&place(&region), &material, rng)
            .expect("material is wrapped"),
        commitment: wrapping
            .wrap_commitment(&place(&region), &MaterialCommitment::from_bytes([0x34; 32]), rng)
            .expect("a commitment is wrapped"),
        root,
        wrapping,
        region,
    }
});

/// Kept bytes of each kind, and the same bytes as a change of one that was kept: only what was wrapped is unwrapped,
/// and a root key that a file gives is written into the same file again.
pub fn wrapped_key(bytes: &[u8]) -> bool {
    let kept = &*KEPT;
    let originals = [&kept.wrapping_key, &kept.material, &kept.commitment].map(Vec::as_slice);
    for original in originals.into_iter().chain([kept.root_key_file.expose()]) {
        unwraps(kept, &changed_by(original, bytes));
    }
    unwraps(kept, bytes)
}

fn unwraps(kept: &Kept, bytes: &[u8]) -> bool {
    let root = FileSeal.unseal(bytes);
    if let Ok(root) = &root {
        assert_eq!(SealKind::of(bytes), Ok(SealKind::File));
        let file = FileSeal
            .seal(root, &mut FixedRng(0))
            .expect("a root key is sealed");
        assert_eq!(file.expose(), bytes);
    }
    let wrapping_key = kept
        .root
        .unwrap_wrapping_key(CLUSTER, &kept.region, WRAPPING_KEY, bytes);
    if wrapping_key.is_ok() {
        assert_eq!(RootKey::id_of(bytes), Ok(kept.root.id()));
        assert_eq!(bytes, kept.wrapping_key);
    }
    let material = kept.wrapping.unwrap_material(&place(&kept.region), bytes);
    if material.is_ok() {
        assert_eq!(WrappingKey::id_of(bytes), Ok(WRAPPING_KEY));
        assert_eq!(bytes, kept.material);
    }
    let commitment = kept.wrapping.unwrap_commitment(&place(&kept.region), bytes);
    if commitment.is_ok() {
        assert_eq!(bytes, kept.commitment);
    }
    root.is_ok() || wrapping_key.is_ok() || material.is_ok() || commitment.is_ok()
}

fn place(region: &RegionName) -> MaterialPlace<'_> {
    MaterialPlace {
        cluster: CLUSTER,
        region,
        name: MaterialName {
            account: "123456789012".parse().expect("an account"),
            key_id: KeyId::uuid([4; 16]),
            material_id: MaterialId([5; 32]),
        },
        spec: KeySpec::SymmetricDefault,
        origin: KeyOrigin::AwsKms,
        row_format: 1,
    }
}

/// One of each kind.
pub fn seeds() -> Vec<Seed> {
    vec![
        Seed::new("root-key-file", KEPT.root_key_file.expose()),
        Seed::new("wrapping-key", KEPT.wrapping_key.as_slice()),
        Seed::new("material", KEPT.material.as_slice()),
        Seed::new("commitment", KEPT.commitment.as_slice()),
    ]
}
