//! UpdateAlias.

use super::Outcome;
use super::alias_rows::{check_key_quota, check_not_reserved, next_revision};
use crate::command::SetAlias;
use crate::key::{Key, KeyName};
use crate::rows::Row;
use crate::vocabulary::KeySpec;
use crate::{Changes, KmsError, Operation, Proposal, Reply, State, UsableKey};
use std::sync::Arc;

/// Points the alias to another key of its account, of the same type and usage.
pub(crate) fn handle(state: &State, proposal: &Proposal, command: &SetAlias) -> Outcome {
    check_not_reserved(&command.alias, KmsError::Validation)?;
    let account = command.key.account;
    let row = state.existing_alias(account, &command.alias)?;
    let target = UsableKey::check(state, &command.key, Operation::UpdateAlias)?.key();
    let old_name = KeyName {
        account,
        key_id: row.key_id,
    };
    if let Some(old) = state.key(&old_name) {
        check_interchangeable(old, target)?;
    }
    if old_name != command.key {
        check_key_quota(state, &command.key)?;
    }
    let mut changes = Changes::none();
    let mut alias = row.as_ref().clone();
    alias.key_id = command.key.key_id;
    alias.last_updated_date = proposal.time;
    alias.revision = next_revision(state, &mut changes)?;
    changes.put(Row::Alias(Arc::new(alias)));
    Ok((Reply::Done, changes))
}

/// What callers do through an alias must go on working, so type and usage stay.
fn check_interchangeable(old: &Key, new: &Key) -> Result<(), KmsError> {
    if key_type(old.spec) == key_type(new.spec) && old.usage == new.usage {
        return Ok(());
    }
    Err(KmsError::Validation(format!(
        "An alias cannot move from a key of spec {} and usage {} to one of spec {} and usage {}",
        old.spec, old.usage, new.spec, new.usage
    )))
}

#[derive(PartialEq, Eq)]
enum KeyType {
    Symmetric,
    Hmac,
    Asymmetric,
}

const fn key_type(spec: KeySpec) -> KeyType {
    match spec {
        KeySpec::SymmetricDefault => KeyType::Symmetric,
        KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => KeyType::Hmac,
        _ => KeyType::Asymmetric,
    }
}
