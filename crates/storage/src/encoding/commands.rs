//! The encoding of commands: one message each, in the order in which [`Command`] lists them.

use kms_domain::Command;
use kms_domain::command::{
    Bootstrap, CreateKey, DeleteAlias, EnableKeyRotation, NewMaterial, Pulse, RaiseFeatureLevel,
    RenewPeerHpkeKey, ReplicateKey, RotateKey, ScheduleKeyDeletion, SetAlias, TagResource, UntagResource,
    UpdateKeyDescription, UpdatePrimaryRegion,
};
use kms_domain::vocabulary::{RegionName, Timestamp};
use kms_proto::internal::state::v1 as pb;
use pb::proposal::Command as Variant;

use super::DecodeError;
use super::wire::{Wire, fixed, optional, parsed, required, shared};
use super::words::{
    incarnation, material_id, origin, origin_number, region_name, spec, spec_number, tags_from_messages,
    tags_to_messages, usage, usage_number,
};

impl Wire for Command {
    type Message = Variant;

    fn to_message(&self) -> Variant {
        match self {
            Self::Bootstrap(command) => Variant::Bootstrap(command.to_message()),
            Self::Pulse(command) => Variant::Pulse(command.to_message()),
            Self::RaiseFeatureLevel(command) => Variant::RaiseFeatureLevel(command.to_message()),
            Self::CreateKey(command) => Variant::CreateKey(command.to_message()),
            Self::EnableKey(key) => Variant::EnableKey(key.to_message()),
            Self::DisableKey(key) => Variant::DisableKey(key.to_message()),
            Self::UpdateKeyDescription(command) => Variant::UpdateKeyDescription(command.to_message()),
            Self::ScheduleKeyDeletion(command) => Variant::ScheduleKeyDeletion(command.to_message()),
            Self::CancelKeyDeletion(key) => Variant::CancelKeyDeletion(key.to_message()),
            Self::CreateAlias(command) => Variant::CreateAlias(command.to_message()),
            Self::UpdateAlias(command) => Variant::UpdateAlias(command.to_message()),
            Self::DeleteAlias(command) => Variant::DeleteAlias(command.to_message()),
            Self::TagResource(command) => Variant::TagResource(command.to_message()),
            Self::UntagResource(command) => Variant::UntagResource(command.to_message()),
            Self::EnableKeyRotation(command) => Variant::EnableKeyRotation(command.to_message()),
            Self::DisableKeyRotation(key) => Variant::DisableKeyRotation(key.to_message()),
            Self::RotateKeyOnDemand(command) => Variant::RotateKeyOnDemand(command.to_message()),
            Self::RotateKeyAutomatically(command) => Variant::RotateKeyAutomatically(command.to_message()),
            Self::ReplicateKey(command) => Variant::ReplicateKey(command.to_message()),
            Self::UpdatePrimaryRegion(command) => Variant::UpdatePrimaryRegion(command.to_message()),
            Self::AcceptShipment(shipment) => Variant::AcceptShipment(shipment.to_message()),
            Self::NoteReceipt(receipt) => Variant::NoteReceipt(receipt.to_message()),
            Self::PairRegion(peer) => Variant::PairRegion(peer.to_message()),
            Self::UnpairRegion(region) => Variant::UnpairRegion(region_reference(region)),
            Self::MarkAllDirty(region) => Variant::MarkAllDirty(region_reference(region)),
            Self::AddHpkeKey(row) => Variant::AddHpkeKey(row.to_message()),
            Self::RenewPeerHpkeKey(renewal) => Variant::RenewPeerHpkeKey(renewal.to_message()),
            Self::PutImportParameters(row) => Variant::PutImportParameters(row.to_message()),
            Self::ImportKeyMaterial(command) => Variant::ImportKeyMaterial(command.to_message()),
            Self::DeleteImportedKeyMaterial(command) => {
                Variant::DeleteImportedKeyMaterial(command.to_message())
            }
            Self::RotateToImportedMaterial(key) => Variant::RotateToImportedMaterial(key.to_message()),
            Self::NoteKeyUsage(command) => Variant::NoteKeyUsage(command.to_message()),
            Self::CreateAccount(command) => Variant::CreateAccount(command.to_message()),
            Self::SetAccountStatus(command) => Variant::SetAccountStatus(command.to_message()),
            Self::DeleteAccount(id) => Variant::DeleteAccount(id.to_string()),
            Self::CreateAccessKey(command) => Variant::CreateAccessKey(command.to_message()),
            Self::SetAccessKeyStatus(command) => Variant::SetAccessKeyStatus(command.to_message()),
            Self::DeleteAccessKey(id) => Variant::DeleteAccessKey(id.to_string()),
            Self::AcceptIdentity(shipment) => Variant::AcceptIdentity(shipment.to_message()),
            Self::NoteIdentityReceipt(receipt) => Variant::NoteIdentityReceipt(receipt.to_message()),
        }
    }

