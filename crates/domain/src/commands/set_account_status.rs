//! An operator disables an account, or enables it again.

use super::Outcome;
use super::identity_rows::home_account;
use crate::command::SetAccountStatus;
use crate::identity::{Account, AccountStatus, IdentityId};
use crate::multi_region::change_identity;
use crate::rows::Row;
use crate::{Changes, KmsError, Reply, State};
use std::sync::Arc;

/// Says what the command changes: nothing, when the account is so already.
pub(crate) fn handle(state: &State, command: &SetAccountStatus) -> Outcome {
    let held = home_account(state, command.id)?;
    if held.status == AccountStatus::Deleted {
        return Err(KmsError::IdentityNotFound(IdentityId::Account(command.id)));
    }
    let status = match command.enabled {
        true => AccountStatus::Active,
        false => AccountStatus::Disabled,
    };
    let mut changes = Changes::none();
    if held.status != status {
        let account = Account {
            status,
            revision: held.revision.saturating_add(1),
            ..Account::clone(held)
        };
        change_identity(state, &mut changes, Row::Account(Arc::new(account)));
    }
    Ok((Reply::Done, changes))
}
