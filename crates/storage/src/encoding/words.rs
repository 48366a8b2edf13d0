//! The encoding of the field's words: ids, ARNs, specs, tags, epochs.

use std::collections::BTreeSet;

use kms_domain::key::{KeyName, PendingRotation, RotationKind, WrappedMaterial};
use kms_domain::multi_region::RecordStamp;
use kms_domain::vocabulary::ids::KeyIdKind;
use kms_domain::vocabulary::tags::Tags;
use kms_domain::vocabulary::{
    AliasArn, Epoch, Incarnation, KeyArn, KeyId, KeyOrigin, KeySpec, KeyUsage, MaterialId, RegionName,
    Timestamp,
};
use kms_proto::internal::state::v1 as pb;

use super::DecodeError;
use super::wire::{Wire, fixed, from_entries, number, parsed, required, shared, unknown_number};

impl Wire for KeyId {
    type Message = pb::KeyId;

    fn to_message(&self) -> pb::KeyId {
        let kind = match self.kind {
            KeyIdKind::Uuid => pb::KeyIdKind::Uuid,
            KeyIdKind::MultiRegion => pb::KeyIdKind::MultiRegion,
        };
        pb::KeyId {
            kind: kind.into(),
            id: self.bytes.to_vec(),
        }
    }

    fn from_message(message: pb::KeyId) -> Result<Self, DecodeError> {
        let kind = match number(message.kind, "key id kind")? {
            pb::KeyIdKind::Unspecified => return Err(unknown_number(0, "key id kind")),
            pb::KeyIdKind::Uuid => KeyIdKind::Uuid,
            pb::KeyIdKind::MultiRegion => KeyIdKind::MultiRegion,
        };
        Ok(Self {
            kind,
            bytes: fixed(&message.id, "key id")?,
        })
    }
}

impl Wire for KeyName {
    type Message = pb::KeyName;

    fn to_message(&self) -> pb::KeyName {
        pb::KeyName {
            account: self.account.to_string(),
            key_id: Some(self.key_id.to_message()),
        }
    }

    fn from_message(message: pb::KeyName) -> Result<Self, DecodeError> {
        Ok(Self {
            account: parsed(&message.account, "account")?,
            key_id: required(message.key_id, "key id")?,
        })
    }
}

impl Wire for KeyArn {
    type Message = pb::KeyArn;

    fn to_message(&self) -> pb::KeyArn {
        let name = KeyName {
            account: self.account,
            key_id: self.key_id,
        };
        pb::KeyArn {
            region: self.region.to_string(),
            key: Some(name.to_message()),
        }
    }

    fn from_message(message: pb::KeyArn) -> Result<Self, DecodeError> {
        let name: KeyName = required(message.key, "key of an ARN")?;
        Ok(Self {
            region: parsed(&message.region, "region of an ARN")?,
            account: name.account,
            key_id: name.key_id,
        })
    }
}

impl Wire for AliasArn {
    type Message = pb::AliasArn;

    fn to_message(&self) -> pb::AliasArn {
        pb::AliasArn {
            region: self.region.to_string(),
            account: self.account.to_string(),
            alias: self.alias.to_string(),
        }
    }

    fn from_message(message: pb::AliasArn) -> Result<Self, DecodeError> {
        Ok(Self {
            region: parsed(&message.region, "region of an ARN")?,
            account: parsed(&message.account, "account of an ARN")?,
            alias: parsed(&message.alias, "alias of an ARN")?,
        })
    }
}

impl Wire for Epoch {
    type Message = pb::Epoch;

    fn to_message(&self) -> pb::Epoch {
        pb::Epoch {
            counter: self.counter,
            region: self.region.to_string(),
            incarnation: self.incarnation.0.to_vec(),
        }
    }

    fn from_message(message: pb::Epoch) -> Result<Self, DecodeError> {
        Ok(Self {
            counter: message.counter,
            region: parsed(&message.region, "region of an epoch")?,
            incarnation: incarnation(&message.incarnation)?,
        })
    }
}

