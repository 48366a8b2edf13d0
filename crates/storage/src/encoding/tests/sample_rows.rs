//! Arbitrary rows, replies and refusals.

use std::sync::Arc;

use kms_domain::error::StateProblem;
use kms_domain::key::{
    Alias, Deletion, DeletionDeadline, Import, Imported, Key, Material, Revisions, Rotation,
};
use kms_domain::key_states::Operation;
use kms_domain::multi_region::{
    AcceptOutcome, Handover, HandoverProof, IdentityOutcome, MultiRegion, Replica, ReplicaCreation,
    ReplicaPhase, Role, Tombstone,
};
use kms_domain::rows::{
    AccessKey, AccessKeyStatus, Account, AccountStatus, Answer, HpkeKeyRow, ImportParameters, KeyUsageRow,
    OutboxRow, PeerRegion, Refusal, Region, UsedFor, WrappingKeyRow,
};
use kms_domain::vocabulary::KeyOrigin;
use kms_domain::{KmsError, Reply, Row};

use super::sample::{Sample, Source, sampled};

sampled! {
    Region {
        cluster, name, incarnation, feature_level, log_time, wrapping_key, hpke_key, signing_public,
        signing_private_wrapped, alias_revision, fenced,
    }
    WrappingKeyRow { id, root_key_id, wrapped, retired }
    HpkeKeyRow { id, public, private_wrapped, valid_until, signature }
    PeerRegion {
        name, incarnation, signing_public, hpke_key, hpke_public, hpke_valid_until, issuing_ca_spki_sha256,
        endpoints,
    }
    Deletion { pending_window_days, shown_date, deadline }
    Rotation { automatic, period_days, next_date, on_demand_count, pending }
    Revisions { authz, tags, description, material }
    MultiRegion {
        role, epoch, shared_revision, epoch_promised, incarnation, replicas, creating, handover, proofs,
    }
    Replica { incarnation, phase, acknowledged, creation, imports_revision }
    ReplicaCreation { principal, description, policy, tags }
    Handover { target, epoch, since }
    HandoverProof { from, to, signature }
    Import { pending, absent }
    Imported { commitment, expires, description, imported_in }
    ImportParameters {
        id, key, algorithm, wrapping_key_spec, public_sha256, private_wrapped, expires, used,
    }
    UsedFor { request_sha256, material_id }
    KeyUsageRow { key, operation, at, request_id }
    Account { id, name, status, creation_date, home, revision }
    AccessKey { id, principal, status, creation_date, home, revision, secret }
    Alias { account, alias, key_id, creation_date, last_updated_date, revision }
    Tombstone { key, incarnation, stamp, tell, deleted_at }
    OutboxRow { peer, record, since, refusal }
    Refusal { reason, count, retry_after }
    Answer { principal, operation, request_id, parameters_hash, reply, remembered_at, sequence }
}

impl Sample for Key {
    /// An imported key, and no other, says where its import stands.
    fn sample(source: &mut Source) -> Self {
        let origin = source.draw();
        Self {
            name: source.draw(),
            spec: source.draw(),
            usage: source.draw(),
            origin,
            creation_date: source.draw(),
            description: source.draw(),
            policy: source.draw(),
            tags: source.draw(),
            enabled: source.draw(),
            deletion: source.draw(),
            rotation: source.draw(),
            current_material: source.draw(),
            import: (origin == KeyOrigin::External).then(|| source.draw()),
            next_material_sequence: source.draw(),
            multi_region: source.draw(),
            revisions: source.draw(),
        }
    }
}

impl Sample for Material {
    /// Only imported material may be without its bytes.
    fn sample(source: &mut Source) -> Self {
        let imported: Option<Imported> = source.draw();
        let has_bytes = imported.is_none() || source.draw();
        Self {
            key: source.draw(),
            material_id: source.draw(),
            sequence: source.draw(),
            wrapped: has_bytes.then(|| source.draw()),
            revision: source.draw(),
            rotation_date: source.draw(),
            rotation_kind: source.draw(),
            held_by: source.draw(),
            imported,
        }
    }
}

impl Sample for Operation {
    fn sample(source: &mut Source) -> Self {
        source.one_of(Self::ALL)
    }
}

impl Sample for AccountStatus {
    fn sample(source: &mut Source) -> Self {
        source.one_of(&[Self::Active, Self::Disabled, Self::Deleted])
    }
}

impl Sample for AccessKeyStatus {
    fn sample(source: &mut Source) -> Self {
        source.one_of(&[Self::Active, Self::Inactive, Self::Deleted])
    }
}

impl Sample for Role {
    fn sample(source: &mut Source) -> Self {
        source.one_of(&[Self::Primary, Self::Replica])
    }
}

impl Sample for ReplicaPhase {
    fn sample(source: &mut Source) -> Self {
        source.one_of(&[Self::Creating, Self::Active])
    }
}

impl Sample for DeletionDeadline {
    fn sample(source: &mut Source) -> Self {
        match source.below(3) {
            0 => Self::AwaitingReplicas,
            1 => Self::StartsAtNextPulse,
            _ => Self::At(source.draw()),
        }
    }
}

