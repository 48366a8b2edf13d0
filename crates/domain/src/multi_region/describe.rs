//! What DescribeReplication shows: where each copy of a key stands, as this region knows it.

use super::identity_record::RecordId;
use super::record::RecordStamp;
use super::role::{Handover, ReplicaPhase, Role};
use super::rotation::{is_protected, rotation_blocked_by};
use crate::State;
use crate::key::KeyName;
use crate::rows::Refusal;
use crate::vocabulary::{RegionName, Timestamp};

/// One multi-Region key, seen from this region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyReplication {
    /// The key.
    pub key: KeyName,
    /// Role of this region's copy.
    pub role: Role,
    /// The record held here.
    pub stamp: RecordStamp,
    /// This copy has not received everything.
    pub creating: bool,
    /// A move of the primary role that began here.
    pub handover: Option<Handover>,
    /// Another region has acknowledged all materials.
    pub protected: bool,
    /// Replicas for which a prepared rotation waits.
    pub rotation_blocked_by: Vec<RegionName>,
    /// On the primary its replicas, on a replica its primary.
    pub peers: Vec<PeerReplication>,
}

/// One peer region's copy, as this region knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerReplication {
    /// The peer region.
    pub region: RegionName,
    /// Role of its copy.
    pub role: Role,
    /// How far the replica is; none for a primary.
    pub phase: Option<ReplicaPhase>,
    /// The newest record it has acknowledged to this region.
    pub acknowledged: Option<RecordStamp>,
    /// Log time since which something is due to it; none when it is current.
    pub dirty_since: Option<Timestamp>,
    /// Its last refusal of what is due.
    pub refusal: Option<Refusal>,
}

/// Where the copies of `key` stand; `None` for a key that is unknown or not multi-Region.
pub fn describe(state: &State, key: &KeyName) -> Option<KeyReplication> {
    let multi_region = state.key(key)?.multi_region.as_ref()?;
    let peers = match multi_region.role {
        Role::Replica => vec![PeerReplication {
            region: multi_region.epoch.region.clone(),
            role: Role::Primary,
            phase: None,
            acknowledged: None,
            dirty_since: None,
            refusal: None,
        }],
        Role::Primary => multi_region
            .replicas
            .iter()
            .map(|(region, replica)| {
                let dirty = state.outbox_row(region, &RecordId::Key(*key));
                PeerReplication {
                    region: region.clone(),
                    role: Role::Replica,
                    phase: Some(replica.phase),
                    acknowledged: replica.acknowledged.clone(),
                    dirty_since: dirty.map(|row| row.since),
                    refusal: dirty.and_then(|row| row.refusal.clone()),
                }
            })
            .collect(),
    };
    Some(KeyReplication {
        key: *key,
        role: multi_region.role,
        stamp: multi_region.stamp(),
        creating: multi_region.creating,
        handover: multi_region.handover.clone(),
        protected: is_protected(state, key),
        rotation_blocked_by: rotation_blocked_by(state, key),
        peers,
    })
}

/// The earliest log time at which something refused by `peer` may be shipped again. A driver that waits for it sees
/// to it that a Pulse moves log time.
pub fn next_retry(state: &State, peer: &RegionName) -> Option<Timestamp> {
    state
        .outbox_of(peer, None)
        .filter_map(|row| row.refusal.as_ref())
        .map(|refusal| refusal.retry_after)
        .min()
}
