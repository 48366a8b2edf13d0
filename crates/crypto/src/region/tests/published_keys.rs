//! What regions may rely on in the HPKE keys that others publish.

use super::{Fixture, life};
use crate::error::CryptoError;
use crate::region::{HpkePublicKey, RegionIdentity, RegionSigningKey, SignedHpkeKey};
use crate::secret::SecretBytes;
use kms_domain::vocabulary::Timestamp;

fn signed_key(f: &Fixture) -> (RegionIdentity, SignedHpkeKey) {
    let owner = RegionIdentity {
        life: f.destination.clone(),
        issuer_spki: vec![0x30, 0],
        signing_key: f.source_key.verifying_key(),
    };
    let validity = (Timestamp(1_000), Timestamp(2_000));
    let signed = SignedHpkeKey::sign(
        "concord",
        &owner.life,
        f.recipient.public(),
        validity,
        &f.source_key,
    );
    (owner, signed.expect("signs"))
}

#[test]
fn a_published_hpke_key_is_accepted_within_its_validity_and_not_below_the_counter() {
    let f = Fixture::new();
    let (owner, signed) = signed_key(&f);
    let bytes = signed.to_bytes();
    assert_eq!(bytes.len(), SignedHpkeKey::BYTES);
    let read = SignedHpkeKey::from_bytes(&bytes).expect("reads");
    assert_eq!(read, signed);
    assert_eq!(read.claimed_id(), 5);
    let verify = |now_ms, id_min| read.verify("concord", &owner, Timestamp(now_ms), id_min);
    for (now_ms, id_min) in [(1_000, 0), (1_500, 5), (2_000, 5)] {
        assert_eq!(verify(now_ms, id_min).as_ref(), Ok(f.recipient.public()));
    }
    for (now_ms, id_min) in [(999, 0), (2_001, 0), (1_500, 6)] {
        assert!(
            matches!(verify(now_ms, id_min), Err(CryptoError::PeerKey(_))),
            "{now_ms} {id_min}"
        );
    }
}

#[test]
fn a_published_hpke_key_counts_for_its_region_life_cluster_and_signer_only() {
    let f = Fixture::new();
    let (owner, signed) = signed_key(&f);
    let stranger = RegionSigningKey::from_private_bytes(&SecretBytes::copy_of(&[8; 32])).expect("a key");
    let others = [
        ("other", owner.clone()),
        (
            "concord",
            RegionIdentity {
                life: life("eu-west-1", 3),
                ..owner.clone()
            },
        ),
        (
            "concord",
            RegionIdentity {
                life: life("eu-west-2", 2),
                ..owner.clone()
            },
        ),
        (
            "concord",
            RegionIdentity {
                signing_key: stranger.verifying_key(),
                ..owner.clone()
            },
        ),
    ];
    for (cluster, other) in others {
        let refused = signed.verify(cluster, &other, Timestamp(1_500), 0);
        assert_eq!(refused, Err(CryptoError::PeerSignature));
        assert_ne!(other.fingerprint(cluster), owner.fingerprint("concord"));
    }
}

#[test]
fn every_changed_byte_and_length_of_a_published_hpke_key_is_refused() {
    let f = Fixture::new();
    let (owner, signed) = signed_key(&f);
    let bytes = signed.to_bytes();
    let accepted = |bytes: &[u8]| {
        SignedHpkeKey::from_bytes(bytes)
            .is_ok_and(|key| key.verify("concord", &owner, Timestamp(1_500), 0).is_ok())
    };
    assert!(accepted(&bytes));
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(!accepted(&changed), "byte {at}");
    }
    for length in [0, 1, 25, bytes.len() - 1] {
        assert!(!accepted(&bytes[..length]));
    }
    assert_eq!(f.recipient.public().to_bytes().len(), HpkePublicKey::BYTES);
}

#[test]
fn a_pinned_hpke_key_is_the_one_that_was_published() {
    let f = Fixture::new();
    let (owner, signed) = signed_key(&f);
    let verified = signed
        .verify("concord", &owner, Timestamp(1_500), 0)
        .expect("verifies");
    let pinned = HpkePublicKey::pinned(verified.id(), &verified.to_bytes()).expect("reads");
    assert_eq!(pinned, verified);
    assert!(HpkePublicKey::pinned(verified.id(), &verified.to_bytes()[1..]).is_err());
}
