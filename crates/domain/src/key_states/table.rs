//! The table: operation x state -> verdict. Operations with equal rows stand together.

use super::{KeyState, Operation};

/// One cell of the table. The numbers are those of the list of errors in the specification (SEMANTICS.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed.
    Ok,
    /// Allowed, and the note says how far.
    OkNote(u8),
    /// Allowed and changes nothing.
    OkNoEffect,
    /// Refused with the error when it applies to the key, else allowed.
    Depends(u8),
    /// Refused.
    No(u8),
    /// Refused with the second error when it applies to the key, else with the first.
    NoEither(u8, u8),
    /// The operation cannot meet a key in this state.
    NotApplicable,
}

/// What `operation` may do to a key in `state`; `None` for operations that name no key.
pub const fn verdict(operation: Operation, state: KeyState) -> Option<Verdict> {
    let Some(row) = row(operation) else {
        return None;
    };
    Some(row[column(state)])
}

const fn column(state: KeyState) -> usize {
    match state {
        KeyState::Enabled => 0,
        KeyState::Disabled => 1,
        KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => 2,
        KeyState::PendingImport => 3,
        KeyState::Unavailable => 4,
        KeyState::Creating => 5,
        KeyState::Updating => 6,
    }
}

/// Columns: Enabled, Disabled, PendingDeletion or PendingReplicaDeletion, PendingImport, Unavailable, Creating, Updating.
#[rustfmt::skip]
const fn row(operation: Operation) -> Option<[Verdict; 7]> {
    use Operation as O;
    use Verdict::{Depends, No, NoEither, NotApplicable, Ok, OkNoEffect, OkNote};
    Some(match operation {
        O::CancelKeyDeletion =>
            [No(4), No(4), Ok, No(4), NoEither(4, 13), No(4), No(4)],
        O::CreateAlias
        | O::TagResource
        | O::UntagResource
        | O::UpdateKeyDescription =>
            [Ok, Ok, No(3), Ok, Ok, Ok, Ok],
        O::CreateGrant =>
            [Ok, No(1), NoEither(2, 3), No(5), Ok, No(14), Ok],
        O::Decapsulate
        | O::DeriveSharedSecret
        | O::Encapsulate
        | O::GenerateMac
        | O::GetPublicKey
        | O::Sign
        | O::Verify
        | O::VerifyMac =>
            [Ok, No(1), NoEither(2, 3), No(5), NotApplicable, No(14), Ok],
        O::Decrypt
        | O::Encrypt
        | O::GenerateDataKey
        | O::GenerateDataKeyPair
        | O::GenerateDataKeyPairWithoutPlaintext
        | O::GenerateDataKeyWithoutPlaintext
        | O::ReEncrypt =>
            [Ok, No(1), NoEither(2, 3), No(5), No(11), No(14), Ok],
        O::DeleteAlias
        | O::DescribeKey
        | O::GetKeyLastUsage
        | O::GetKeyPolicy
        | O::ListAliases
        | O::ListGrants
        | O::ListKeyPolicies
        | O::ListKeyRotations
        | O::ListResourceTags
        | O::PutKeyPolicy
        | O::RetireGrant
        | O::RevokeGrant =>
            [Ok, Ok, Ok, Ok, Ok, Ok, Ok],
        O::DeleteImportedKeyMaterial =>
            [OkNote(9), OkNote(9), OkNote(9), OkNoEffect, NotApplicable, No(14), No(15)],
        O::DisableKey | O::EnableKey =>
            [Ok, Ok, No(3), No(5), OkNote(12), No(14), No(15)],
        O::DisableKeyRotation | O::EnableKeyRotation =>
            [Depends(7), NoEither(1, 7), NoEither(3, 7), No(6), No(7), No(14), No(15)],
        O::GetKeyRotationStatus =>
            [Depends(7), Depends(7), Depends(7), No(6), No(7), Depends(7), Depends(7)],
        O::GetParametersForImport =>
            [Depends(9), Depends(9), NoEither(8, 9), Ok, No(9), No(14), No(15)],
        O::ImportKeyMaterial =>
            [Depends(9), Depends(9), NoEither(8, 9), Ok, No(9), No(14), Ok],
        O::ReplicateKey | O::UpdatePrimaryRegion =>
            [Ok, No(1), NoEither(2, 3), No(5), NotApplicable, No(14), No(15)],
        O::RotateKeyOnDemand =>
            [Depends(7), No(1), No(3), No(5), No(7), No(14), No(15)],
        O::ScheduleKeyDeletion =>
            [Ok, Ok, No(3), Ok, Ok, Ok, No(15)],
        O::UpdateAlias =>
            [Ok, Ok, Depends(10), Ok, Ok, Ok, Ok],
        O::CreateKey
        | O::ListKeys
        | O::GenerateRandom
        | O::ListRetirableGrants
        | O::CreateCustomKeyStore
        | O::DescribeCustomKeyStores
        | O::UpdateCustomKeyStore
        | O::DeleteCustomKeyStore
        | O::ConnectCustomKeyStore
        | O::DisconnectCustomKeyStore =>
            return None,
    })
}
