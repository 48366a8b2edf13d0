//! The encoding of what a proposer is told, also as remembered answers hold it.

use kms_domain::Reply;
use kms_domain::vocabulary::Timestamp;
use kms_proto::internal::state::v1 as pb;
use pb::reply::Reply as Variant;

use super::DecodeError;
use super::wire::{Wire, parsed};
use super::words::material_id;

impl Wire for Reply {
    type Message = pb::Reply;

    fn to_message(&self) -> pb::Reply {
        let reply = match self {
            Self::Done => Variant::Done(pb::Nothing {}),
            Self::KeyCreated { key_id } => Variant::KeyCreated(key_id.to_message()),
            Self::DeletionScheduled { deletion_date } => {
                Variant::DeletionScheduled(pb::reply::DeletionScheduled {
                    deletion_date_ms: deletion_date.map(|date| date.0),
                })
            }
            Self::RecordAccepted(outcome) => Variant::RecordAccepted(outcome.to_message()),
            Self::AcknowledgementNoted { settled } => {
                Variant::AcknowledgementNoted(pb::reply::AcknowledgementNoted { settled: *settled })
            }
            Self::SharedChanged(stamp) => Variant::SharedChanged(stamp.to_message()),
            Self::Pulsed { log_time } => Variant::Pulsed(pb::reply::Pulsed {
                log_time_ms: log_time.0,
            }),
            Self::KeyMaterialImported { material_id } => {
                Variant::KeyMaterialImported(pb::reply::KeyMaterialImported {
                    material_id: material_id.0.to_vec(),
                })
            }
            Self::KeyMaterialDeleted { material_id } => {
                Variant::KeyMaterialDeleted(pb::reply::KeyMaterialDeleted {
                    material_id: material_id.map(|id| id.0.to_vec()),
                })
            }
            Self::AccessKeyCreated { id } => Variant::AccessKeyCreated(id.to_string()),
            Self::IdentityAccepted(outcome) => Variant::IdentityAccepted(outcome.to_message()),
        };
        pb::Reply { reply: Some(reply) }
    }

    fn from_message(message: pb::Reply) -> Result<Self, DecodeError> {
        Ok(match message.reply.ok_or(DecodeError::Missing("reply"))? {
            Variant::Done(_) => Self::Done,
            Variant::KeyCreated(key_id) => Self::KeyCreated {
                key_id: Wire::from_message(key_id)?,
            },
            Variant::DeletionScheduled(scheduled) => Self::DeletionScheduled {
                deletion_date: scheduled.deletion_date_ms.map(Timestamp),
            },
            Variant::RecordAccepted(outcome) => Self::RecordAccepted(Wire::from_message(outcome)?),
            Variant::AcknowledgementNoted(noted) => Self::AcknowledgementNoted {
                settled: noted.settled,
            },
            Variant::SharedChanged(stamp) => Self::SharedChanged(Wire::from_message(stamp)?),
            Variant::Pulsed(pulsed) => Self::Pulsed {
                log_time: Timestamp(pulsed.log_time_ms),
            },
            Variant::KeyMaterialImported(imported) => Self::KeyMaterialImported {
                material_id: material_id(&imported.material_id)?,
            },
            Variant::AccessKeyCreated(id) => Self::AccessKeyCreated {
                id: parsed(&id, "access key")?,
            },
            Variant::IdentityAccepted(outcome) => Self::IdentityAccepted(Wire::from_message(outcome)?),
            Variant::KeyMaterialDeleted(deleted) => Self::KeyMaterialDeleted {
                material_id: deleted.material_id.as_deref().map(material_id).transpose()?,
            },
        })
    }
}
