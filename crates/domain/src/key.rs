//! A KMS key as a region holds it, and the rows that belong to it.

use crate::multi_region::{MultiRegion, Role};
use crate::vocabulary::tags::Tags;
use crate::vocabulary::{
    AccountId, KeyId, KeyOrigin, KeySpec, KeyUsage, MaterialId, RegionName, Timestamp, WrappingKeyId,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Names a key within one region: key ids are unique in an account only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName {
    /// The owner.
    pub account: AccountId,
    /// The key in it.
    pub key_id: KeyId,
}

/// One key of one region: what is regional, and this region's copy of what is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Owner and id.
    pub name: KeyName,
    /// Kind of material. Shared.
    pub spec: KeySpec,
    /// What the key may be used for. Shared.
    pub usage: KeyUsage,
    /// Where the material comes from. Shared.
    pub origin: KeyOrigin,
    /// The time its creator's node read; shown, never compared with a deadline.
    pub creation_date: Timestamp,
    /// Free text. Regional.
    pub description: String,
    /// Key policy document; empty means the default policy. Regional.
    pub policy: String,
    /// Regional.
    pub tags: Tags,
    /// What the owner asked for with EnableKey and DisableKey. Regional.
    pub enabled: bool,
    /// A waiting period before destruction. Regional.
    pub deletion: Option<Deletion>,
    /// Rotation settings and progress. Shared.
    pub rotation: Rotation,
    /// The material that encrypts; none while an imported key waits for its first. Shared.
    pub current_material: Option<MaterialId>,
    /// Where the import of its materials stands; present exactly on keys of origin EXTERNAL.
    pub import: Option<Import>,
    /// Sequence number that the next material of this key gets here.
    pub next_material_sequence: u64,
    /// Present on multi-Region keys.
    pub multi_region: Option<MultiRegion>,
    /// What decisions depend on, counted per aspect.
    pub revisions: Revisions,
}

impl Key {
    /// Makes decisions that read this key stale.
    pub fn raise_authz_revision(&mut self) {
        self.revisions.authz = self.revisions.authz.saturating_add(1);
    }

    /// Whether an imported key lacks the bytes of a material that ciphertexts may have been made under.
    pub fn awaits_import(&self) -> bool {
        let lacks_bytes = self
            .import
            .as_ref()
            .is_some_and(|import| !import.absent.is_empty());
        self.origin == KeyOrigin::External && (self.current_material.is_none() || lacks_bytes)
    }

    /// The imported material that waits for RotateKeyOnDemand.
    pub fn imported_pending(&self) -> Option<MaterialId> {
        self.import.as_ref()?.pending
    }

    /// Whether this is a replica of a multi-Region key.
    pub fn is_replica(&self) -> bool {
        self.multi_region
            .as_ref()
            .is_some_and(|m| m.role == Role::Replica)
    }

    /// Whether this is the primary of a multi-Region key with replicas, Creating ones included.
    pub fn has_replicas(&self) -> bool {
        let primary = self.multi_region.as_ref().filter(|m| m.role == Role::Primary);
        primary.is_some_and(|m| !m.replicas.is_empty())
    }
}

/// Counters that a guard names, so that a decision on old rows is refused. Each only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Revisions {
    /// Policy, enabled state, deletion, role: everything authorization and state checks read.
    pub authz: u64,
    /// Tags.
    pub tags: u64,
    /// Description.
    pub description: u64,
    /// Rotation settings and materials.
    pub material: u64,
}

/// A key waits to be destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    /// The waiting period, in days.
    pub pending_window_days: u32,
    /// What callers are shown: the command's own time plus the period; none while replicas remain.
    pub shown_date: Option<Timestamp>,
    /// When in log time the key is destroyed.
    pub deadline: DeletionDeadline,
}

