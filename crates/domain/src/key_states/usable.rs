//! From a cell of the table to a permission or a refusal.

use super::{KeyState, Operation, Verdict, verdict};
use crate::error::StateProblem;
use crate::key::{Key, KeyName};
use crate::vocabulary::{KeyArn, KeyOrigin, KeySpec};
use crate::{KmsError, State};
use std::sync::Arc;

/// Whether the key's state allows `operation`; the refusal is the one of the specification. For UpdateAlias the key
/// is the one that the alias is moved **to**. Says nothing of usage, algorithms or the caller's rights.
pub fn check_state(key: &Key, operation: Operation, arn: &KeyArn) -> Result<(), KmsError> {
    let state = key.state();
    let refusal = match verdict(operation, state) {
        None | Some(Verdict::Ok | Verdict::OkNoEffect) => None,
        Some(Verdict::OkNote(number) | Verdict::Depends(number)) => {
            applies(number, key, operation).then_some(number)
        }
        Some(Verdict::No(number)) => Some(number),
        Some(Verdict::NoEither(first, second)) => {
            // What a key cannot do by its spec is told only where its state would allow it.
            let by_spec = second == 7 && key.origin == KeyOrigin::AwsKms;
            let second_applies = !by_spec && applies(second, key, operation);
            Some(if second_applies { second } else { first })
        }
        // It cannot happen, so it is not allowed.
        Some(Verdict::NotApplicable) => Some(11),
    };
    refusal.map_or(Ok(()), |number| Err(refuse(number, key, state, arn)))
}

/// Whether error `number` can be the answer for this key at all.
fn applies(number: u8, key: &Key, operation: Operation) -> bool {
    match number {
        7 => !may_rotate(key, operation),
        9 => key.origin != KeyOrigin::External,
        12 | 13 => false,
        _ => true,
    }
}

/// Imported keys rotate on demand only; RotateKeyOnDemand itself asks whether new material was imported.
fn may_rotate(key: &Key, operation: Operation) -> bool {
    let origin_fits = match key.origin {
        KeyOrigin::AwsKms => true,
        KeyOrigin::External => operation == Operation::RotateKeyOnDemand,
        KeyOrigin::AwsCloudHsm | KeyOrigin::ExternalKeyStore => false,
    };
    origin_fits && key.spec == KeySpec::SymmetricDefault
}

fn refuse(number: u8, key: &Key, state: KeyState, arn: &KeyArn) -> KmsError {
    let problem = match number {
        1 => return KmsError::Disabled(arn.clone()),
        // AWS KMS says nothing more of a key whose spec does not rotate.
        7 if key.spec != KeySpec::SymmetricDefault => return KmsError::UnsupportedOperation(String::new()),
        6 | 7 | 9 => return wrong_origin(key, arn),
        4 => StateProblem::NotPendingDeletion,
        5 => StateProblem::PendingImport,
        14 => StateProblem::Creating,
        15 => StateProblem::Updating,
        11 => StateProblem::Unavailable,
        // 2, 3, 8 and 10: the key waits for its end. Where AWS documents DisabledException beside
        // KMSInvalidStateException, its service answers the latter.
        _ if state == KeyState::PendingReplicaDeletion => StateProblem::PendingReplicaDeletion,
        _ => StateProblem::PendingDeletion,
    };
    KmsError::InvalidState(arn.clone(), problem)
}

/// The refusal of an operation that is not for keys of this origin.
pub(crate) fn wrong_origin(key: &Key, arn: &KeyArn) -> KmsError {
    KmsError::UnsupportedOperation(format!(
        "{arn} origin is {} which is not valid for this operation.",
        key.origin
    ))
}

/// Proof that a key's state allows one operation. Only [`UsableKey::check`] makes it, so that cryptography which asks
/// for it cannot forget the check.
#[derive(Debug, Clone)]
pub struct UsableKey<'a> {
    key: &'a Arc<Key>,
    arn: KeyArn,
    operation: Operation,
}

impl<'a> UsableKey<'a> {
    /// Looks the key up and checks its state for `operation`.
    ///
    /// # Errors
    /// [`KmsError::KeyNotFound`], or the refusal of the state table.
    pub fn check(state: &'a State, name: &KeyName, operation: Operation) -> Result<Self, KmsError> {
        let (key, arn) = state.existing_key(name)?;
        check_state(key, operation, &arn)?;
        Ok(Self { key, arn, operation })
    }

    /// The key.
    pub fn key(&self) -> &'a Arc<Key> {
        self.key
    }

    /// Its ARN.
    pub fn arn(&self) -> &KeyArn {
        &self.arn
    }

    /// The operation it was checked for.
    pub fn operation(&self) -> Operation {
        self.operation
    }
}
