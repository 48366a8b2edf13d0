//! Who a region is: what two administrators compare and pin.

use super::RegionVerifyingKey;
use crate::fields::Fields;
use aws_lc_rs::digest::{SHA256, digest};
use kms_domain::vocabulary::{Incarnation, RegionName};

const IDENTITY_LABEL: &str = "concord.kms/region-identity/v1";

/// A region in one of its lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionLife {
    /// The region's name.
    pub region: RegionName,
    /// Its present life.
    pub incarnation: Incarnation,
}

impl RegionLife {
    pub(super) fn append_to(&self, fields: Fields) -> Fields {
        fields.region(&self.region).incarnation(&self.incarnation)
    }
}

/// A region as another one pins it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionIdentity {
    /// The region and its present life.
    pub life: RegionLife,
    /// The DER SubjectPublicKeyInfo of the CA that issues its nodes' certificates.
    pub issuer_spki: Vec<u8>,
    /// The key that signs for the region.
    pub signing_key: RegionVerifyingKey,
}

impl RegionIdentity {
    /// SHA-256 over cluster and identity: what two administrators read to each other before they pin.
    pub fn fingerprint(&self, cluster: &str) -> [u8; 32] {
        let fields = self
            .life
            .append_to(Fields::new(IDENTITY_LABEL).text(cluster))
            .bytes(&self.issuer_spki)
            .bytes(self.signing_key.as_bytes());
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, fields.as_bytes()).as_ref());
        fingerprint
    }
}