impl Wire for RecordStamp {
    type Message = pb::RecordStamp;

    fn to_message(&self) -> pb::RecordStamp {
        pb::RecordStamp {
            epoch: Some(self.epoch.to_message()),
            shared_revision: self.shared_revision,
        }
    }

    fn from_message(message: pb::RecordStamp) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: required(message.epoch, "epoch of a stamp")?,
            shared_revision: message.shared_revision,
        })
    }
}

impl Wire for PendingRotation {
    type Message = pb::PendingRotation;

    fn to_message(&self) -> pb::PendingRotation {
        pb::PendingRotation {
            material_id: self.material_id.0.to_vec(),
            kind: rotation_kind_number(self.kind),
            started_ms: self.started.0,
        }
    }

    fn from_message(message: pb::PendingRotation) -> Result<Self, DecodeError> {
        Ok(Self {
            material_id: material_id(&message.material_id)?,
            kind: rotation_kind(message.kind)?,
            started: Timestamp(message.started_ms),
        })
    }
}

impl Wire for WrappedMaterial {
    type Message = pb::WrappedMaterial;

    fn to_message(&self) -> pb::WrappedMaterial {
        pb::WrappedMaterial {
            wrapping_key: self.wrapping_key,
            bytes: self.bytes.to_vec(),
        }
    }

    fn from_message(message: pb::WrappedMaterial) -> Result<Self, DecodeError> {
        Ok(Self {
            wrapping_key: message.wrapping_key,
            bytes: shared(message.bytes),
        })
    }
}

/// A material id from its 32 bytes.
pub(super) fn material_id(bytes: &[u8]) -> Result<MaterialId, DecodeError> {
    fixed(bytes, "material id").map(MaterialId)
}

/// Material ids, ascending.
pub(super) fn material_ids_to_messages(ids: &BTreeSet<MaterialId>) -> Vec<Vec<u8>> {
    ids.iter().map(|id| id.0.to_vec()).collect()
}

/// The opposite of [`material_ids_to_messages`].
pub(super) fn material_ids_from_messages(
    messages: &[Vec<u8>],
    field: &'static str,
) -> Result<BTreeSet<MaterialId>, DecodeError> {
    let entries = messages.iter().map(|id| Ok((material_id(id)?, ())));
    Ok(from_entries(entries, field)?.into_keys().collect())
}

/// Names of regions, ascending.
pub(super) fn region_names_from_messages(
    messages: &[String],
    field: &'static str,
) -> Result<BTreeSet<RegionName>, DecodeError> {
    let entries = messages.iter().map(|region| Ok((region_name(region)?, ())));
    Ok(from_entries(entries, field)?.into_keys().collect())
}

/// An incarnation from its 16 bytes.
pub(super) fn incarnation(bytes: &[u8]) -> Result<Incarnation, DecodeError> {
    fixed(bytes, "incarnation").map(Incarnation)
}

/// A region's name.
pub(super) fn region_name(text: &str) -> Result<RegionName, DecodeError> {
    parsed(text, "region")
}

/// Tags by tag key, ascending.
pub(super) fn tags_to_messages(tags: &Tags) -> Vec<pb::Tag> {
    let tag = |(key, value): (&String, &String)| pb::Tag {
        key: key.clone(),
        value: value.clone(),
    };
    tags.iter().map(tag).collect()
}

/// The opposite of [`tags_to_messages`].
pub(super) fn tags_from_messages(messages: Vec<pb::Tag>) -> Result<Tags, DecodeError> {
    from_entries(messages.into_iter().map(|tag| Ok((tag.key, tag.value))), "tags")
}

/// The number of a kind of rotation.
pub(super) fn rotation_kind_number(kind: RotationKind) -> i32 {
    match kind {
        RotationKind::Automatic => pb::RotationKind::Automatic,
        RotationKind::OnDemand => pb::RotationKind::OnDemand,
    }
    .into()
}

