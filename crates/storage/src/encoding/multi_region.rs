//! The encoding of what regions tell each other about a key, and of a copy's role.

use std::sync::Arc;

use kms_domain::key::WrappedMaterial;
use kms_domain::multi_region::{
    AcceptOutcome, HandoverProof, MaterialInRecord, Receipt, ReplicaCreation, SharedRecord, Shipment,
    ShipmentBody,
};
use kms_domain::vocabulary::{Incarnation, MaterialId, RegionName, Timestamp};
use kms_proto::internal::state::v1 as pb;
use pb::accept_outcome::Outcome;
use pb::material_in_record::Material;
use pb::shipment::Body;

use super::DecodeError;
use super::wire::{Wire, from_entries, from_list, optional, parsed, required, shared, to_list};
use super::words::{
    incarnation, material_id, origin, origin_number, region_name, rotation_kind, rotation_kind_number, spec,
    spec_number, tags_from_messages, tags_to_messages, usage, usage_number,
};

/// The two forms in which material travels: wrapped inside a region, sealed between regions. A message with the
/// wrong one does not decode.
pub(super) trait CarriedMaterial: Sized {
    fn to_carried(&self) -> Material;

    fn from_carried(material: Material) -> Result<Self, DecodeError>;
}

impl CarriedMaterial for WrappedMaterial {
    fn to_carried(&self) -> Material {
        Material::Wrapped(self.to_message())
    }

    fn from_carried(material: Material) -> Result<Self, DecodeError> {
        match material {
            Material::Wrapped(wrapped) => Self::from_message(wrapped),
            Material::Sealed(_) => Err(DecodeError::Missing("wrapped material")),
        }
    }
}

impl CarriedMaterial for Arc<[u8]> {
    fn to_carried(&self) -> Material {
        Material::Sealed(self.to_vec())
    }

    fn from_carried(material: Material) -> Result<Self, DecodeError> {
        match material {
            Material::Sealed(sealed) => Ok(shared(sealed)),
            Material::Wrapped(_) => Err(DecodeError::Missing("sealed material")),
        }
    }
}

impl<M: CarriedMaterial> Wire for Shipment<M> {
    type Message = pb::Shipment;

    fn to_message(&self) -> pb::Shipment {
        let body = match &self.body {
            ShipmentBody::Record {
                record,
                replica_incarnation,
                materials,
                complete,
                creation,
                proofs,
            } => Body::Record(pb::ShippedRecord {
                record: Some(record.to_message()),
                replica_incarnation: replica_incarnation.0.to_vec(),
                materials: to_list(materials),
                complete: *complete,
                creation: creation.as_ref().map(Wire::to_message),
                proofs: to_list(proofs),
            }),
            ShipmentBody::ReplicaGone { incarnation } => Body::ReplicaGone(gone(incarnation)),
            ShipmentBody::MaterialsImported {
                incarnation,
                revision,
                materials,
            } => Body::MaterialsImported(pb::MaterialsImported {
                incarnation: incarnation.0.to_vec(),
                revision: *revision,
                materials: materials.iter().map(|id| id.0.to_vec()).collect(),
            }),
        };
        pb::Shipment {
            from: self.from.to_string(),
            from_incarnation: self.from_incarnation.0.to_vec(),
            to: self.to.to_string(),
            key: Some(self.key.to_message()),
            body: Some(body),
        }
    }

    fn from_message(message: pb::Shipment) -> Result<Self, DecodeError> {
        let body = match message.body.ok_or(DecodeError::Missing("body of a shipment"))? {
            Body::Record(shipped) => ShipmentBody::Record {
                record: Box::new(required(shipped.record, "shared record")?),
                replica_incarnation: incarnation(&shipped.replica_incarnation)?,
                materials: from_list(shipped.materials)?,
                complete: shipped.complete,
                creation: optional(shipped.creation)?,
                proofs: from_list(shipped.proofs)?,
            },
            Body::ReplicaGone(gone) => ShipmentBody::ReplicaGone {
                incarnation: incarnation(&gone.incarnation)?,
            },
            Body::MaterialsImported(imported) => ShipmentBody::MaterialsImported {
                incarnation: incarnation(&imported.incarnation)?,
                revision: imported.revision,
                materials: material_ids(&imported.materials)?,
            },
            Body::Identity(_) => return Err(DecodeError::Missing("record of a key")),
        };
        Ok(Self {
            from: region_name(&message.from)?,
            from_incarnation: incarnation(&message.from_incarnation)?,
            to: region_name(&message.to)?,
            key: required(message.key, "key of a shipment")?,
            body,
        })
    }
}