    fn from_message(message: Variant) -> Result<Self, DecodeError> {
        Ok(match message {
            Variant::Bootstrap(command) => Self::Bootstrap(Wire::from_message(command)?),
            Variant::Pulse(command) => Self::Pulse(Wire::from_message(command)?),
            Variant::RaiseFeatureLevel(command) => Self::RaiseFeatureLevel(Wire::from_message(command)?),
            Variant::CreateKey(command) => Self::CreateKey(Box::new(Wire::from_message(command)?)),
            Variant::EnableKey(key) => Self::EnableKey(Wire::from_message(key)?),
            Variant::DisableKey(key) => Self::DisableKey(Wire::from_message(key)?),
            Variant::UpdateKeyDescription(command) => {
                Self::UpdateKeyDescription(Wire::from_message(command)?)
            }
            Variant::ScheduleKeyDeletion(command) => Self::ScheduleKeyDeletion(Wire::from_message(command)?),
            Variant::CancelKeyDeletion(key) => Self::CancelKeyDeletion(Wire::from_message(key)?),
            Variant::CreateAlias(command) => Self::CreateAlias(Wire::from_message(command)?),
            Variant::UpdateAlias(command) => Self::UpdateAlias(Wire::from_message(command)?),
            Variant::DeleteAlias(command) => Self::DeleteAlias(Wire::from_message(command)?),
            Variant::TagResource(command) => Self::TagResource(Wire::from_message(command)?),
            Variant::UntagResource(command) => Self::UntagResource(Wire::from_message(command)?),
            Variant::EnableKeyRotation(command) => Self::EnableKeyRotation(Wire::from_message(command)?),
            Variant::DisableKeyRotation(key) => Self::DisableKeyRotation(Wire::from_message(key)?),
            Variant::RotateKeyOnDemand(command) => Self::RotateKeyOnDemand(Wire::from_message(command)?),
            Variant::RotateKeyAutomatically(command) => {
                Self::RotateKeyAutomatically(Wire::from_message(command)?)
            }
            Variant::ReplicateKey(command) => Self::ReplicateKey(Box::new(Wire::from_message(command)?)),
            Variant::UpdatePrimaryRegion(command) => Self::UpdatePrimaryRegion(Wire::from_message(command)?),
            Variant::AcceptShipment(message) => Self::AcceptShipment(Box::new(Wire::from_message(message)?)),
            Variant::NoteReceipt(receipt) => Self::NoteReceipt(Box::new(Wire::from_message(receipt)?)),
            Variant::PairRegion(peer) => Self::PairRegion(Box::new(Wire::from_message(peer)?)),
            Variant::UnpairRegion(region) => Self::UnpairRegion(region_name(&region.name)?),
            Variant::MarkAllDirty(region) => Self::MarkAllDirty(region_name(&region.name)?),
            Variant::AddHpkeKey(row) => Self::AddHpkeKey(Box::new(Wire::from_message(row)?)),
            Variant::RenewPeerHpkeKey(renewal) => {
                Self::RenewPeerHpkeKey(Box::new(Wire::from_message(renewal)?))
            }
            Variant::PutImportParameters(row) => {
                Self::PutImportParameters(Box::new(Wire::from_message(row)?))
            }
            Variant::ImportKeyMaterial(command) => {
                Self::ImportKeyMaterial(Box::new(Wire::from_message(command)?))
            }
            Variant::DeleteImportedKeyMaterial(command) => {
                Self::DeleteImportedKeyMaterial(Wire::from_message(command)?)
            }
            Variant::RotateToImportedMaterial(key) => {
                Self::RotateToImportedMaterial(Wire::from_message(key)?)
            }
            Variant::NoteKeyUsage(command) => Self::NoteKeyUsage(Wire::from_message(command)?),
            Variant::CreateAccount(command) => Self::CreateAccount(Wire::from_message(command)?),
            Variant::SetAccountStatus(command) => Self::SetAccountStatus(Wire::from_message(command)?),
            Variant::DeleteAccount(id) => Self::DeleteAccount(parsed(&id, "account")?),
            Variant::CreateAccessKey(command) => {
                Self::CreateAccessKey(Box::new(Wire::from_message(command)?))
            }
            Variant::SetAccessKeyStatus(command) => Self::SetAccessKeyStatus(Wire::from_message(command)?),
            Variant::DeleteAccessKey(id) => Self::DeleteAccessKey(parsed(&id, "access key")?),
            Variant::AcceptIdentity(message) => Self::AcceptIdentity(Box::new(Wire::from_message(message)?)),
            Variant::NoteIdentityReceipt(receipt) => {
                Self::NoteIdentityReceipt(Box::new(Wire::from_message(receipt)?))
            }
        })
    }
}

