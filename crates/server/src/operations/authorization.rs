//! From a caller's `KeyId` text to a key that this caller may use for this operation, and what that rests on.

use super::call::Call;
use super::validation::{KeyForms, key_reference};
use crate::errors::OperationError;
use kms_authz::{Request, Resource};
use kms_domain::key::{Key, KeyName};
use kms_domain::vocabulary::{AliasName, KeyArn, KeyReference, RegionName, Timestamp};
use kms_domain::{Guard, KmsError, Operation, State};
use std::sync::Arc;

/// A key that the caller may use for the operation it was authorized for. Only this module makes one.
#[non_exhaustive]
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
        OperationError::Unavailable(
            "this region has not been bootstrapped: run `kmsctl region bootstrap`".into(),
        )
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
    let reference = key_reference(member, text, forms).map_err(|refusal| as_modelled(operation, refusal))?;
    authorize_reference(state, call, operation, &reference)
}

/// The service model lists InvalidArnException for most operations only; to the others an ARN that cannot be read names
/// nothing.
fn as_modelled(operation: Operation, refusal: KmsError) -> KmsError {
    let without_invalid_arn = matches!(
        operation,
        Operation::CreateAlias
            | Operation::UpdateAlias
            | Operation::Encrypt
            | Operation::Decrypt
            | Operation::ReEncrypt
            | Operation::GenerateDataKey
            | Operation::GenerateDataKeyWithoutPlaintext
            | Operation::GenerateDataKeyPair
            | Operation::GenerateDataKeyPairWithoutPlaintext
            | Operation::Sign
            | Operation::Verify
            | Operation::GenerateMac
            | Operation::VerifyMac
            | Operation::DeriveSharedSecret
            | Operation::Encapsulate
            | Operation::Decapsulate
    );
    match refusal {
        KmsError::InvalidArn(arn) if without_invalid_arn => KmsError::ArnNotFound(arn),
        other => other,
    }
}

/// [`authorize_key`] for a reference that is parsed already, such as the key that a ciphertext names.
pub fn authorize_reference(
    state: &State,
    call: &Call,
    operation: Operation,
    reference: &KeyReference,
) -> Result<AuthorizedKey, OperationError> {
    match state.resolve(call.account(), reference) {
        Ok(resolved) => {
            let (name, arn, key) = (resolved.name(), resolved.arn.clone(), Arc::clone(resolved.key));
            let guard = allow(state, call, operation, Resource::Key(resolved))?;
            Ok(AuthorizedKey {
                name,
                arn,
                key,
                guard,
            })
        }
        Err(absent) => {
            // Whoever may not use what is there is told the same when nothing is there.
            allow(state, call, operation, absent_resource(call, reference))?;
            Err(absent.into())
        }
    }
}

/// Whether the caller may do `operation` in its own account; gives what that rests on.
pub fn allow_in_account(state: &State, call: &Call, operation: Operation) -> Result<Guard, OperationError> {
    allow(state, call, operation, Resource::Account(call.account()))
}

/// Whether the caller may do `operation` to an alias as such; gives what that rests on.
pub fn allow_alias(
    state: &State,
    call: &Call,
    operation: Operation,
    alias: &AliasName,
) -> Result<Guard, OperationError> {
    allow(
        state,
        call,
        operation,
        Resource::Alias(call.account(), alias.clone()),
    )
}

fn allow(
    state: &State,
    call: &Call,
    operation: Operation,
    resource: Resource<'_>,
) -> Result<Guard, OperationError> {
    let request = Request {
        caller: &call.caller,
        operation,
        resources: vec![resource],
    };
    match kms_authz::authorize(state, request) {
        Ok(authorized) => Ok(authorized.guard(None, Timestamp::default())),
        Err(denied) => Err(KmsError::from(*denied).into()),
    }
}

fn absent_resource<'a>(call: &Call, reference: &KeyReference) -> Resource<'a> {
    match reference {
        KeyReference::KeyId(key_id) => Resource::AbsentKey(KeyName {
            account: call.account(),
            key_id: *key_id,
        }),
        KeyReference::KeyArn(arn) => Resource::AbsentKey(KeyName {
            account: arn.account,
            key_id: arn.key_id,
        }),
        KeyReference::Alias(alias) => Resource::Alias(call.account(), alias.clone()),
        KeyReference::AliasArn(arn) => Resource::Alias(arn.account, arn.alias.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_that_cannot_be_read_is_refused_as_the_service_model_lists_it() {
        let refused = |operation| as_modelled(operation, KmsError::InvalidArn("arn:".into())).exception();
        assert_eq!(refused(Operation::DescribeKey), "InvalidArnException");
        assert_eq!(refused(Operation::Encrypt), "NotFoundException");
        let other = KmsError::InvalidKeyId("x".into());
        assert_eq!(as_modelled(Operation::Encrypt, other.clone()), other);
    }
}
