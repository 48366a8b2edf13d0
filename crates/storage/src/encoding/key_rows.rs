//! The encoding of rows that make up a key: the key, its role in several regions, its materials, its aliases.

use std::collections::BTreeMap;

use kms_domain::key::{Alias, Deletion, DeletionDeadline, Import, Key, Material, Revisions, Rotation};
use kms_domain::multi_region::{Handover, MultiRegion, Replica, ReplicaPhase, Role};
use kms_domain::vocabulary::{KeyOrigin, RegionName, Timestamp};
use kms_proto::internal::state::v1 as pb;
use pb::deletion::Deadline;

use super::DecodeError;
use super::wire::{
    Wire, from_entries, from_list, number, optional, parsed, required, to_list, unknown_number,
};
use super::words::{
    incarnation, material_id, origin, origin_number, region_name, region_names_from_messages, rotation_kind,
    rotation_kind_number, spec, spec_number, tags_from_messages, tags_to_messages, usage, usage_number,
};

impl Wire for Key {
    type Message = pb::KeyRow;

    fn to_message(&self) -> pb::KeyRow {
        pb::KeyRow {
            name: Some(self.name.to_message()),
            spec: spec_number(self.spec),
            usage: usage_number(self.usage),
            origin: origin_number(self.origin),
            creation_date_ms: self.creation_date.0,
            description: self.description.clone(),
            policy: self.policy.clone(),
            tags: tags_to_messages(&self.tags),
            enabled: self.enabled,
            deletion: self.deletion.as_ref().map(Wire::to_message),
            rotation: Some(self.rotation.to_message()),
            current_material: self.current_material.map(|id| id.0.to_vec()),
            next_material_sequence: self.next_material_sequence,
            multi_region: self.multi_region.as_ref().map(Wire::to_message),
            revisions: Some(self.revisions.to_message()),
            import: self
                .import
                .as_ref()
                .filter(|import| **import != Import::default())
                .map(Wire::to_message),
        }
    }

    fn from_message(message: pb::KeyRow) -> Result<Self, DecodeError> {
        let origin = origin(message.origin)?;
        Ok(Self {
            name: required(message.name, "name of a key")?,
            spec: spec(message.spec)?,
            usage: usage(message.usage)?,
            origin,
            creation_date: Timestamp(message.creation_date_ms),
            description: message.description,
            policy: message.policy,
            tags: tags_from_messages(message.tags)?,
            enabled: message.enabled,
            deletion: optional(message.deletion)?,
            rotation: required(message.rotation, "rotation of a key")?,
            current_material: message.current_material.as_deref().map(material_id).transpose()?,
            next_material_sequence: message.next_material_sequence,
            multi_region: optional(message.multi_region)?,
            revisions: required(message.revisions, "revisions of a key")?,
            import: import(origin, optional(message.import)?)?,
        })
    }
}

/// Keys that were made before material could be imported say nothing of it, and neither do those of which there is
/// nothing to say: equal keys have equal bytes.
fn import(origin: KeyOrigin, import: Option<Import>) -> Result<Option<Import>, DecodeError> {
    match (origin, import) {
        (KeyOrigin::External, None) => Ok(Some(Import::default())),
        (KeyOrigin::External, Some(import)) if import != Import::default() => Ok(Some(import)),
        (_, None) => Ok(None),
        (_, Some(_)) => Err(DecodeError::NotCanonical),
    }
}

impl Wire for Revisions {
    type Message = pb::Revisions;

    fn to_message(&self) -> pb::Revisions {
        pb::Revisions {
            authz: self.authz,
            tags: self.tags,
            description: self.description,
            material: self.material,
        }
    }

    fn from_message(message: pb::Revisions) -> Result<Self, DecodeError> {
        Ok(Self {
            authz: message.authz,
            tags: message.tags,
            description: message.description,
            material: message.material,
        })
    }
}

