//! The keys of the two regions of the world: what signs, seals and wraps there.

use crate::fixed_rng::FixedRng;
use crate::world::{CLUSTER, NOW};
use kms_crypto::SecretBytes;
use kms_crypto::region::{HpkeKeyPair, RegionLife, RegionSigningKey, SignedHpkeKey};
use kms_crypto::wrap::WrappingKey;
use kms_domain::Command;
use kms_domain::command::Bootstrap;
use kms_domain::rows::{HpkeKeyRow, PeerRegion, WrappingKeyRow};
use kms_domain::vocabulary::Incarnation;
use std::sync::{Arc, LazyLock};

/// The wrapping key of both regions, by the id that golden rows name.
pub(crate) const WRAPPING_KEY: u64 = 2;

const HPKE_KEY: u64 = 7;

/// A region's own keys, open.
pub(crate) struct RegionKeys {
    pub(crate) life: RegionLife,
    pub(crate) signing: Arc<RegionSigningKey>,
    pub(crate) hpke: Arc<HpkeKeyPair>,
    pub(crate) wrapping: Arc<WrappingKey>,
}

impl RegionKeys {
    fn new(region: &str, secret: u8) -> Self {
        let secret = SecretBytes::copy_of(&[secret; 32]);
        Self {
            life: RegionLife {
                region: region.parse().expect("a region"),
                incarnation: Incarnation([0x33; 16]),
            },
            signing: Arc::new(RegionSigningKey::from_private_bytes(&secret).expect("32 bytes are a key")),
            hpke: Arc::new(HpkeKeyPair::from_private_bytes(HPKE_KEY, &secret).expect("32 bytes are a key")),
            wrapping: Arc::new(WrappingKey::generate(WRAPPING_KEY, &mut FixedRng(1))),
        }
    }

    /// The HPKE key as its region signs and publishes it.
    pub(crate) fn signed_hpke_key(&self) -> SignedHpkeKey {
        let validity = SignedHpkeKey::validity_until(NOW);
        SignedHpkeKey::sign(CLUSTER, &self.life, self.hpke.public(), validity, &self.signing)
            .expect("a region signs its own key")
    }

    pub(crate) fn bootstrap(&self) -> Command {
        Command::Bootstrap(Bootstrap {
            cluster: CLUSTER.to_owned(),
            region: self.life.region.clone(),
            incarnation: self.life.incarnation,
            wrapping_key: WrappingKeyRow {
                id: WRAPPING_KEY,
                root_key_id: [0x66; 16],
                wrapped: Arc::from([1]),
                retired: false,
            },
            hpke_key: HpkeKeyRow {
                id: HPKE_KEY,
                public: self.hpke.public().to_bytes().into(),
                private_wrapped: Arc::from([1]),
                valid_until: NOW,
                signature: self.signed_hpke_key().signature().0.to_vec().into(),
            },
            signing_public: *self.signing.verifying_key().as_bytes(),
            signing_private_wrapped: Arc::from([1]),
            feature_level: 1,
        })
    }

    pub(crate) fn as_pinned(&self) -> Command {
        Command::PairRegion(Box::new(PeerRegion {
            name: self.life.region.clone(),
            incarnation: self.life.incarnation,
            signing_public: *self.signing.verifying_key().as_bytes(),
            hpke_key: HPKE_KEY,
            hpke_public: self.hpke.public().to_bytes().into(),
            hpke_valid_until: NOW,
            issuing_ca_spki_sha256: [0x6d; 32],
            endpoints: vec!["https://127.0.0.1:7000".to_owned()],
        }))
    }
}

/// The keys of the region under test.
pub(crate) static KEYS_HERE: LazyLock<RegionKeys> = LazyLock::new(|| RegionKeys::new("us-east-1", 0x7a));

/// The keys of its peer.
pub(crate) static KEYS_THERE: LazyLock<RegionKeys> = LazyLock::new(|| RegionKeys::new("eu-west-1", 0x6b));