impl<M: CarriedMaterial> Wire for MaterialInRecord<M> {
    type Message = pb::MaterialInRecord;

    fn to_message(&self) -> pb::MaterialInRecord {
        pb::MaterialInRecord {
            material_id: self.material_id.0.to_vec(),
            rotation_date_ms: self.rotation_date.map(|date| date.0),
            rotation_kind: self.rotation_kind.map(rotation_kind_number),
            material: Some(self.material.to_carried()),
        }
    }

    fn from_message(message: pb::MaterialInRecord) -> Result<Self, DecodeError> {
        let material = message.material.ok_or(DecodeError::Missing("material"))?;
        Ok(Self {
            material_id: material_id(&message.material_id)?,
            rotation_date: message.rotation_date_ms.map(Timestamp),
            rotation_kind: message.rotation_kind.map(rotation_kind).transpose()?,
            material: M::from_carried(material)?,
        })
    }
}

impl Wire for SharedRecord {
    type Message = pb::SharedRecord;

    fn to_message(&self) -> pb::SharedRecord {
        let life = |(region, incarnation): (&RegionName, &Incarnation)| pb::ReplicaLife {
            region: region.to_string(),
            incarnation: incarnation.0.to_vec(),
        };
        pb::SharedRecord {
            stamp: Some(self.stamp.to_message()),
            spec: spec_number(self.spec),
            usage: usage_number(self.usage),
            origin: origin_number(self.origin),
            creation_date_ms: self.creation_date.0,
            current_material: self.current_material.map(|id| id.0.to_vec()),
            rotation_automatic: self.rotation_automatic,
            rotation_period_days: self.rotation_period_days,
            rotation_next_date_ms: self.rotation_next_date.map(|date| date.0),
            on_demand_count: self.on_demand_count,
            pending: self.pending.as_ref().map(Wire::to_message),
            replicas: self.replicas.iter().map(life).collect(),
            handover: self.handover.as_ref().map(Wire::to_message),
            current_rotation_date_ms: self.current_rotation_date.map(|date| date.0),
            current_rotation_kind: self.current_rotation_kind.map(rotation_kind_number),
            primary_incarnation: self.primary_incarnation.0.to_vec(),
            import: self.import.as_ref().map(Wire::to_message),
        }
    }

    fn from_message(message: pb::SharedRecord) -> Result<Self, DecodeError> {
        let lives = message
            .replicas
            .into_iter()
            .map(|life| Ok((region_name(&life.region)?, incarnation(&life.incarnation)?)));
        Ok(Self {
            stamp: required(message.stamp, "stamp of a record")?,
            spec: spec(message.spec)?,
            usage: usage(message.usage)?,
            origin: origin(message.origin)?,
            creation_date: Timestamp(message.creation_date_ms),
            current_material: message.current_material.as_deref().map(material_id).transpose()?,
            rotation_automatic: message.rotation_automatic,
            rotation_period_days: message.rotation_period_days,
            rotation_next_date: message.rotation_next_date_ms.map(Timestamp),
            on_demand_count: message.on_demand_count,
            pending: optional(message.pending)?,
            replicas: from_entries(lives, "replicas")?,
            handover: optional(message.handover)?,
            current_rotation_date: message.current_rotation_date_ms.map(Timestamp),
            current_rotation_kind: message.current_rotation_kind.map(rotation_kind).transpose()?,
            primary_incarnation: incarnation(&message.primary_incarnation)?,
            import: optional(message.import)?,
        })
    }
}

impl Wire for ReplicaCreation {
    type Message = pb::ReplicaCreation;

    fn to_message(&self) -> pb::ReplicaCreation {
        pb::ReplicaCreation {
            principal: self.principal.arn().to_owned(),
            description: self.description.clone(),
            policy: self.policy.clone(),
            tags: tags_to_messages(&self.tags),
        }
    }

    fn from_message(message: pb::ReplicaCreation) -> Result<Self, DecodeError> {
        Ok(Self {
            principal: parsed(&message.principal, "principal")?,
            description: message.description,
            policy: message.policy,
            tags: tags_from_messages(message.tags)?,
        })
    }
}

impl Wire for HandoverProof {
    type Message = pb::HandoverProof;

