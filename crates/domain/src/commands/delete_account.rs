//! An operator deletes an account.

use super::Outcome;
use super::identity_rows::home_account;
use crate::identity::{Account, AccountStatus};
use crate::multi_region::change_identity;
use crate::rows::Row;
use crate::vocabulary::AccountId;
use crate::{Changes, KmsError, Reply, State};
use std::sync::Arc;

/// Says what the command changes: nothing, when the account is deleted already. One that owns keys or active access
/// keys here is kept. Keys that it owns in other regions stay there, and nobody may use them any more.
pub(crate) fn handle(state: &State, id: &AccountId) -> Outcome {
    let held = home_account(state, *id)?;
    let mut changes = Changes::none();
    if held.status == AccountStatus::Deleted {
        return Ok((Reply::Done, changes));
    }
    let keys = state.key_count_of(*id);
    let access_keys = state.active_access_key_count_of(*id);
    if keys > 0 || access_keys > 0 {
        return Err(KmsError::IdentityConflict(format!(
            "account {id} owns {keys} keys and {access_keys} active access keys in this region; delete or disable them first"
        )));
    }
    let account = Account {
        status: AccountStatus::Deleted,
        revision: held.revision.saturating_add(1),
        ..Account::clone(held)
    };
    change_identity(state, &mut changes, Row::Account(Arc::new(account)));
    Ok((Reply::Done, changes))
}