impl Wire for Deletion {
    type Message = pb::Deletion;

    fn to_message(&self) -> pb::Deletion {
        let deadline = match self.deadline {
            DeletionDeadline::AwaitingReplicas => Deadline::AwaitingReplicas(pb::Nothing {}),
            DeletionDeadline::StartsAtNextPulse => Deadline::StartsAtNextPulse(pb::Nothing {}),
            DeletionDeadline::At(time) => Deadline::AtMs(time.0),
        };
        pb::Deletion {
            pending_window_days: self.pending_window_days,
            shown_date_ms: self.shown_date.map(|date| date.0),
            deadline: Some(deadline),
        }
    }

    fn from_message(message: pb::Deletion) -> Result<Self, DecodeError> {
        let deadline = match message.deadline.ok_or(DecodeError::Missing("deadline"))? {
            Deadline::AwaitingReplicas(_) => DeletionDeadline::AwaitingReplicas,
            Deadline::StartsAtNextPulse(_) => DeletionDeadline::StartsAtNextPulse,
            Deadline::AtMs(time_ms) => DeletionDeadline::At(Timestamp(time_ms)),
        };
        Ok(Self {
            pending_window_days: message.pending_window_days,
            shown_date: message.shown_date_ms.map(Timestamp),
            deadline,
        })
    }
}

impl Wire for Rotation {
    type Message = pb::Rotation;

    fn to_message(&self) -> pb::Rotation {
        pb::Rotation {
            automatic: self.automatic,
            period_days: self.period_days,
            next_date_ms: self.next_date.map(|date| date.0),
            on_demand_count: self.on_demand_count,
            pending: self.pending.as_ref().map(Wire::to_message),
        }
    }

    fn from_message(message: pb::Rotation) -> Result<Self, DecodeError> {
        Ok(Self {
            automatic: message.automatic,
            period_days: message.period_days,
            next_date: message.next_date_ms.map(Timestamp),
            on_demand_count: message.on_demand_count,
            pending: optional(message.pending)?,
        })
    }
}

impl Wire for MultiRegion {
    type Message = pb::MultiRegion;

    fn to_message(&self) -> pb::MultiRegion {
        let role = match self.role {
            Role::Primary => pb::Role::Primary,
            Role::Replica => pb::Role::Replica,
        };
        pb::MultiRegion {
            role: role.into(),
            epoch: Some(self.epoch.to_message()),
            shared_revision: self.shared_revision,
            epoch_promised: self.epoch_promised,
            incarnation: self.incarnation.0.to_vec(),
            replicas: replicas_to_messages(&self.replicas),
            creating: self.creating,
            handover: self.handover.as_ref().map(Wire::to_message),
            proofs: to_list(&self.proofs),
        }
    }

    fn from_message(message: pb::MultiRegion) -> Result<Self, DecodeError> {
        let role = match number(message.role, "role")? {
            pb::Role::Unspecified => return Err(unknown_number(message.role, "role")),
            pb::Role::Primary => Role::Primary,
            pb::Role::Replica => Role::Replica,
        };
        Ok(Self {
            role,
            epoch: required(message.epoch, "epoch of a key")?,
            shared_revision: message.shared_revision,
            epoch_promised: message.epoch_promised,
            incarnation: incarnation(&message.incarnation)?,
            replicas: from_entries(message.replicas.into_iter().map(replica), "replicas")?,
            creating: message.creating,
            handover: optional(message.handover)?,
            proofs: from_list(message.proofs)?,
        })
    }
}

fn replicas_to_messages(replicas: &BTreeMap<RegionName, Replica>) -> Vec<pb::Replica> {
    let message = |(region, replica): (&RegionName, &Replica)| {
        let phase = match replica.phase {
            ReplicaPhase::Creating => pb::ReplicaPhase::Creating,
            ReplicaPhase::Active => pb::ReplicaPhase::Active,
        };
        pb::Replica {
            region: region.to_string(),
            incarnation: replica.incarnation.0.to_vec(),
            phase: phase.into(),
            acknowledged: replica.acknowledged.as_ref().map(Wire::to_message),
            creation: replica.creation.as_ref().map(Wire::to_message),
            imports_revision: replica.imports_revision,
        }
    };
    replicas.iter().map(message).collect()
}

