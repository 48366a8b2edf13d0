//! CreateAlias.

use super::Outcome;
use super::alias_rows::{check_account_quota, check_key_quota, check_not_reserved, next_revision};
use crate::command::SetAlias;
use crate::key::Alias;
use crate::rows::Row;
use crate::{Changes, KmsError, Operation, Proposal, Reply, State, UsableKey};
use std::sync::Arc;

/// Makes an alias of the key's account.
pub(crate) fn handle(state: &State, proposal: &Proposal, command: &SetAlias) -> Outcome {
    check_not_reserved(&command.alias, KmsError::InvalidAliasName)?;
    UsableKey::check(state, &command.key, Operation::CreateAlias)?;
    let account = command.key.account;
    if state.alias(account, &command.alias).is_some() {
        let arn = state.alias_arn(account, &command.alias)?;
        return Err(KmsError::AlreadyExists(format!(
            "An alias with the name {arn} already exists"
        )));
    }
    check_key_quota(state, &command.key)?;
    check_account_quota(state, account)?;
    let mut changes = Changes::none();
    let revision = next_revision(state, &mut changes)?;
    changes.put(Row::Alias(Arc::new(Alias {
        account,
        alias: command.alias.clone(),
        key_id: command.key.key_id,
        creation_date: proposal.time,
        last_updated_date: proposal.time,
        revision,
    })));
    Ok((Reply::Done, changes))
}
