//! The encoding of refusals, which a leader returns to the follower that forwarded a proposal.

use kms_domain::KmsError;
use kms_domain::error::StateProblem;
use kms_proto::internal::state::v1 as pb;
use pb::kms_error::Error;

use super::DecodeError;
use super::wire::{Wire, number, required, unknown_number};
use super::words::region_name;

impl Wire for KmsError {
    type Message = pb::KmsError;

    fn to_message(&self) -> pb::KmsError {
        let nothing = pb::Nothing {};
        let error = match self {
            Self::KeyNotFound(arn) => Error::KeyNotFound(arn.to_message()),
            Self::AliasNotFound(arn) => Error::AliasNotFound(arn.to_message()),
            Self::InvalidKeyId(text) => Error::InvalidKeyId(text.clone()),
            Self::InvalidArn(text) => Error::InvalidArn(text.clone()),
            Self::Disabled(arn) => Error::Disabled(arn.to_message()),
            Self::InvalidState(arn, problem) => Error::InvalidState(pb::kms_error::InvalidState {
                key: Some(arn.to_message()),
                problem: problem_number(*problem),
            }),
            Self::UnsupportedOperation(text) => Error::UnsupportedOperation(text.clone()),
            Self::AlreadyExists(text) => Error::AlreadyExists(text.clone()),
            Self::InvalidAliasName(text) => Error::InvalidAliasName(text.clone()),
            Self::LimitExceeded(text) => Error::LimitExceeded(text.clone()),
            Self::Tag(text) => Error::Tag(text.clone()),
            Self::Validation(text) => Error::Validation(text.clone()),
            Self::MalformedPolicyDocument(text) => Error::MalformedPolicyDocument(text.clone()),
            Self::InvalidMarker => Error::InvalidMarker(nothing),
            Self::InvalidCiphertext => Error::InvalidCiphertext(nothing),
            Self::IncorrectKey => Error::IncorrectKey(nothing),
            Self::InvalidKeyUsage(text) => Error::InvalidKeyUsage(text.clone()),
            Self::KeyUnavailable(arn) => Error::KeyUnavailable(arn.to_message()),
            Self::AccessDenied(text) => Error::AccessDenied(text.clone()),
            Self::DryRun => Error::DryRun(nothing),
            Self::RequestIdReused => Error::RequestIdReused(nothing),
            Self::RegionNotPaired(region) => Error::RegionNotPaired(region.to_string()),
            Self::StaleGuard => Error::StaleGuard(nothing),
            Self::Bootstrap(text) => Error::Bootstrap(text.clone()),
            Self::DependencyTimeout(text) => Error::DependencyTimeout(text.clone()),
            Self::Internal(text) => Error::Internal(text.clone()),
            Self::IncorrectKeyMaterial(text) => Error::IncorrectKeyMaterial(text.clone()),
            Self::InvalidImportToken => Error::InvalidImportToken(nothing),
            Self::ExpiredImportToken => Error::ExpiredImportToken(nothing),
            Self::InvalidSignature => Error::InvalidSignature(nothing),
            Self::InvalidMac => Error::InvalidMac(nothing),
            Self::AccessKeyEnded => Error::AccessKeyEnded(nothing),
            Self::IdentityConflict(text) => Error::IdentityConflict(text.clone()),
            Self::ArnNotFound(text) => Error::ArnNotFound(text.clone()),
            Self::IdentityNotFound(id) => Error::IdentityNotFound(id.to_message()),
            Self::NotHomeRegion(id, home) => Error::NotHomeRegion(pb::kms_error::NotHomeRegion {
                identity: Some(id.to_message()),
                home: home.to_string(),
            }),
        };
        pb::KmsError { error: Some(error) }
    }

