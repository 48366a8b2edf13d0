//! From a caller's `KeyId` text to a key that this caller may use for this operation, and what that rests on.

use super::call::Call;
use super::validation::{KeyForms, key_reference};
use crate::errors::OperationError;
use kms_domain::key::{Key, KeyName};
use kms_domain::key_states::Operation;
use kms_domain::vocabulary::{AccountId, KeyArn, KeyReference, RegionName};
use kms_domain::{Guard, KmsError, State};
use std::sync::Arc;

/// A key that the caller may use for the operation it was authorized for. Only [`authorize_key`] makes one.
pub struct AuthorizedKey {
    /// The key's name in this region.
    pub name: KeyName,
    /// Its ARN, for answers.
    pub arn: KeyArn,
    /// The row the decision read.
    pub key: Arc<Key>,
    /// What the decision depended on.
    pub guard: Guard,
}

/// This region, or the refusal before bootstrap.
pub fn region_of(state: &State) -> Result<&RegionName, OperationError> {
    let region = state.region().ok_or_else(|| {
        OperationError::Unavailable("this region has not been bootstrapped: run `kmsctl region bootstrap`".into())
    })?;
    Ok(&region.name)
}

/// Parses, authorizes and resolves, in this order: a caller who may not know learns nothing of what exists.
pub fn authorize_key(
    state: &State,
    call: &Call,
    operation: Operation,
    member: &str,
    text: &str,
    forms: KeyForms,
) -> Result<AuthorizedKey, OperationError> {
    let reference = key_reference(member, text, forms)?;
    authorize_reference(state, call, operation, &reference)
}

/// [`authorize_key`] for a reference that is parsed already, such as the key that a ciphertext names.
pub fn authorize_reference(
    state: &State,
    call: &Call,
    operation: Operation,
    reference: &KeyReference,
) -> Result<AuthorizedKey, OperationError> {
    let account = match reference {
        KeyReference::KeyArn(arn) => arn.account,
        KeyReference::AliasArn(arn) => arn.account,
        KeyReference::KeyId(_) | KeyReference::Alias(_) => call.principal.account(),
    };
    allow_in_account(call, operation, account)?;
    let resolved = state.resolve(account, reference)?;
    let mut guard = Guard::default();
    resolved.add_to(&mut guard);
    Ok(AuthorizedKey { name: resolved.name(), key: Arc::clone(resolved.key), arn: resolved.arn, guard })
}

/// Whether the caller may do `operation` on things of `account`.
pub fn allow_in_account(call: &Call, operation: Operation, account: AccountId) -> Result<(), OperationError> {
    let request = kms_authz::Request { principal: &call.principal, operation, account };
    match kms_authz::decide(&request) {
        kms_authz::Decision::Allow(_) => Ok(()),
        kms_authz::Decision::Deny(denial) => Err(KmsError::AccessDenied(denial.to_string()).into()),
    }
}
