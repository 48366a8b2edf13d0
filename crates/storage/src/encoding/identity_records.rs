//! The encoding of what regions tell each other about accounts and access keys. It shares the messages of keys, whose
//! parts that speak of a key are absent then.

use kms_domain::multi_region::{
    AccessKeyRecord, AccountRecord, IdentityOutcome, IdentityReceipt, IdentityRecord, IdentityShipment,
    Parcel, ParcelReceipt, RecordId,
};
use kms_domain::vocabulary::Timestamp;
use kms_proto::internal::state::v1 as pb;
use pb::access_key_record::Secret;
use pb::identity_outcome::Outcome;
use pb::identity_record::Record;
use pb::material_in_record::Material;
use pb::shipment::Body;

use super::DecodeError;
use super::identities::{access_key_status, access_key_status_number, account_status, account_status_number};
use super::multi_region::CarriedMaterial;
use super::wire::{Wire, parsed, required};
use super::words::{incarnation, region_name};

impl<M: CarriedMaterial> Wire for Parcel<M> {
    type Message = pb::Shipment;

    fn to_message(&self) -> pb::Shipment {
        match self {
            Self::Key(shipment) => shipment.to_message(),
            Self::Identity(shipment) => shipment.to_message(),
        }
    }

    fn from_message(message: pb::Shipment) -> Result<Self, DecodeError> {
        Ok(match message.body {
            Some(Body::Identity(_)) => Self::Identity(Wire::from_message(message)?),
            _ => Self::Key(Wire::from_message(message)?),
        })
    }
}

impl<M: CarriedMaterial> Wire for IdentityShipment<M> {
    type Message = pb::Shipment;

    fn to_message(&self) -> pb::Shipment {
        pb::Shipment {
            from: self.from.to_string(),
            from_incarnation: self.from_incarnation.0.to_vec(),
            to: self.to.to_string(),
            key: None,
            body: Some(Body::Identity(self.record.to_message())),
        }
    }

    fn from_message(message: pb::Shipment) -> Result<Self, DecodeError> {
        let (None, Some(Body::Identity(record))) = (message.key, message.body) else {
            return Err(DecodeError::Missing("identity of a shipment"));
        };
        Ok(Self {
            from: region_name(&message.from)?,
            from_incarnation: incarnation(&message.from_incarnation)?,
            to: region_name(&message.to)?,
            record: Wire::from_message(record)?,
        })
    }
}

impl<M: CarriedMaterial> Wire for IdentityRecord<M> {
    type Message = pb::IdentityRecord;

    fn to_message(&self) -> pb::IdentityRecord {
        let record = match self {
            Self::Account(record) => Record::Account(record.to_message()),
            Self::AccessKey(record) => Record::AccessKey(record.to_message()),
        };
        pb::IdentityRecord { record: Some(record) }
    }

    fn from_message(message: pb::IdentityRecord) -> Result<Self, DecodeError> {
        let record = message.record.ok_or(DecodeError::Missing("identity's record"))?;
        Ok(match record {
            Record::Account(record) => Self::Account(Wire::from_message(record)?),
            Record::AccessKey(record) => Self::AccessKey(Wire::from_message(record)?),
        })
    }
}

impl Wire for AccountRecord {
    type Message = pb::AccountRecord;

    fn to_message(&self) -> pb::AccountRecord {
        pb::AccountRecord {
            id: self.id.to_string(),
            name: self.name.clone(),
            status: account_status_number(self.status),
            creation_date_ms: self.creation_date.0,
            revision: self.revision,
        }
    }

    fn from_message(message: pb::AccountRecord) -> Result<Self, DecodeError> {
        Ok(Self {
            id: parsed(&message.id, "account")?,
            name: message.name,
            status: account_status(message.status)?,
            creation_date: Timestamp(message.creation_date_ms),
            revision: message.revision,
        })
    }
}

impl<M: CarriedMaterial> Wire for AccessKeyRecord<M> {
    type Message = pb::AccessKeyRecord;

    fn to_message(&self) -> pb::AccessKeyRecord {
        let secret = self.secret.as_ref().map(|secret| match secret.to_carried() {
            Material::Wrapped(wrapped) => Secret::Wrapped(wrapped),
            Material::Sealed(sealed) => Secret::Sealed(sealed),
        });
        pb::AccessKeyRecord {
            id: self.id.to_string(),
            principal: self.principal.arn().to_owned(),
            status: access_key_status_number(self.status),
            creation_date_ms: self.creation_date.0,
            revision: self.revision,
            secret,
        }
    }

