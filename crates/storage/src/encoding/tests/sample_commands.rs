//! Arbitrary log entries.

use kms_domain::command::{
    Bootstrap, CreateAccessKey, CreateAccount, CreateKey, DeleteAlias, DeleteImportedKeyMaterial,
    EnableKeyRotation, ImportKeyMaterial, NewMaterial, NoteKeyUsage, Pulse, RaiseFeatureLevel,
    RenewPeerHpkeKey, ReplicateKey, RotateKey, ScheduleKeyDeletion, SetAccessKeyStatus, SetAccountStatus,
    SetAlias, TagResource, UntagResource, UpdateKeyDescription, UpdatePrimaryRegion,
};
use kms_domain::multi_region::{
    AccessKeyRecord, AccountRecord, IdentityReceipt, IdentityRecord, IdentityShipment, MaterialInRecord,
    Parcel, ParcelReceipt, Receipt, SharedImport, SharedRecord, Shipment, ShipmentBody,
};
use kms_domain::{Command, Guard, Proposal, RequestKey};

use super::sample::{Sample, Source, sampled};

sampled! {
    Proposal { time, principal, request, guard, command }
    RequestKey { operation, id, parameters_hash }
    Guard { keys, aliases, access_keys, accounts, wrapping_key, decided_at }
    Bootstrap {
        cluster, region, incarnation, wrapping_key, hpke_key, signing_public, signing_private_wrapped,
        feature_level,
    }
    RenewPeerHpkeKey { peer, incarnation, hpke_key, hpke_public, hpke_valid_until }
    Pulse { readings }
    RaiseFeatureLevel { level }
    NewMaterial { material_id, wrapped }
    CreateKey { name, spec, usage, origin, description, policy, tags, multi_region, material }
    UpdateKeyDescription { key, description }
    ScheduleKeyDeletion { key, pending_window_days }
    SetAlias { alias, key }
    DeleteAlias { account, alias }
    TagResource { key, tags }
    UntagResource { key, tag_keys }
    EnableKeyRotation { key, period_days }
    RotateKey { key, material }
    ReplicateKey { key, region, incarnation, description, policy, tags }
    UpdatePrimaryRegion { key, target, proof }
    ImportKeyMaterial {
        key, token, request_sha256, import_type, matched, material, commitment, expires, description,
    }
    DeleteImportedKeyMaterial { key, material_id }
    NoteKeyUsage { usages }
    CreateAccount { id, name }
    SetAccountStatus { id, enabled }
    CreateAccessKey { id, principal, secret }
    SetAccessKeyStatus { id, enabled }
    AccountRecord { id, name, status, creation_date, revision }
    IdentityReceipt { from, from_incarnation, id, revision, outcome }
    SharedRecord {
        stamp, spec, usage, origin, creation_date, current_material, rotation_automatic,
        rotation_period_days, rotation_next_date, on_demand_count, pending, replicas, handover,
        current_rotation_date, current_rotation_kind, primary_incarnation, import,
    }
    SharedImport { pending, materials }
    Receipt { from, key, stamp, incarnation, materials_held, outcome, complete }
}

impl<M: Sample> Sample for MaterialInRecord<M> {
    fn sample(source: &mut Source) -> Self {
        Self {
            material_id: source.draw(),
            rotation_date: source.draw(),
            rotation_kind: source.draw(),
            material: source.draw(),
        }
    }
}

impl<M: Sample> Sample for Shipment<M> {
    fn sample(source: &mut Source) -> Self {
        Self {
            from: source.draw(),
            from_incarnation: source.draw(),
            to: source.draw(),
            key: source.draw(),
            body: source.draw(),
        }
    }
}

impl<M: Sample> Sample for ShipmentBody<M> {
    fn sample(source: &mut Source) -> Self {
        match source.below(5) {
            0 => Self::ReplicaGone {
                incarnation: source.draw(),
            },
            1 => Self::MaterialsImported {
                incarnation: source.draw(),
                revision: source.draw(),
                materials: source.draw(),
            },
            _ => Self::Record {
                record: source.draw(),
                replica_incarnation: source.draw(),
                materials: source.draw(),
                complete: source.draw(),
                creation: source.draw(),
                proofs: source.draw(),
            },
        }
    }
}

impl<M: Sample> Sample for Parcel<M> {
    fn sample(source: &mut Source) -> Self {
        match source.draw() {
            true => Self::Key(source.draw()),
            false => Self::Identity(source.draw()),
        }
    }
}

impl Sample for ParcelReceipt {
    fn sample(source: &mut Source) -> Self {
        match source.draw() {
            true => Self::Key(source.draw()),
            false => Self::Identity(source.draw()),
        }
    }
}

impl<M: Sample> Sample for IdentityShipment<M> {
    fn sample(source: &mut Source) -> Self {
        Self {
            from: source.draw(),
            from_incarnation: source.draw(),
            to: source.draw(),
            record: match source.draw() {
                true => IdentityRecord::Account(source.draw()),
                false => IdentityRecord::AccessKey(source.draw()),
            },
        }
    }
}

