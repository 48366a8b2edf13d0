//! The keys of a new region, and new HPKE keys of an old one.

use super::{HPKE_PURPOSE, Keyring, PLACE_LABEL, SIGNING_PURPOSE, region_of};
use crate::errors::OperationError;
use kms_crypto::region::{HpkeKeyPair, RegionLife, RegionSigningKey, SignedHpkeKey};
use kms_crypto::wrap::WrappingKey;
use kms_crypto::{CryptoError, Fields};
use kms_domain::State;
use kms_domain::command::Bootstrap;
use kms_domain::rows::{HpkeKeyRow, WrappingKeyRow};
use kms_domain::vocabulary::{HpkeKeyId, Incarnation, RegionName, Timestamp, WrappingKeyId};

/// How long peers may seal to an HPKE key, in days. It is renewed well before, see `crate::leader`.
pub const HPKE_VALIDITY_DAYS: u32 = 180;

const FIRST_WRAPPING_KEY: WrappingKeyId = 1;
const FIRST_HPKE_KEY: HpkeKeyId = 1;

impl Keyring {
    /// Everything random that a new region begins with.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn found_region(
        &self,
        cluster: &str,
        region: &RegionName,
        now: Timestamp,
        feature_level: u32,
    ) -> Result<Bootstrap, CryptoError> {
        let life = RegionLife {
            region: region.clone(),
            incarnation: Incarnation(self.random_bytes()),
        };
        let signing = self.with_rng(|rng| RegionSigningKey::generate(rng))?;
        let wrapping_key = self.with_rng(|rng| WrappingKey::generate(FIRST_WRAPPING_KEY, rng));
        let wrapped =
            self.with_rng(|rng| self.root.wrap_wrapping_key(cluster, region, &wrapping_key, rng))?;
        let place = private_place(cluster, &life);
        let signing_private = signing.private_bytes();
        let signing_private_wrapped = self.with_rng(|rng| {
            self.root
                .wrap(SIGNING_PURPOSE, place.as_bytes(), signing_private, rng)
        })?;
        Ok(Bootstrap {
            cluster: cluster.to_owned(),
            region: region.clone(),
            incarnation: life.incarnation,
            wrapping_key: WrappingKeyRow {
                id: FIRST_WRAPPING_KEY,
                root_key_id: self.root.id().0,
                wrapped: wrapped.into(),
                retired: false,
            },
            hpke_key: self.hpke_row(cluster, &life, FIRST_HPKE_KEY, now, &signing)?,
            signing_public: *signing.verifying_key().as_bytes(),
            signing_private_wrapped: signing_private_wrapped.into(),
            feature_level,
        })
    }

    /// The HPKE key pair that follows the region's present one.
    ///
    /// # Errors
    /// Before bootstrap; when the signing key does not open.
    pub fn next_hpke_key(&self, state: &State, now: Timestamp) -> Result<HpkeKeyRow, OperationError> {
        let region = region_of(state)?;
        let life = RegionLife {
            region: region.name.clone(),
            incarnation: region.incarnation,
        };
        let signing = self.signing_key(state)?;
        Ok(self.hpke_row(&region.cluster, &life, region.hpke_key + 1, now, &signing)?)
    }

    fn hpke_row(
        &self,
        cluster: &str,
        life: &RegionLife,
        id: HpkeKeyId,
        now: Timestamp,
        signing: &RegionSigningKey,
    ) -> Result<HpkeKeyRow, CryptoError> {
        let pair = self.with_rng(|rng| HpkeKeyPair::generate(id, rng))?;
        let valid_until = now.plus_days(HPKE_VALIDITY_DAYS);
        let signed = SignedHpkeKey::sign(
            cluster,
            life,
            pair.public(),
            SignedHpkeKey::validity_until(valid_until),
            signing,
        )?;
        let place = private_place(cluster, life).number(id);
        let private = pair.private_bytes();
        let private_wrapped =
            self.with_rng(|rng| self.root.wrap(HPKE_PURPOSE, place.as_bytes(), private, rng))?;
        Ok(HpkeKeyRow {
            id,
            public: pair.public().to_bytes().into(),
            private_wrapped: private_wrapped.into(),
            valid_until,
            signature: signed.signature().0.to_vec().into(),
        })
    }
}

fn private_place(cluster: &str, life: &RegionLife) -> Fields {
    Fields::new(PLACE_LABEL)
        .text(cluster)
        .region(&life.region)
        .incarnation(&life.incarnation)
}
