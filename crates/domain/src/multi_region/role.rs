//! A region's copy of what makes a key multi-Region: its role, and on the primary, its replicas.

use super::record::{HandoverProof, RecordStamp, ReplicaCreation};
use crate::key::KeyName;
use crate::vocabulary::{Epoch, Incarnation, RegionName, Timestamp};
use std::collections::BTreeMap;

/// Role of this region's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Decides shared state.
    Primary,
    /// Follows the primary's record.
    Replica,
}

/// What a multi-Region key has beyond an ordinary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiRegion {
    /// Role of this copy.
    pub role: Role,
    /// The epoch of the record held here; its region is the recorded primary.
    pub epoch: Epoch,
    /// Orders records within an epoch.
    pub shared_revision: u64,
    /// No epoch with a counter at or below this is voted for or accepted from anyone but its recorded holder.
    pub epoch_promised: u64,
    /// Random life of this copy; renewed when a replica is deleted and made again.
    pub incarnation: Incarnation,
    /// Every replica and its standing. On a replica, its copy of the primary's set (without standings).
    pub replicas: BTreeMap<RegionName, Replica>,
    /// The copy has not received everything yet (state Creating).
    pub creating: bool,
    /// A hand-over is under way (state Updating).
    pub handover: Option<Handover>,
    /// Signed hand-overs since the epoch that every replica has acknowledged, oldest first.
    pub proofs: Vec<HandoverProof>,
}

/// A replica as the primary sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Its life.
    pub incarnation: Incarnation,
    /// How far it is.
    pub phase: ReplicaPhase,
    /// The newest record it has acknowledged.
    pub acknowledged: Option<RecordStamp>,
    /// What the peer needs to create it; kept until it says it has.
    pub creation: Option<ReplicaCreation>,
    /// The newest word of this life about imported bytes that was noted here; zero before the first.
    pub imports_revision: u64,
}

/// How far a replica is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaPhase {
    /// Asked for, not yet acknowledged complete.
    Creating,
    /// Holds the key.
    Active,
}

/// A planned move of the primary role that has begun here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The region that is to be primary.
    pub target: RegionName,
    /// The epoch it will hold.
    pub epoch: Epoch,
    /// Log time at which the move began.
    pub since: Timestamp,
}

/// A multi-Region key that was here. Never expires: without it a delayed record would bring the key back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The key.
    pub key: KeyName,
    /// The life that ended.
    pub incarnation: Incarnation,
    /// The newest record that life had seen; only a newer one may create the key here again.
    pub stamp: RecordStamp,
    /// The recorded primary is to be told; none once it knows.
    pub tell: Option<RegionName>,
    /// Log time of the end.
    pub deleted_at: Timestamp,
}

impl MultiRegion {
    /// Whether this copy may change shared state now: it is the primary and no hand-over is under way.
    pub fn decides_shared_state(&self) -> bool {
        self.role == Role::Primary && self.handover.is_none()
    }

    /// The stamp of the record held here.
    pub fn stamp(&self) -> RecordStamp {
        RecordStamp {
            epoch: self.epoch.clone(),
            shared_revision: self.shared_revision,
        }
    }
}