fn replica(message: pb::Replica) -> Result<(RegionName, Replica), DecodeError> {
    let phase = match number(message.phase, "replica phase")? {
        pb::ReplicaPhase::Unspecified => return Err(unknown_number(message.phase, "replica phase")),
        pb::ReplicaPhase::Creating => ReplicaPhase::Creating,
        pb::ReplicaPhase::Active => ReplicaPhase::Active,
    };
    let replica = Replica {
        incarnation: incarnation(&message.incarnation)?,
        phase,
        acknowledged: optional(message.acknowledged)?,
        creation: optional(message.creation)?,
        imports_revision: message.imports_revision,
    };
    Ok((region_name(&message.region)?, replica))
}

impl Wire for Handover {
    type Message = pb::Handover;

    fn to_message(&self) -> pb::Handover {
        pb::Handover {
            target: self.target.to_string(),
            epoch: Some(self.epoch.to_message()),
            since_ms: self.since.0,
        }
    }

    fn from_message(message: pb::Handover) -> Result<Self, DecodeError> {
        Ok(Self {
            target: region_name(&message.target)?,
            epoch: required(message.epoch, "epoch of a hand-over")?,
            since: Timestamp(message.since_ms),
        })
    }
}

impl Wire for Material {
    type Message = pb::MaterialRow;

    fn to_message(&self) -> pb::MaterialRow {
        pb::MaterialRow {
            key: Some(self.key.to_message()),
            material_id: self.material_id.0.to_vec(),
            sequence: self.sequence,
            wrapped: self.wrapped.as_ref().map(Wire::to_message),
            revision: self.revision,
            rotation_date_ms: self.rotation_date.map(|date| date.0),
            rotation_kind: self.rotation_kind.map(rotation_kind_number),
            held_by: self.held_by.iter().map(ToString::to_string).collect(),
            imported: self.imported.as_ref().map(Wire::to_message),
        }
    }

    fn from_message(message: pb::MaterialRow) -> Result<Self, DecodeError> {
        let imported = optional(message.imported)?;
        let wrapped = optional(message.wrapped)?;
        if wrapped.is_none() && imported.is_none() {
            return Err(DecodeError::Missing("wrapped material"));
        }
        Ok(Self {
            key: required(message.key, "key of a material")?,
            material_id: material_id(&message.material_id)?,
            sequence: message.sequence,
            wrapped,
            revision: message.revision,
            rotation_date: message.rotation_date_ms.map(Timestamp),
            rotation_kind: message.rotation_kind.map(rotation_kind).transpose()?,
            held_by: region_names_from_messages(&message.held_by, "holders of a material")?,
            imported,
        })
    }
}

impl Wire for Alias {
    type Message = pb::AliasRow;

    fn to_message(&self) -> pb::AliasRow {
        pb::AliasRow {
            account: self.account.to_string(),
            alias: self.alias.to_string(),
            key_id: Some(self.key_id.to_message()),
            creation_date_ms: self.creation_date.0,
            last_updated_date_ms: self.last_updated_date.0,
            revision: self.revision,
        }
    }

    fn from_message(message: pb::AliasRow) -> Result<Self, DecodeError> {
        Ok(Self {
            account: parsed(&message.account, "account")?,
            alias: parsed(&message.alias, "alias")?,
            key_id: required(message.key_id, "key of an alias")?,
            creation_date: Timestamp(message.creation_date_ms),
            last_updated_date: Timestamp(message.last_updated_date_ms),
            revision: message.revision,
        })
    }
}
