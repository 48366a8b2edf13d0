//! GetRegionIdentity: what other regions have to know of this one to trust it.

use super::fold::time;
use super::read;
use crate::errors::OperationError;
use crate::node::Running;
use kms_crypto::region::SignedHpkeKey;
use kms_domain::vocabulary::{HpkeKeyId, Timestamp};
use kms_domain::{KmsError, State};
use kms_proto::admin::v1;

/// X-Wing (0x647A), HKDF-SHA256 (1), AES-256-GCM (2), by the IANA registry of RFC 9180.
const HPKE_SUITE: u64 = 0x647A << 32 | 0x0001 << 16 | 0x0002;

/// The parts of a sealing key that rows and identities have in common.
pub(super) struct SealingKeyParts<'a> {
    pub(super) id: HpkeKeyId,
    pub(super) public: &'a [u8],
    pub(super) valid_until: Timestamp,
    pub(super) signature: &'a [u8],
}

/// This region's identity and where its replication listeners are.
pub(super) async fn get_region_identity(
    running: &Running,
) -> Result<v1::GetRegionIdentityResponse, OperationError> {
    let view = read(running).await?;
    let replication = &running.config.replication;
    Ok(v1::GetRegionIdentityResponse {
        identity: Some(identity(running, &view.state)?),
        endpoints: replication.region_authorities(),
    })
}

fn identity(running: &Running, state: &State) -> Result<v1::RegionIdentity, OperationError> {
    let region = state
        .region()
        .ok_or_else(|| KmsError::Bootstrap("the region has not been bootstrapped".to_owned()))?;
    let row = state
        .hpke_key(region.hpke_key)
        .ok_or_else(|| KmsError::Internal("the region has no HPKE key".to_owned()))?;
    let issuer = running.tls.replication.own_issuer_spki_sha256().ok_or_else(|| {
        KmsError::Validation(
            "the CA that issued the replication certificate is not in replication.ca".to_owned(),
        )
    })?;
    Ok(v1::RegionIdentity {
        name: region.name.to_string(),
        incarnation: region.incarnation.to_string(),
        cluster: region.cluster.clone(),
        sealing_key: Some(sealing_key(&SealingKeyParts {
            id: row.id,
            public: &row.public,
            valid_until: row.valid_until,
            signature: &row.signature,
        })),
        signing_public_key: region.signing_public.to_vec(),
        issuing_ca_spki_sha256: issuer.to_vec(),
    })
}

/// A sealing key as operators see and carry it.
pub(super) fn sealing_key(parts: &SealingKeyParts<'_>) -> v1::SealingKey {
    let (not_before, not_after) = SignedHpkeKey::validity_until(parts.valid_until);
    v1::SealingKey {
        id: parts.id.to_string(),
        suite: HPKE_SUITE,
        public_key: parts.public.to_vec(),
        counter: parts.id,
        not_before: Some(time(not_before)),
        not_after: Some(time(not_after)),
        signature: parts.signature.to_vec(),
    }
}

/// Whether a sealing key is of the suite that this version seals with.
pub(super) const fn is_known_suite(suite: u64) -> bool {
    suite == HPKE_SUITE
}
