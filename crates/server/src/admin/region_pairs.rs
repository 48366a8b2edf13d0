//! PairRegion, UnpairRegion, ListRegionPairs: whom this region trusts. What is pinned was carried here by an operator.
//! Of it only the HPKE key is ever renewed over the wire, by one that the pinned signing key vouches for.

use super::fold::timestamp;
use super::region_identity::{SealingKeyParts, is_known_suite, sealing_key};
use super::{QUORUM_PATIENCE, read};
use crate::errors::OperationError;
use crate::node::Running;
use kms_crypto::region::{RegionIdentity, RegionLife, RegionVerifyingKey, SignedHpkeKey};
use kms_domain::rows::PeerRegion;
use kms_domain::vocabulary::Timestamp;
use kms_domain::{Command, Guard, KmsError, Proposal};
use kms_proto::admin::v1;
use tokio::time::Instant;

/// Replication endpoints in one request.
const ENDPOINTS_MAX: usize = 16;

/// Pins another region's identity, or renews what is pinned.
pub(super) async fn pair_region(
    running: &Running,
    request: v1::PairRegionRequest,
) -> Result<v1::PairRegionResponse, OperationError> {
    let identity = request.identity.ok_or_else(|| invalid("identity is missing"))?;
    let peer = peer_region(running, &identity, &request.endpoints)?;
    propose(running, Command::PairRegion(Box::new(peer.clone()))).await?;
    Ok(v1::PairRegionResponse {
        pair: Some(pair(running, &peer)),
    })
}

/// Removes a pinned identity.
pub(super) async fn unpair_region(
    running: &Running,
    request: v1::UnpairRegionRequest,
) -> Result<v1::UnpairRegionResponse, OperationError> {
    let region = request
        .region
        .parse()
        .map_err(|e| invalid(&format!("region: {e}")))?;
    propose(running, Command::UnpairRegion(region)).await?;
    Ok(v1::UnpairRegionResponse {})
}

/// Lists the pinned regions.
pub(super) async fn list_region_pairs(
    running: &Running,
) -> Result<v1::ListRegionPairsResponse, OperationError> {
    let view = read(running).await?;
    let pairs = view.state.peers().map(|peer| pair(running, peer)).collect();
    Ok(v1::ListRegionPairsResponse { pairs })
}

async fn propose(running: &Running, command: Command) -> Result<(), OperationError> {
    let proposal = Proposal {
        time: running.clock.now(),
        principal: None,
        request: None,
        guard: Guard::default(),
        command,
    };
    let deadline = Instant::now() + QUORUM_PATIENCE;
    running.raft.propose(&proposal, deadline).await?.reply?;
    Ok(())
}

/// Parses an identity and checks what its own signing key vouches for.
fn peer_region(
    running: &Running,
    identity: &v1::RegionIdentity,
    endpoints: &[String],
) -> Result<PeerRegion, OperationError> {
    if identity.cluster != running.config.cluster {
        let text = format!("the identity is of cluster {:?}", identity.cluster);
        return Err(invalid(&text));
    }
    if !(1..=ENDPOINTS_MAX).contains(&endpoints.len()) {
        return Err(invalid(&format!(
            "a region is paired by 1 to {ENDPOINTS_MAX} endpoints"
        )));
    }
    let sealing = identity
        .sealing_key
        .as_ref()
        .ok_or_else(|| invalid("identity.sealing_key is missing"))?;
    let life = RegionLife {
        region: identity
            .name
            .parse()
            .map_err(|e| invalid(&format!("identity.name: {e}")))?,
        incarnation: identity
            .incarnation
            .parse()
            .map_err(|e| invalid(&format!("identity.incarnation: {e}")))?,
    };
    let signing_public = bytes_32("identity.signing_public_key", &identity.signing_public_key)?;
    let valid_until = verify_sealing_key(running, &life, signing_public, sealing)?;
    Ok(PeerRegion {
        name: life.region,
        incarnation: life.incarnation,
        signing_public,
        hpke_key: sealing.counter,
        hpke_public: sealing.public_key.clone().into(),
        hpke_valid_until: valid_until,
        issuing_ca_spki_sha256: bytes_32(
            "identity.issuing_ca_spki_sha256",
            &identity.issuing_ca_spki_sha256,
        )?,
        endpoints: endpoints.iter().map(|e| with_scheme(e)).collect(),
    })
}

/// The region's own signature over its sealing key, so that a mistyped or exchanged key is found before it is pinned.
fn verify_sealing_key(
    running: &Running,
    life: &RegionLife,
    signing_public: [u8; 32],
    key: &v1::SealingKey,
) -> Result<Timestamp, OperationError> {
    if !is_known_suite(key.suite) {
        return Err(invalid(
            "identity.sealing_key.suite is not one that this version seals with",
        ));
    }
    let at = |time: &Option<prost_types::Timestamp>| time.as_ref().map(timestamp).unwrap_or_default();
    let (not_before, not_after) = (at(&key.not_before), at(&key.not_after));
    let owner = RegionIdentity {
        life: life.clone(),
        issuer_spki: Vec::new(),
        signing_key: RegionVerifyingKey::from_bytes(signing_public),
    };
    SignedHpkeKey::from_parts(
        key.counter,
        &key.public_key,
        (not_before, not_after),
        &key.signature,
    )
    .and_then(|signed| signed.verify(&running.config.cluster, &owner, running.clock.now(), 0))
    .map_err(|error| invalid(&format!("identity.sealing_key: {error}")))?;
    Ok(not_after)
}

fn pair(running: &Running, peer: &PeerRegion) -> v1::RegionPair {
    let identity = v1::RegionIdentity {
        name: peer.name.to_string(),
        incarnation: peer.incarnation.to_string(),
        cluster: running.config.cluster.clone(),
        // The signature was checked when the key was pinned and is not kept.
        sealing_key: Some(sealing_key(&SealingKeyParts {
            id: peer.hpke_key,
            public: &peer.hpke_public,
            valid_until: peer.hpke_valid_until,
            signature: &[],
        })),
        signing_public_key: peer.signing_public.to_vec(),
        issuing_ca_spki_sha256: peer.issuing_ca_spki_sha256.to_vec(),
    };
    let without_scheme = |e: &String| e.strip_prefix("https://").unwrap_or(e).to_owned();
    v1::RegionPair {
        identity: Some(identity),
        endpoints: peer.endpoints.iter().map(without_scheme).collect(),
    }
}

fn with_scheme(endpoint: &str) -> String {
    match endpoint.starts_with("https://") {
        true => endpoint.to_owned(),
        false => format!("https://{endpoint}"),
    }
}

fn bytes_32(member: &str, bytes: &[u8]) -> Result<[u8; 32], OperationError> {
    bytes
        .try_into()
        .map_err(|_| invalid(&format!("{member} has {} bytes, not 32", bytes.len())))
}

fn invalid(text: &str) -> OperationError {
    KmsError::Validation(text.to_owned()).into()
}