impl Sample for StateProblem {
    fn sample(source: &mut Source) -> Self {
        source.one_of(&[
            Self::PendingDeletion,
            Self::PendingReplicaDeletion,
            Self::NotPendingDeletion,
            Self::PendingImport,
            Self::Unavailable,
            Self::Creating,
            Self::Updating,
            Self::RotationPending,
            Self::NoImportedMaterialToRotateTo,
            Self::ImportedMaterialPending,
        ])
    }
}

/// How many kinds of row there are.
pub(super) const ROW_KINDS: usize = 14;

/// The number of a row's kind, below [`ROW_KINDS`].
pub(super) const fn row_kind(row: &Row) -> usize {
    match row {
        Row::Region(_) => 0,
        Row::WrappingKey(_) => 1,
        Row::HpkeKey(_) => 2,
        Row::Peer(_) => 3,
        Row::Key(_) => 4,
        Row::Material(_) => 5,
        Row::Alias(_) => 6,
        Row::Tombstone(_) => 7,
        Row::Outbox(_) => 8,
        Row::Answer(_) => 9,
        Row::ImportParameters(_) => 10,
        Row::KeyUsage(_) => 11,
        Row::Account(_) => 12,
        Row::AccessKey(_) => 13,
    }
}

impl Sample for Row {
    fn sample(source: &mut Source) -> Self {
        match source.below(ROW_KINDS) {
            0 => Self::Region(Arc::new(source.draw())),
            1 => Self::WrappingKey(Arc::new(source.draw())),
            2 => Self::HpkeKey(Arc::new(source.draw())),
            3 => Self::Peer(Arc::new(source.draw())),
            4 => Self::Key(Arc::new(source.draw())),
            5 => Self::Material(Arc::new(source.draw())),
            6 => Self::Alias(Arc::new(source.draw())),
            7 => Self::Tombstone(Arc::new(source.draw())),
            8 => Self::Outbox(Arc::new(source.draw())),
            9 => Self::Answer(Arc::new(source.draw())),
            10 => Self::ImportParameters(Arc::new(source.draw())),
            11 => Self::KeyUsage(Arc::new(source.draw())),
            12 => Self::Account(Arc::new(source.draw())),
            _ => Self::AccessKey(Arc::new(source.draw())),
        }
    }
}

/// How many replies there are.
pub(super) const REPLY_KINDS: usize = 11;

/// The number of a reply's kind, below [`REPLY_KINDS`].
pub(super) const fn reply_kind(reply: &Reply) -> usize {
    match reply {
        Reply::Done => 0,
        Reply::KeyCreated { .. } => 1,
        Reply::DeletionScheduled { .. } => 2,
        Reply::RecordAccepted(_) => 3,
        Reply::AcknowledgementNoted { .. } => 4,
        Reply::SharedChanged(_) => 5,
        Reply::Pulsed { .. } => 6,
        Reply::KeyMaterialImported { .. } => 7,
        Reply::KeyMaterialDeleted { .. } => 8,
        Reply::AccessKeyCreated { .. } => 9,
        Reply::IdentityAccepted(_) => 10,
    }
}

impl Sample for Reply {
    fn sample(source: &mut Source) -> Self {
        match source.below(REPLY_KINDS) {
            0 => Self::Done,
            1 => Self::KeyCreated {
                key_id: source.draw(),
            },
            2 => Self::DeletionScheduled {
                deletion_date: source.draw(),
            },
            3 => Self::RecordAccepted(source.draw()),
            4 => Self::AcknowledgementNoted {
                settled: source.draw(),
            },
            5 => Self::SharedChanged(source.draw()),
            6 => Self::Pulsed {
                log_time: source.draw(),
            },
            7 => Self::KeyMaterialImported {
                material_id: source.draw(),
            },
            8 => Self::KeyMaterialDeleted {
                material_id: source.draw(),
            },
            9 => Self::AccessKeyCreated { id: source.draw() },
            _ => Self::IdentityAccepted(source.draw()),
        }
    }
}

impl Sample for IdentityOutcome {
    fn sample(source: &mut Source) -> Self {
        match source.below(3) {
            0 => Self::Adopted {
                revision: source.draw(),
            },
            1 => Self::Stale {
                revision: source.draw(),
            },
            _ => Self::Refused {
                reason: source.draw(),
            },
        }
    }
}

/// How many outcomes of a shipment there are.
pub(super) const OUTCOME_KINDS: usize = 8;

/// The number of an outcome's kind, below [`OUTCOME_KINDS`].
pub(super) const fn outcome_kind(outcome: &AcceptOutcome) -> usize {
    match outcome {
        AcceptOutcome::Adopted { .. } => 0,
        AcceptOutcome::Stale { .. } => 1,
        AcceptOutcome::Gone { .. } => 2,
        AcceptOutcome::GoneNoted => 3,
        AcceptOutcome::NotPrimary { .. } => 4,
        AcceptOutcome::Refused { .. } => 5,
        AcceptOutcome::HandoverDeclined { .. } => 6,
        AcceptOutcome::ImportsNoted { .. } => 7,
    }
}