fn region_reference(region: &RegionName) -> pb::RegionRef {
    pb::RegionRef {
        name: region.to_string(),
    }
}

impl Wire for Bootstrap {
    type Message = pb::Bootstrap;

    fn to_message(&self) -> pb::Bootstrap {
        pb::Bootstrap {
            cluster: self.cluster.clone(),
            region: self.region.to_string(),
            incarnation: self.incarnation.0.to_vec(),
            wrapping_key: Some(self.wrapping_key.to_message()),
            hpke_key: Some(self.hpke_key.to_message()),
            signing_public: self.signing_public.to_vec(),
            signing_private_wrapped: self.signing_private_wrapped.to_vec(),
            feature_level: self.feature_level,
        }
    }

    fn from_message(message: pb::Bootstrap) -> Result<Self, DecodeError> {
        Ok(Self {
            cluster: message.cluster,
            region: region_name(&message.region)?,
            incarnation: incarnation(&message.incarnation)?,
            wrapping_key: required(message.wrapping_key, "first wrapping key")?,
            hpke_key: required(message.hpke_key, "first HPKE key")?,
            signing_public: fixed(&message.signing_public, "signing public key")?,
            signing_private_wrapped: shared(message.signing_private_wrapped),
            feature_level: message.feature_level,
        })
    }
}

impl Wire for RenewPeerHpkeKey {
    type Message = pb::RenewPeerHpkeKey;

    fn to_message(&self) -> pb::RenewPeerHpkeKey {
        pb::RenewPeerHpkeKey {
            peer: self.peer.to_string(),
            incarnation: self.incarnation.0.to_vec(),
            hpke_key: self.hpke_key,
            hpke_public: self.hpke_public.to_vec(),
            hpke_valid_until_ms: self.hpke_valid_until.0,
        }
    }

    fn from_message(message: pb::RenewPeerHpkeKey) -> Result<Self, DecodeError> {
        Ok(Self {
            peer: region_name(&message.peer)?,
            incarnation: incarnation(&message.incarnation)?,
            hpke_key: message.hpke_key,
            hpke_public: shared(message.hpke_public),
            hpke_valid_until: Timestamp(message.hpke_valid_until_ms),
        })
    }
}

impl Wire for Pulse {
    type Message = pb::Pulse;

    fn to_message(&self) -> pb::Pulse {
        let reading = |(node_id, time): &(u64, Timestamp)| pb::pulse::Reading {
            node_id: *node_id,
            time_ms: time.0,
        };
        pb::Pulse {
            readings: self.readings.iter().map(reading).collect(),
        }
    }

    fn from_message(message: pb::Pulse) -> Result<Self, DecodeError> {
        let reading = |reading: pb::pulse::Reading| (reading.node_id, Timestamp(reading.time_ms));
        Ok(Self {
            readings: message.readings.into_iter().map(reading).collect(),
        })
    }
}

impl Wire for RaiseFeatureLevel {
    type Message = pb::RaiseFeatureLevel;

    fn to_message(&self) -> pb::RaiseFeatureLevel {
        pb::RaiseFeatureLevel { level: self.level }
    }

    fn from_message(message: pb::RaiseFeatureLevel) -> Result<Self, DecodeError> {
        Ok(Self { level: message.level })
    }
}

impl Wire for NewMaterial {
    type Message = pb::NewMaterial;

    fn to_message(&self) -> pb::NewMaterial {
        pb::NewMaterial {
            material_id: self.material_id.0.to_vec(),
            wrapped: Some(self.wrapped.to_message()),
        }
    }

    fn from_message(message: pb::NewMaterial) -> Result<Self, DecodeError> {
        Ok(Self {
            material_id: material_id(&message.material_id)?,
            wrapped: required(message.wrapped, "wrapped material")?,
        })
    }
}

impl Wire for CreateKey {
    type Message = pb::CreateKey;

    fn to_message(&self) -> pb::CreateKey {
        pb::CreateKey {
            key: Some(self.name.to_message()),
            spec: spec_number(self.spec),
            usage: usage_number(self.usage),
            origin: origin_number(self.origin),
            description: self.description.clone(),
            policy: self.policy.clone(),
            tags: tags_to_messages(&self.tags),
            multi_region: self.multi_region.map(|incarnation| incarnation.0.to_vec()),
            material: self.material.as_ref().map(Wire::to_message),
        }
    }

    fn from_message(message: pb::CreateKey) -> Result<Self, DecodeError> {
        Ok(Self {
            name: required(message.key, "key")?,
            spec: spec(message.spec)?,
            usage: usage(message.usage)?,
            origin: origin(message.origin)?,
            description: message.description,
            policy: message.policy,
            tags: tags_from_messages(message.tags)?,
            multi_region: message.multi_region.as_deref().map(incarnation).transpose()?,
            material: optional(message.material)?,
        })
    }
}