    fn from_message(message: pb::KmsError) -> Result<Self, DecodeError> {
        Ok(match message.error.ok_or(DecodeError::Missing("error"))? {
            Error::KeyNotFound(arn) => Self::KeyNotFound(Wire::from_message(arn)?),
            Error::AliasNotFound(arn) => Self::AliasNotFound(Wire::from_message(arn)?),
            Error::InvalidKeyId(text) => Self::InvalidKeyId(text),
            Error::InvalidArn(text) => Self::InvalidArn(text),
            Error::Disabled(arn) => Self::Disabled(Wire::from_message(arn)?),
            Error::InvalidState(state) => {
                Self::InvalidState(required(state.key, "key of a refusal")?, problem(state.problem)?)
            }
            Error::UnsupportedOperation(text) => Self::UnsupportedOperation(text),
            Error::AlreadyExists(text) => Self::AlreadyExists(text),
            Error::InvalidAliasName(text) => Self::InvalidAliasName(text),
            Error::LimitExceeded(text) => Self::LimitExceeded(text),
            Error::Tag(text) => Self::Tag(text),
            Error::Validation(text) => Self::Validation(text),
            Error::MalformedPolicyDocument(text) => Self::MalformedPolicyDocument(text),
            Error::InvalidMarker(_) => Self::InvalidMarker,
            Error::InvalidCiphertext(_) => Self::InvalidCiphertext,
            Error::IncorrectKey(_) => Self::IncorrectKey,
            Error::InvalidKeyUsage(text) => Self::InvalidKeyUsage(text),
            Error::KeyUnavailable(arn) => Self::KeyUnavailable(Wire::from_message(arn)?),
            Error::AccessDenied(text) => Self::AccessDenied(text),
            Error::DryRun(_) => Self::DryRun,
            Error::RequestIdReused(_) => Self::RequestIdReused,
            Error::RegionNotPaired(region) => Self::RegionNotPaired(region_name(&region)?),
            Error::StaleGuard(_) => Self::StaleGuard,
            Error::Bootstrap(text) => Self::Bootstrap(text),
            Error::DependencyTimeout(text) => Self::DependencyTimeout(text),
            Error::Internal(text) => Self::Internal(text),
            Error::IncorrectKeyMaterial(text) => Self::IncorrectKeyMaterial(text),
            Error::InvalidImportToken(_) => Self::InvalidImportToken,
            Error::ExpiredImportToken(_) => Self::ExpiredImportToken,
            Error::InvalidSignature(_) => Self::InvalidSignature,
            Error::InvalidMac(_) => Self::InvalidMac,
            Error::AccessKeyEnded(_) => Self::AccessKeyEnded,
            Error::IdentityConflict(text) => Self::IdentityConflict(text),
            Error::ArnNotFound(text) => Self::ArnNotFound(text),
            Error::IdentityNotFound(id) => Self::IdentityNotFound(Wire::from_message(id)?),
            Error::NotHomeRegion(other) => Self::NotHomeRegion(
                required(other.identity, "identity of a refusal")?,
                region_name(&other.home)?,
            ),
        })
    }
}

fn problem_number(problem: StateProblem) -> i32 {
    match problem {
        StateProblem::PendingDeletion => pb::StateProblem::PendingDeletion,
        StateProblem::PendingReplicaDeletion => pb::StateProblem::PendingReplicaDeletion,
        StateProblem::NotPendingDeletion => pb::StateProblem::NotPendingDeletion,
        StateProblem::PendingImport => pb::StateProblem::PendingImport,
        StateProblem::Unavailable => pb::StateProblem::Unavailable,
        StateProblem::Creating => pb::StateProblem::Creating,
        StateProblem::Updating => pb::StateProblem::Updating,
        StateProblem::RotationPending => pb::StateProblem::RotationPending,
        StateProblem::NoImportedMaterialToRotateTo => pb::StateProblem::NoImportedMaterialToRotateTo,
        StateProblem::ImportedMaterialPending => pb::StateProblem::ImportedMaterialPending,
    }
    .into()
}

fn problem(value: i32) -> Result<StateProblem, DecodeError> {
    match number(value, "state problem")? {
        pb::StateProblem::Unspecified => Err(unknown_number(value, "state problem")),
        pb::StateProblem::PendingDeletion => Ok(StateProblem::PendingDeletion),
        pb::StateProblem::PendingReplicaDeletion => Ok(StateProblem::PendingReplicaDeletion),
        pb::StateProblem::NotPendingDeletion => Ok(StateProblem::NotPendingDeletion),
        pb::StateProblem::PendingImport => Ok(StateProblem::PendingImport),
        pb::StateProblem::Unavailable => Ok(StateProblem::Unavailable),
        pb::StateProblem::Creating => Ok(StateProblem::Creating),
        pb::StateProblem::Updating => Ok(StateProblem::Updating),
        pb::StateProblem::RotationPending => Ok(StateProblem::RotationPending),
        pb::StateProblem::NoImportedMaterialToRotateTo => Ok(StateProblem::NoImportedMaterialToRotateTo),
        pb::StateProblem::ImportedMaterialPending => Ok(StateProblem::ImportedMaterialPending),
    }
}
