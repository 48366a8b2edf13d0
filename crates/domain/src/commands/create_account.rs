//! An operator makes an account.

use super::Outcome;
use super::identity_rows::deciding_region;
use super::rules::check_account_name;
use crate::command::CreateAccount;
use crate::identity::{Account, AccountStatus};
use crate::limits::{ACCOUNT_ROWS_MAX, ACCOUNTS_MAX};
use crate::multi_region::change_identity;
use crate::rows::Row;
use crate::{Changes, KmsError, Proposal, Reply, State};
use std::sync::Arc;

/// Makes it here: this region is its home. An id is never used twice, not even after deletion.
pub(crate) fn handle(state: &State, proposal: &Proposal, command: &CreateAccount) -> Outcome {
    let region = deciding_region(state)?;
    check_account_name(&command.name)?;
    if let Some(held) = state.account(command.id) {
        return Err(KmsError::AlreadyExists(match held.status {
            AccountStatus::Deleted => {
                format!("account {} was deleted, and its id is not used again", held.id)
            }
            _ => format!(
                "account {} exists already, with its home in region {}",
                held.id, held.home
            ),
        }));
    }
    if state.account_count() >= ACCOUNTS_MAX || state.accounts().len() >= ACCOUNT_ROWS_MAX {
        return Err(KmsError::LimitExceeded(format!(
            "a region knows at most {ACCOUNTS_MAX} accounts, and {ACCOUNT_ROWS_MAX} with deleted ones"
        )));
    }
    let mut changes = Changes::none();
    let account = Account {
        id: command.id,
        name: command.name.clone(),
        status: AccountStatus::Active,
        creation_date: proposal.time,
        home: region.name.clone(),
        revision: 1,
    };
    change_identity(state, &mut changes, Row::Account(Arc::new(account)));
    Ok((Reply::Done, changes))
}