/// Log time may lag while nothing happens, so a waiting period starts at the first Pulse **after** it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionDeadline {
    /// A primary with replicas: its period starts when the last replica is gone.
    AwaitingReplicas,
    /// The next Pulse sets the deadline.
    StartsAtNextPulse,
    /// Destroyed by the first Pulse at or after this log time.
    At(Timestamp),
}

/// Rotation settings of a key, and the rotation under way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rotation {
    /// Automatic rotation is on.
    pub automatic: bool,
    /// Period of automatic rotation, in days; zero when it was never on.
    pub period_days: u32,
    /// Log time of the next automatic rotation.
    pub next_date: Option<Timestamp>,
    /// On-demand rotations so far.
    pub on_demand_count: u32,
    /// Prepared material that is not current yet, and when it was prepared.
    pub pending: Option<PendingRotation>,
}

/// A rotation whose material is prepared but not yet held by every replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRotation {
    /// The prepared material.
    pub material_id: MaterialId,
    /// What asked for it.
    pub kind: RotationKind,
    /// When it was asked for, as shown.
    pub started: Timestamp,
}

/// What caused a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationKind {
    /// The rotation period ended.
    Automatic,
    /// RotateKeyOnDemand.
    OnDemand,
}

/// Where the import of a key's materials stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    /// Imported beside the current material, it waits for RotateKeyOnDemand. Shared.
    pub pending: Option<MaterialId>,
    /// Materials other than `pending` whose bytes are not in this region. Regional.
    pub absent: BTreeSet<MaterialId>,
}

/// Key material, or a commitment to it, wrapped under this region's wrapping key; opaque here.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedMaterial {
    /// The wrapping key that opens it.
    pub wrapping_key: WrappingKeyId,
    /// The committing envelope of SECURITY.md.
    pub bytes: Arc<[u8]>,
}

impl std::fmt::Debug for WrappedMaterial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "WrappedMaterial(wrapping key {}, {} bytes)",
            self.wrapping_key,
            self.bytes.len()
        )
    }
}

/// One key material of a key. Grow-only: a material that is or was current or prepared is kept as long as the key. Of
/// imported material the row is kept; its bytes come and go as its owner says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    /// The key it belongs to.
    pub key: KeyName,
    /// Random id, the same in every region.
    pub material_id: MaterialId,
    /// Order in which this region learned of the key's materials, from 0.
    pub sequence: u64,
    /// The secret, wrapped; none only for imported material whose bytes are not in this region.
    pub wrapped: Option<WrappedMaterial>,
    /// Raised whenever `wrapped` changes, so that caches notice.
    pub revision: u64,
    /// When it became current, as shown; none for the first material and while prepared.
    pub rotation_date: Option<Timestamp>,
    /// What made it current; none for the first material.
    pub rotation_kind: Option<RotationKind>,
    /// Other regions that have acknowledged holding it; of imported material, holding its commitment.
    pub held_by: BTreeSet<RegionName>,
    /// Present exactly on imported material.
    pub imported: Option<Imported>,
}

/// What imported material has beyond other material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The 32-byte commitment to the bytes, wrapped: it recognizes the same bytes, here after they were deleted and in
    /// other regions, to which the bytes themselves never travel.
    pub commitment: WrappedMaterial,
    /// Log time at which the bytes are deleted here. Regional.
    pub expires: Option<Timestamp>,
    /// Free text. Regional, kept when the bytes are deleted.
    pub description: String,
    /// Other regions that said they hold the bytes; on the primary only.
    pub imported_in: BTreeSet<RegionName>,
}

/// An alias row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Owner.
    pub account: AccountId,
    /// The name, with its `alias/` prefix.
    pub alias: crate::vocabulary::AliasName,
    /// The key it points to.
    pub key_id: KeyId,
    /// When it was made, as shown.
    pub creation_date: Timestamp,
    /// When it was last pointed elsewhere, as shown.
    pub last_updated_date: Timestamp,
    /// The region-wide alias revision at its last change, so a re-made alias never repeats an earlier one.
    pub revision: u64,
}