impl Wire for UpdateKeyDescription {
    type Message = pb::UpdateKeyDescription;

    fn to_message(&self) -> pb::UpdateKeyDescription {
        pb::UpdateKeyDescription {
            key: Some(self.key.to_message()),
            description: self.description.clone(),
        }
    }

    fn from_message(message: pb::UpdateKeyDescription) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key")?,
            description: message.description,
        })
    }
}

impl Wire for ScheduleKeyDeletion {
    type Message = pb::ScheduleKeyDeletion;

    fn to_message(&self) -> pb::ScheduleKeyDeletion {
        pb::ScheduleKeyDeletion {
            key: Some(self.key.to_message()),
            pending_window_days: self.pending_window_days,
        }
    }

    fn from_message(message: pb::ScheduleKeyDeletion) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key")?,
            pending_window_days: message.pending_window_days,
        })
    }
}

impl Wire for SetAlias {
    type Message = pb::SetAlias;

    fn to_message(&self) -> pb::SetAlias {
        pb::SetAlias {
            alias: self.alias.to_string(),
            key: Some(self.key.to_message()),
        }
    }

    fn from_message(message: pb::SetAlias) -> Result<Self, DecodeError> {
        Ok(Self {
            alias: parsed(&message.alias, "alias")?,
            key: required(message.key, "key")?,
        })
    }
}

impl Wire for DeleteAlias {
    type Message = pb::DeleteAlias;

    fn to_message(&self) -> pb::DeleteAlias {
        pb::DeleteAlias {
            account: self.account.to_string(),
            alias: self.alias.to_string(),
        }
    }

    fn from_message(message: pb::DeleteAlias) -> Result<Self, DecodeError> {
        Ok(Self {
            account: parsed(&message.account, "account")?,
            alias: parsed(&message.alias, "alias")?,
        })
    }
}

impl Wire for TagResource {
    type Message = pb::TagResource;

    fn to_message(&self) -> pb::TagResource {
        let tag = |(key, value): &(String, String)| pb::Tag {
            key: key.clone(),
            value: value.clone(),
        };
        pb::TagResource {
            key: Some(self.key.to_message()),
            tags: self.tags.iter().map(tag).collect(),
        }
    }

    fn from_message(message: pb::TagResource) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key")?,
            tags: message.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        })
    }
}

impl Wire for UntagResource {
    type Message = pb::UntagResource;

    fn to_message(&self) -> pb::UntagResource {
        pb::UntagResource {
            key: Some(self.key.to_message()),
            tag_keys: self.tag_keys.clone(),
        }
    }

    fn from_message(message: pb::UntagResource) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key")?,
            tag_keys: message.tag_keys,
        })
    }
}

impl Wire for EnableKeyRotation {
    type Message = pb::EnableKeyRotation;

    fn to_message(&self) -> pb::EnableKeyRotation {
        pb::EnableKeyRotation {
            key: Some(self.key.to_message()),
            period_days: self.period_days,
        }
    }

    fn from_message(message: pb::EnableKeyRotation) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key")?,
            period_days: message.period_days,
        })
    }
}

impl Wire for RotateKey {
    type Message = pb::RotateKey;

    fn to_message(&self) -> pb::RotateKey {
        pb::RotateKey {
            key: Some(self.key.to_message()),
            material: Some(self.material.to_message()),
        }
    }

    fn from_message(message: pb::RotateKey) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key")?,
            material: required(message.material, "new material")?,
        })
    }
}

impl Wire for ReplicateKey {
    type Message = pb::ReplicateKey;

    fn to_message(&self) -> pb::ReplicateKey {
        pb::ReplicateKey {
            key: Some(self.key.to_message()),
            region: self.region.to_string(),
            incarnation: self.incarnation.0.to_vec(),
            description: self.description.clone(),
            policy: self.policy.clone(),
            tags: tags_to_messages(&self.tags),
        }
    }

    fn from_message(message: pb::ReplicateKey) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key")?,
            region: region_name(&message.region)?,
            incarnation: incarnation(&message.incarnation)?,
            description: message.description,
            policy: message.policy,
            tags: tags_from_messages(message.tags)?,
        })
    }
}

impl Wire for UpdatePrimaryRegion {
    type Message = pb::UpdatePrimaryRegion;

    fn to_message(&self) -> pb::UpdatePrimaryRegion {
        pb::UpdatePrimaryRegion {
            key: Some(self.key.to_message()),
            target: self.target.to_string(),
            proof: Some(self.proof.to_message()),
        }
    }

    fn from_message(message: pb::UpdatePrimaryRegion) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key")?,
            target: region_name(&message.target)?,
            proof: required(message.proof, "hand-over proof")?,
        })
    }
}
