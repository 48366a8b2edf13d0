//! Whether a key can do what is asked: its state, its usage and the algorithm, in this order.

use super::authorization::AuthorizedKey;
use kms_domain::key::Key;
use kms_domain::vocabulary::KeyUsage;
use kms_domain::{KmsError, Operation, State, UsableKey};
use std::fmt::Display;

/// The key's state allows the operation, and its usage is the one that the operation needs.
pub(super) fn check_usable<'a>(
    state: &'a State,
    key: &AuthorizedKey,
    operation: Operation,
    needed: KeyUsage,
) -> Result<UsableKey<'a>, KmsError> {
    let usable = UsableKey::check(state, &key.name, operation)?;
    let usage = key.key.usage;
    if usage == needed {
        return Ok(usable);
    }
    Err(KmsError::InvalidKeyUsage(format!(
        "{} key usage is {usage} which is not valid for {}.",
        key.arn,
        operation.as_str()
    )))
}

/// The algorithm is one of those that the key's spec and usage offer.
pub(super) fn check_algorithm<A: PartialEq + Display>(
    key: &Key,
    algorithm: A,
    offered: &[A],
) -> Result<(), KmsError> {
    if offered.contains(&algorithm) {
        return Ok(());
    }
    Err(KmsError::InvalidKeyUsage(format!(
        "Algorithm {algorithm} and key spec {} are incompatible.",
        key.spec
    )))
}