    fn from_message(message: pb::AccessKeyRecord) -> Result<Self, DecodeError> {
        let secret = message.secret.map(|secret| match secret {
            Secret::Wrapped(wrapped) => Material::Wrapped(wrapped),
            Secret::Sealed(sealed) => Material::Sealed(sealed),
        });
        Ok(Self {
            id: parsed(&message.id, "access key")?,
            principal: parsed(&message.principal, "principal")?,
            status: access_key_status(message.status)?,
            creation_date: Timestamp(message.creation_date_ms),
            revision: message.revision,
            secret: secret.map(M::from_carried).transpose()?,
        })
    }
}

impl Wire for ParcelReceipt {
    type Message = pb::Receipt;

    fn to_message(&self) -> pb::Receipt {
        match self {
            Self::Key(receipt) => receipt.to_message(),
            Self::Identity(receipt) => receipt.to_message(),
        }
    }

    fn from_message(message: pb::Receipt) -> Result<Self, DecodeError> {
        Ok(match message.identity {
            Some(_) => Self::Identity(Wire::from_message(message)?),
            None => Self::Key(Wire::from_message(message)?),
        })
    }
}

impl Wire for IdentityReceipt {
    type Message = pb::Receipt;

    fn to_message(&self) -> pb::Receipt {
        pb::Receipt {
            from: self.from.to_string(),
            incarnation: self.from_incarnation.0.to_vec(),
            identity: Some(pb::IdentityReceipt {
                id: Some(self.id.to_message()),
                revision: self.revision,
                outcome: Some(self.outcome.to_message()),
            }),
            ..pb::Receipt::default()
        }
    }

    fn from_message(message: pb::Receipt) -> Result<Self, DecodeError> {
        let speaks_of_key = message.key.is_some()
            || message.stamp.is_some()
            || message.outcome.is_some()
            || message.complete
            || !message.materials_held.is_empty();
        let Some(identity) = message.identity.filter(|_| !speaks_of_key) else {
            return Err(DecodeError::Missing("identity of a receipt"));
        };
        Ok(Self {
            from: region_name(&message.from)?,
            from_incarnation: incarnation(&message.incarnation)?,
            id: required(identity.id, "identity of a receipt")?,
            revision: identity.revision,
            outcome: required(identity.outcome, "outcome of a receipt")?,
        })
    }
}

impl Wire for IdentityOutcome {
    type Message = pb::IdentityOutcome;

    fn to_message(&self) -> pb::IdentityOutcome {
        let outcome = match self {
            Self::Adopted { revision } => Outcome::AdoptedRevision(*revision),
            Self::Stale { revision } => Outcome::StaleRevision(*revision),
            Self::Refused { reason } => Outcome::RefusedReason(reason.clone()),
        };
        pb::IdentityOutcome {
            outcome: Some(outcome),
        }
    }

    fn from_message(message: pb::IdentityOutcome) -> Result<Self, DecodeError> {
        Ok(match message.outcome.ok_or(DecodeError::Missing("outcome"))? {
            Outcome::AdoptedRevision(revision) => Self::Adopted { revision },
            Outcome::StaleRevision(revision) => Self::Stale { revision },
            Outcome::RefusedReason(reason) => Self::Refused { reason },
        })
    }
}

/// What an outbox row is about, as its message has it: the key, or the identity.
pub(super) fn record_to_messages(record: &RecordId) -> (Option<pb::KeyName>, Option<pb::IdentityId>) {
    match record {
        RecordId::Key(key) => (Some(key.to_message()), None),
        RecordId::Identity(id) => (None, Some(id.to_message())),
    }
}

/// The opposite of [`record_to_messages`].
pub(super) fn record_from_messages(
    key: Option<pb::KeyName>,
    identity: Option<pb::IdentityId>,
) -> Result<RecordId, DecodeError> {
    match (key, identity) {
        (Some(key), None) => Ok(RecordId::Key(Wire::from_message(key)?)),
        (None, Some(id)) => Ok(RecordId::Identity(Wire::from_message(id)?)),
        _ => Err(DecodeError::Missing("key or identity of an outbox row")),
    }
}
