//! From a caller's `KeyId` text to a key that this caller may use for this operation, and what that rests on.

use super::call::Call;
use super::validation::{KeyForms, key_reference};
use crate::errors::OperationError;
use kms_domain::key::{Key, KeyName};
use kms_domain::key_states::Operation;
use kms_domain::vocabulary::{AccountId, AliasName, KeyArn, KeyReference, RegionName};
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
    let region = region_of(state)?;
    let (account, wanted_region) = match reference {
        KeyReference::KeyArn(arn) => (arn.account, Some(&arn.region)),
        KeyReference::AliasArn(arn) => (arn.account, Some(&arn.region)),
        KeyReference::KeyId(_) | KeyReference::Alias(_) => (call.principal.account(), None),
    };
    if let Some(other) = wanted_region.filter(|wanted| *wanted != region) {
        return Err(KmsError::InvalidArn(other.to_string()).into());
    }
    allow_in_account(call, operation, account)?;
    let mut guard = Guard::default();
    let name = match reference {
        KeyReference::KeyId(key_id) => KeyName { account, key_id: *key_id },
        KeyReference::KeyArn(arn) => KeyName { account, key_id: arn.key_id },
        KeyReference::Alias(alias) => resolve_alias(state, account, alias, &mut guard)?,
        KeyReference::AliasArn(arn) => resolve_alias(state, account, &arn.alias, &mut guard)?,
    };
    let arn = KeyArn { region: region.clone(), account, key_id: name.key_id };
    let key = state.key(&name).ok_or_else(|| KmsError::KeyNotFound(arn.clone()))?;
    guard.keys.push((name, Some(key.revisions.authz)));
    Ok(AuthorizedKey { name, arn, key: Arc::clone(key), guard })
}

/// Whether the caller may do `operation` on things of `account`.
pub fn allow_in_account(call: &Call, operation: Operation, account: AccountId) -> Result<(), OperationError> {
    let request = kms_authz::Request { principal: &call.principal, operation, account };
    match kms_authz::decide(&request) {
        kms_authz::Decision::Allow(_) => Ok(()),
        kms_authz::Decision::Deny(denial) => Err(KmsError::AccessDenied(denial.to_string()).into()),
    }
}

fn resolve_alias(
    state: &State,
    account: AccountId,
    alias: &AliasName,
    guard: &mut Guard,
) -> Result<KeyName, OperationError> {
    let row = state.alias(account, alias).ok_or_else(|| alias_not_found(state, account, alias))?;
    guard.aliases.push((account, alias.clone(), Some(row.revision)));
    Ok(KeyName { account, key_id: row.key_id })
}

fn alias_not_found(state: &State, account: AccountId, alias: &AliasName) -> OperationError {
    match region_of(state) {
        Err(not_bootstrapped) => not_bootstrapped,
        Ok(region) => {
            let arn = kms_domain::vocabulary::AliasArn { region: region.clone(), account, alias: alias.clone() };
            KmsError::AliasNotFound(arn).into()
        }
    }
}