impl Sample for AcceptOutcome {
    fn sample(source: &mut Source) -> Self {
        match source.below(OUTCOME_KINDS) {
            0 => Self::Adopted { stamp: source.draw() },
            1 => Self::Stale { stamp: source.draw() },
            2 => Self::Gone {
                incarnation: source.draw(),
            },
            3 => Self::GoneNoted,
            4 => Self::NotPrimary {
                primary: source.draw(),
            },
            5 => Self::Refused {
                reason: source.draw(),
            },
            6 => Self::HandoverDeclined {
                epoch_counter: source.draw(),
                reason: source.draw(),
            },
            _ => Self::ImportsNoted {
                revision: source.draw(),
            },
        }
    }
}

/// How many refusals there are.
pub(super) const ERROR_KINDS: usize = 36;

/// The number of a refusal's kind, below [`ERROR_KINDS`].
pub(super) const fn error_kind(error: &KmsError) -> usize {
    match error {
        KmsError::KeyNotFound(_) => 0,
        KmsError::AliasNotFound(_) => 1,
        KmsError::InvalidKeyId(_) => 2,
        KmsError::InvalidArn(_) => 3,
        KmsError::Disabled(_) => 4,
        KmsError::InvalidState(..) => 5,
        KmsError::UnsupportedOperation(_) => 6,
        KmsError::AlreadyExists(_) => 7,
        KmsError::InvalidAliasName(_) => 8,
        KmsError::LimitExceeded(_) => 9,
        KmsError::Tag(_) => 10,
        KmsError::Validation(_) => 11,
        KmsError::MalformedPolicyDocument(_) => 12,
        KmsError::InvalidMarker => 13,
        KmsError::InvalidCiphertext => 14,
        KmsError::IncorrectKey => 15,
        KmsError::InvalidKeyUsage(_) => 16,
        KmsError::KeyUnavailable(_) => 17,
        KmsError::AccessDenied(_) => 18,
        KmsError::DryRun => 19,
        KmsError::RequestIdReused => 20,
        KmsError::RegionNotPaired(_) => 21,
        KmsError::StaleGuard => 22,
        KmsError::Bootstrap(_) => 23,
        KmsError::DependencyTimeout(_) => 24,
        KmsError::Internal(_) => 25,
        KmsError::IncorrectKeyMaterial(_) => 26,
        KmsError::InvalidImportToken => 27,
        KmsError::ExpiredImportToken => 28,
        KmsError::InvalidSignature => 29,
        KmsError::InvalidMac => 30,
        KmsError::AccessKeyEnded => 31,
        KmsError::IdentityNotFound(_) => 32,
        KmsError::NotHomeRegion(..) => 33,
        KmsError::IdentityConflict(_) => 34,
        KmsError::ArnNotFound(_) => 35,
    }
}

impl Sample for KmsError {
    fn sample(source: &mut Source) -> Self {
        match source.below(ERROR_KINDS) {
            0 => Self::KeyNotFound(source.draw()),
            1 => Self::AliasNotFound(source.draw()),
            2 => Self::InvalidKeyId(source.draw()),
            3 => Self::InvalidArn(source.draw()),
            4 => Self::Disabled(source.draw()),
            5 => Self::InvalidState(source.draw(), source.draw()),
            6 => Self::UnsupportedOperation(source.draw()),
            7 => Self::AlreadyExists(source.draw()),
            8 => Self::InvalidAliasName(source.draw()),
            9 => Self::LimitExceeded(source.draw()),
            10 => Self::Tag(source.draw()),
            11 => Self::Validation(source.draw()),
            12 => Self::MalformedPolicyDocument(source.draw()),
            13 => Self::InvalidMarker,
            14 => Self::InvalidCiphertext,
            15 => Self::IncorrectKey,
            16 => Self::InvalidKeyUsage(source.draw()),
            17 => Self::KeyUnavailable(source.draw()),
            18 => Self::AccessDenied(source.draw()),
            19 => Self::DryRun,
            20 => Self::RequestIdReused,
            21 => Self::RegionNotPaired(source.draw()),
            22 => Self::StaleGuard,
            23 => Self::Bootstrap(source.draw()),
            24 => Self::DependencyTimeout(source.draw()),
            25 => Self::Internal(source.draw()),
            26 => Self::IncorrectKeyMaterial(source.draw()),
            27 => Self::InvalidImportToken,
            28 => Self::ExpiredImportToken,
            29 => Self::InvalidSignature,
            30 => Self::InvalidMac,
            31 => Self::AccessKeyEnded,
            32 => Self::IdentityNotFound(source.draw()),
            33 => Self::NotHomeRegion(source.draw(), source.draw()),
            34 => Self::IdentityConflict(source.draw()),
            _ => Self::ArnNotFound(source.draw()),
        }
    }
}