impl<M: Sample> Sample for AccessKeyRecord<M> {
    fn sample(source: &mut Source) -> Self {
        Self {
            id: source.draw(),
            principal: source.draw(),
            status: source.draw(),
            creation_date: source.draw(),
            revision: source.draw(),
            secret: source.draw(),
        }
    }
}

/// How many commands there are.
pub(super) const COMMAND_KINDS: usize = 40;

/// The number of a command's kind, below [`COMMAND_KINDS`].
pub(super) const fn command_kind(command: &Command) -> usize {
    match command {
        Command::Bootstrap(_) => 0,
        Command::Pulse(_) => 1,
        Command::RaiseFeatureLevel(_) => 2,
        Command::CreateKey(_) => 3,
        Command::EnableKey(_) => 4,
        Command::DisableKey(_) => 5,
        Command::UpdateKeyDescription(_) => 6,
        Command::ScheduleKeyDeletion(_) => 7,
        Command::CancelKeyDeletion(_) => 8,
        Command::CreateAlias(_) => 9,
        Command::UpdateAlias(_) => 10,
        Command::DeleteAlias(_) => 11,
        Command::TagResource(_) => 12,
        Command::UntagResource(_) => 13,
        Command::EnableKeyRotation(_) => 14,
        Command::DisableKeyRotation(_) => 15,
        Command::RotateKeyOnDemand(_) => 16,
        Command::RotateKeyAutomatically(_) => 17,
        Command::ReplicateKey(_) => 18,
        Command::UpdatePrimaryRegion(_) => 19,
        Command::AcceptShipment(_) => 20,
        Command::NoteReceipt(_) => 21,
        Command::PairRegion(_) => 22,
        Command::UnpairRegion(_) => 23,
        Command::MarkAllDirty(_) => 24,
        Command::AddHpkeKey(_) => 25,
        Command::RenewPeerHpkeKey(_) => 26,
        Command::PutImportParameters(_) => 27,
        Command::ImportKeyMaterial(_) => 28,
        Command::DeleteImportedKeyMaterial(_) => 29,
        Command::RotateToImportedMaterial(_) => 30,
        Command::NoteKeyUsage(_) => 31,
        Command::CreateAccount(_) => 32,
        Command::SetAccountStatus(_) => 33,
        Command::DeleteAccount(_) => 34,
        Command::CreateAccessKey(_) => 35,
        Command::SetAccessKeyStatus(_) => 36,
        Command::DeleteAccessKey(_) => 37,
        Command::AcceptIdentity(_) => 38,
        Command::NoteIdentityReceipt(_) => 39,
    }
}

impl Sample for Command {
    fn sample(source: &mut Source) -> Self {
        match source.below(COMMAND_KINDS) {
            0 => Self::Bootstrap(source.draw()),
            1 => Self::Pulse(source.draw()),
            2 => Self::RaiseFeatureLevel(source.draw()),
            3 => Self::CreateKey(source.draw()),
            4 => Self::EnableKey(source.draw()),
            5 => Self::DisableKey(source.draw()),
            6 => Self::UpdateKeyDescription(source.draw()),
            7 => Self::ScheduleKeyDeletion(source.draw()),
            8 => Self::CancelKeyDeletion(source.draw()),
            9 => Self::CreateAlias(source.draw()),
            10 => Self::UpdateAlias(source.draw()),
            11 => Self::DeleteAlias(source.draw()),
            12 => Self::TagResource(source.draw()),
            13 => Self::UntagResource(source.draw()),
            14 => Self::EnableKeyRotation(source.draw()),
            15 => Self::DisableKeyRotation(source.draw()),
            16 => Self::RotateKeyOnDemand(source.draw()),
            17 => Self::RotateKeyAutomatically(source.draw()),
            18 => Self::ReplicateKey(source.draw()),
            19 => Self::UpdatePrimaryRegion(source.draw()),
            20 => Self::AcceptShipment(source.draw()),
            21 => Self::NoteReceipt(source.draw()),
            22 => Self::PairRegion(source.draw()),
            23 => Self::UnpairRegion(source.draw()),
            24 => Self::MarkAllDirty(source.draw()),
            25 => Self::AddHpkeKey(source.draw()),
            26 => Self::RenewPeerHpkeKey(source.draw()),
            27 => Self::PutImportParameters(source.draw()),
            28 => Self::ImportKeyMaterial(source.draw()),
            29 => Self::DeleteImportedKeyMaterial(source.draw()),
            30 => Self::RotateToImportedMaterial(source.draw()),
            31 => Self::NoteKeyUsage(source.draw()),
            32 => Self::CreateAccount(source.draw()),
            33 => Self::SetAccountStatus(source.draw()),
            34 => Self::DeleteAccount(source.draw()),
            35 => Self::CreateAccessKey(source.draw()),
            36 => Self::SetAccessKeyStatus(source.draw()),
            37 => Self::DeleteAccessKey(source.draw()),
            38 => Self::AcceptIdentity(source.draw()),
            _ => Self::NoteIdentityReceipt(source.draw()),
        }
    }
}