/// The opposite of [`rotation_kind_number`].
pub(super) fn rotation_kind(value: i32) -> Result<RotationKind, DecodeError> {
    match number(value, "rotation kind")? {
        pb::RotationKind::Unspecified => Err(unknown_number(value, "rotation kind")),
        pb::RotationKind::Automatic => Ok(RotationKind::Automatic),
        pb::RotationKind::OnDemand => Ok(RotationKind::OnDemand),
    }
}

/// The number of a key spec.
pub(super) fn spec_number(spec: KeySpec) -> i32 {
    match spec {
        KeySpec::SymmetricDefault => pb::KeySpec::SymmetricDefault,
        KeySpec::Rsa2048 => pb::KeySpec::Rsa2048,
        KeySpec::Rsa3072 => pb::KeySpec::Rsa3072,
        KeySpec::Rsa4096 => pb::KeySpec::Rsa4096,
        KeySpec::EccNistP256 => pb::KeySpec::EccNistP256,
        KeySpec::EccNistP384 => pb::KeySpec::EccNistP384,
        KeySpec::EccNistP521 => pb::KeySpec::EccNistP521,
        KeySpec::EccSecgP256k1 => pb::KeySpec::EccSecgP256k1,
        KeySpec::EccNistEdwards25519 => pb::KeySpec::EccNistEdwards25519,
        KeySpec::Hmac224 => pb::KeySpec::Hmac224,
        KeySpec::Hmac256 => pb::KeySpec::Hmac256,
        KeySpec::Hmac384 => pb::KeySpec::Hmac384,
        KeySpec::Hmac512 => pb::KeySpec::Hmac512,
        KeySpec::MlDsa44 => pb::KeySpec::MlDsa44,
        KeySpec::MlDsa65 => pb::KeySpec::MlDsa65,
        KeySpec::MlDsa87 => pb::KeySpec::MlDsa87,
        KeySpec::MlKem512 => pb::KeySpec::MlKem512,
        KeySpec::MlKem768 => pb::KeySpec::MlKem768,
        KeySpec::MlKem1024 => pb::KeySpec::MlKem1024,
    }
    .into()
}

/// The opposite of [`spec_number`].
pub(super) fn spec(value: i32) -> Result<KeySpec, DecodeError> {
    find(KeySpec::ALL, spec_number, value, "key spec")
}

/// The number of a key usage.
pub(super) fn usage_number(usage: KeyUsage) -> i32 {
    match usage {
        KeyUsage::EncryptDecrypt => pb::KeyUsage::EncryptDecrypt,
        KeyUsage::SignVerify => pb::KeyUsage::SignVerify,
        KeyUsage::GenerateVerifyMac => pb::KeyUsage::GenerateVerifyMac,
        KeyUsage::KeyAgreement => pb::KeyUsage::KeyAgreement,
        KeyUsage::EncapsulateDecapsulate => pb::KeyUsage::EncapsulateDecapsulate,
    }
    .into()
}

/// The opposite of [`usage_number`].
pub(super) fn usage(value: i32) -> Result<KeyUsage, DecodeError> {
    find(KeyUsage::ALL, usage_number, value, "key usage")
}

/// The number of a key origin.
pub(super) fn origin_number(origin: KeyOrigin) -> i32 {
    match origin {
        KeyOrigin::AwsKms => pb::KeyOrigin::AwsKms,
        KeyOrigin::External => pb::KeyOrigin::External,
        KeyOrigin::AwsCloudHsm => pb::KeyOrigin::AwsCloudhsm,
        KeyOrigin::ExternalKeyStore => pb::KeyOrigin::ExternalKeyStore,
    }
    .into()
}

/// The opposite of [`origin_number`].
pub(super) fn origin(value: i32) -> Result<KeyOrigin, DecodeError> {
    find(KeyOrigin::ALL, origin_number, value, "key origin")
}

/// The value among `all` that has this number.
fn find<T: Copy>(
    all: &[T],
    number_of: fn(T) -> i32,
    value: i32,
    field: &'static str,
) -> Result<T, DecodeError> {
    all.iter()
        .copied()
        .find(|candidate| number_of(*candidate) == value)
        .ok_or(unknown_number(value, field))
}
