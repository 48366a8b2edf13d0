//! HPKE keys as regions publish them.

use crate::Seed;
use crate::region_keys::KEYS_THERE;
use crate::seals::changed_by;
use crate::world::{CLUSTER, NOW};
use kms_crypto::region::{RegionIdentity, SignedHpkeKey};
use std::sync::LazyLock;

static PUBLISHED: LazyLock<Vec<u8>> = LazyLock::new(|| KEYS_THERE.signed_hpke_key().to_bytes());

/// What a peer answers when it is asked for its sealing key, and the same bytes as a change of what it published: what
/// reads is written as the same bytes, and only what the region signed is taken.
pub fn sealing_key(bytes: &[u8]) -> bool {
    is_taken(&changed_by(&PUBLISHED, bytes));
    is_taken(bytes)
}

fn is_taken(bytes: &[u8]) -> bool {
    let Ok(signed) = SignedHpkeKey::from_bytes(bytes) else {
        return false;
    };
    assert_eq!(signed.to_bytes(), bytes);
    let owner = RegionIdentity {
        life: KEYS_THERE.life.clone(),
        issuer_spki: Vec::new(),
        signing_key: KEYS_THERE.signing.verifying_key(),
    };
    let taken = signed.verify(CLUSTER, &owner, NOW, 0).is_ok();
    assert!(
        !taken || bytes == *PUBLISHED,
        "a key is taken that the region did not sign"
    );
    taken
}

/// The peer's present key.
pub fn seeds() -> Vec<Seed> {
    vec![Seed::new("published", PUBLISHED.as_slice())]
}
