//! What regions tell each other about one key.

use crate::key::{KeyName, PendingRotation, RotationKind};
use crate::vocabulary::tags::Tags;
use crate::vocabulary::{
    Epoch, Incarnation, KeyOrigin, KeySpec, KeyUsage, MaterialId, Principal, RegionName, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Orders shared records of one key: by epoch, then by revision within it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordStamp {
    /// Who decides.
    pub epoch: Epoch,
    /// Its count of changes.
    pub shared_revision: u64,
}

/// What primary and replicas of a key have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedRecord {
    /// Orders this record.
    pub stamp: RecordStamp,
    /// Kind of material.
    pub spec: KeySpec,
    /// What the key is for.
    pub usage: KeyUsage,
    /// Where the material comes from.
    pub origin: KeyOrigin,
    /// When the key was made, as shown.
    pub creation_date: Timestamp,
    /// The material that encrypts.
    pub current_material: Option<MaterialId>,
    /// When that material became current, as shown; the addressee may have received it before it was.
    pub current_rotation_date: Option<Timestamp>,
    /// What made it current.
    pub current_rotation_kind: Option<RotationKind>,
    /// Automatic rotation is on.
    pub rotation_automatic: bool,
    /// Its period, in days.
    pub rotation_period_days: u32,
    /// Its next date.
    pub rotation_next_date: Option<Timestamp>,
    /// On-demand rotations so far.
    pub on_demand_count: u32,
    /// A rotation under way: material that is held but does not encrypt yet.
    pub pending: Option<PendingRotation>,
    /// Replicas and their lives, without the primary.
    pub replicas: BTreeMap<RegionName, Incarnation>,
    /// The life of the primary's own copy, by which it is known once it is a replica.
    pub primary_incarnation: Incarnation,
    /// The primary role is being handed to this region at this epoch.
    pub handover: Option<Epoch>,
    /// What is shared of an imported key's materials; present exactly when the origin is EXTERNAL.
    pub import: Option<SharedImport>,
}

/// What primary and replicas of an imported key have in common beside its settings. Bytes never travel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SharedImport {
    /// The material that waits for RotateKeyOnDemand.
    pub pending: Option<MaterialId>,
    /// All materials, `pending` included; a material that is not named here was deleted before it was ever current.
    pub materials: BTreeSet<MaterialId>,
}

/// One message about one key, from its recorded primary. `M` is [`crate::key::WrappedMaterial`] inside a region and
/// the sealed form between regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment<M> {
    /// The sender.
    pub from: RegionName,
    /// The sender's life; must be the pinned one.
    pub from_incarnation: Incarnation,
    /// The addressee.
    pub to: RegionName,
    /// The key.
    pub key: KeyName,
    /// What is said.
    pub body: ShipmentBody<M>,
}

/// What a shipment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShipmentBody<M> {
    /// The key's current shared record.
    Record {
        /// The record.
        record: Box<SharedRecord>,
        /// The life of the replica that the sender believes is there.
        replica_incarnation: Incarnation,
        /// Materials that the addressee is not known to hold, current and pending first.
        materials: Vec<MaterialInRecord<M>>,
        /// No material beyond these is missing at the addressee.
        complete: bool,
        /// What the addressee needs to create the replica, until it has said that it did.
        creation: Option<ReplicaCreation>,
        /// Links the epochs from one the addressee may know to the record's.
        proofs: Vec<HandoverProof>,
    },
    /// From a replica's region to the recorded primary: that life of the replica has ended.
    ReplicaGone {
        /// The life that ended.
        incarnation: Incarnation,
    },
    /// From a replica's region to the recorded primary: these imported materials' bytes are here.
    MaterialsImported {
        /// The replica's life.
        incarnation: Incarnation,
        /// Orders what this life says; an older word never counts after a newer one.
        revision: u64,
        /// Materials whose bytes are here, ascending.
        materials: Vec<MaterialId>,
    },
}

/// A material as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterialInRecord<M> {
    /// Its id.
    pub material_id: MaterialId,
    /// When it became current, as shown.
    pub rotation_date: Option<Timestamp>,
    /// What made it current.
    pub rotation_kind: Option<RotationKind>,
    /// The secret, sealed or wrapped; of imported material, the commitment to it.
    pub material: M,
}

/// What ReplicateKey's caller gave for the replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaCreation {
    /// The authenticated caller; the target region decides kms:CreateKey for them itself.
    pub principal: Principal,
    /// Description of the replica.
    pub description: String,
    /// Key policy of the replica; empty means the default policy.
    pub policy: String,
    /// Tags of the replica.
    pub tags: Tags,
}

/// The holder of an epoch says who holds the next. Signed by the region key of `from`'s region over
/// (cluster, account, key id, from, to).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverProof {
    /// The epoch that is left.
    pub from: Epoch,
    /// The epoch that follows.
    pub to: Epoch,
    /// Ed25519 signature.
    pub signature: Arc<[u8]>,
}

/// What the receiver did with a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptOutcome {
    /// Taken over, or held already.
    Adopted {
        /// The stamp held now.
        stamp: RecordStamp,
    },
    /// Something newer is held; the sender is no longer the primary or the record is old.
    Stale {
        /// The stamp held now.
        stamp: RecordStamp,
    },
    /// The replica's life that the sender knows has ended here.
    Gone {
        /// The life that ended.
        incarnation: Incarnation,
    },
    /// ReplicaGone was noted, or there was nothing to note.
    GoneNoted,
    /// MaterialsImported was noted, or a newer one had been.
    ImportsNoted {
        /// The revision that is answered.
        revision: u64,
    },
    /// ReplicaGone or MaterialsImported reached a region that is not the primary; try this one.
    NotPrimary {
        /// The recorded primary.
        primary: RegionName,
    },
    /// Not possible now or not allowed; shown to operators, tried again after a back-off.
    Refused {
        /// Why, at most 256 characters, without secrets.
        reason: String,
    },
    /// A hand-over was declined: the epoch is promised to nobody, the sender resumes one above it.
    HandoverDeclined {
        /// The epoch counter that was offered.
        epoch_counter: u64,
        /// Why.
        reason: String,
    },
}

/// The answer to a shipment: exactly what it acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The region that answers; authenticated by the transport before it is proposed.
    pub from: RegionName,
    /// The key.
    pub key: KeyName,
    /// The record's stamp that is answered; none for ReplicaGone and MaterialsImported.
    pub stamp: Option<RecordStamp>,
    /// The replica's life there.
    pub incarnation: Incarnation,
    /// Materials of that shipment that are held there now.
    pub materials_held: Vec<MaterialId>,
    /// That life of the replica has received everything and is no longer Creating.
    pub complete: bool,
    /// What became of it.
    pub outcome: AcceptOutcome,
}