    fn to_message(&self) -> pb::HandoverProof {
        pb::HandoverProof {
            from: Some(self.from.to_message()),
            to: Some(self.to.to_message()),
            signature: self.signature.to_vec(),
        }
    }

    fn from_message(message: pb::HandoverProof) -> Result<Self, DecodeError> {
        Ok(Self {
            from: required(message.from, "epoch that is left")?,
            to: required(message.to, "epoch that follows")?,
            signature: shared(message.signature),
        })
    }
}

impl Wire for Receipt {
    type Message = pb::Receipt;

    fn to_message(&self) -> pb::Receipt {
        pb::Receipt {
            from: self.from.to_string(),
            key: Some(self.key.to_message()),
            stamp: self.stamp.as_ref().map(Wire::to_message),
            incarnation: self.incarnation.0.to_vec(),
            materials_held: self.materials_held.iter().map(|id| id.0.to_vec()).collect(),
            outcome: Some(self.outcome.to_message()),
            complete: self.complete,
            identity: None,
        }
    }

    fn from_message(message: pb::Receipt) -> Result<Self, DecodeError> {
        if message.identity.is_some() {
            return Err(DecodeError::Missing("key of a receipt"));
        }
        Ok(Self {
            from: region_name(&message.from)?,
            key: required(message.key, "key of a receipt")?,
            stamp: optional(message.stamp)?,
            incarnation: incarnation(&message.incarnation)?,
            materials_held: material_ids(&message.materials_held)?,
            outcome: required(message.outcome, "outcome of a receipt")?,
            complete: message.complete,
        })
    }
}

impl Wire for AcceptOutcome {
    type Message = pb::AcceptOutcome;

    fn to_message(&self) -> pb::AcceptOutcome {
        let outcome = match self {
            Self::Adopted { stamp } => Outcome::Adopted(stamp.to_message()),
            Self::Stale { stamp } => Outcome::Stale(stamp.to_message()),
            Self::Gone { incarnation } => Outcome::Gone(gone(incarnation)),
            Self::GoneNoted => Outcome::GoneNoted(pb::Nothing {}),
            Self::NotPrimary { primary } => Outcome::NotPrimary(pb::accept_outcome::NotPrimary {
                primary: primary.to_string(),
            }),
            Self::Refused { reason } => Outcome::Refused(pb::accept_outcome::Refused {
                reason: reason.clone(),
            }),
            Self::HandoverDeclined {
                epoch_counter,
                reason,
            } => Outcome::HandoverDeclined(pb::accept_outcome::HandoverDeclined {
                epoch_counter: *epoch_counter,
                reason: reason.clone(),
            }),
            Self::ImportsNoted { revision } => {
                Outcome::ImportsNoted(pb::accept_outcome::ImportsNoted { revision: *revision })
            }
        };
        pb::AcceptOutcome {
            outcome: Some(outcome),
        }
    }

    fn from_message(message: pb::AcceptOutcome) -> Result<Self, DecodeError> {
        Ok(match message.outcome.ok_or(DecodeError::Missing("outcome"))? {
            Outcome::Adopted(stamp) => Self::Adopted {
                stamp: Wire::from_message(stamp)?,
            },
            Outcome::Stale(stamp) => Self::Stale {
                stamp: Wire::from_message(stamp)?,
            },
            Outcome::Gone(gone) => Self::Gone {
                incarnation: incarnation(&gone.incarnation)?,
            },
            Outcome::GoneNoted(_) => Self::GoneNoted,
            Outcome::NotPrimary(other) => Self::NotPrimary {
                primary: region_name(&other.primary)?,
            },
            Outcome::Refused(refused) => Self::Refused {
                reason: refused.reason,
            },
            Outcome::HandoverDeclined(declined) => Self::HandoverDeclined {
                epoch_counter: declined.epoch_counter,
                reason: declined.reason,
            },
            Outcome::ImportsNoted(noted) => Self::ImportsNoted {
                revision: noted.revision,
            },
        })
    }
}

/// Material ids in the messages' order.
fn material_ids(messages: &[Vec<u8>]) -> Result<Vec<MaterialId>, DecodeError> {
    messages.iter().map(|id| material_id(id)).collect()
}

fn gone(incarnation: &Incarnation) -> pb::ReplicaGone {
    pb::ReplicaGone {
        incarnation: incarnation.0.to_vec(),
    }
}
