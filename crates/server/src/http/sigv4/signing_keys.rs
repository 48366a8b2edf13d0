//! Derived signing keys, kept so that a secret is opened once a day and not for each request.
//!
//! Only they are kept, never a secret: one is good for one day, region and service. A kept key proves nothing by
//! itself: which access key is at which revision, and whether it is active, is read from the state for every request.

use super::Scoped;
use chrono::NaiveDate;
use kms_crypto::SecretBytes;
use kms_domain::vocabulary::{AccessKeyId, RegionName};
use moka::sync::Cache;
use scratchstack_aws_signature::{KSecretKey, KSigningKey};
use std::str::FromStr;
use std::time::Duration;

/// Signing keys kept at a time.
const ENTRIES_MAX: u64 = 10_000;
/// How long one is kept at most, used or not.
const AGE_MAX: Duration = Duration::from_secs(3_600);

/// What a signing key was derived for. A changed access key has another revision, so that it never meets an old entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DerivedFor {
    pub(crate) access_key: AccessKeyId,
    pub(crate) revision: u64,
    pub(crate) date: NaiveDate,
    pub(crate) service: Scoped,
}

/// A bounded cache of signing keys.
pub(crate) struct SigningKeys {
    region: RegionName,
    kept: Cache<DerivedFor, KSigningKey>,
}

/// A secret that is not 40 ASCII characters: its row is damaged.
#[derive(Debug)]
pub(crate) struct NoSecret;

impl SigningKeys {
    /// An empty cache for a region.
    pub(crate) fn new(region: RegionName) -> Self {
        Self {
            region,
            kept: Cache::builder()
                .max_capacity(ENTRIES_MAX)
                .time_to_live(AGE_MAX)
                .build(),
        }
    }

    /// The kept signing key, or one derived from the secret that `open` gives.
    pub(crate) fn get_or_derive<E: From<NoSecret>>(
        &self,
        wanted: DerivedFor,
        open: impl FnOnce() -> Result<SecretBytes, E>,
    ) -> Result<KSigningKey, E> {
        if let Some(kept) = self.kept.get(&wanted) {
            return Ok(kept);
        }
        let secret = open()?;
        let text = std::str::from_utf8(secret.expose()).map_err(|_| NoSecret)?;
        let secret = <KSecretKey>::from_str(text).map_err(|_| NoSecret)?;
        let derived = secret.to_ksigning(wanted.date, &self.region.to_string(), wanted.service.as_str());
        self.kept.insert(wanted, derived);
        Ok(derived)
    }
}
