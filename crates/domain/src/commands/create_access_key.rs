//! An operator makes an access key.

use super::Outcome;
use super::identity_rows::{active_home_account, deciding_region};
use super::rules::check_user;
use crate::command::CreateAccessKey;
use crate::identity::{AccessKey, AccessKeyStatus};
use crate::limits::{ACCESS_KEY_ROWS_MAX, ACCESS_KEYS_MAX, ACCESS_KEYS_PER_PRINCIPAL_MAX};
use crate::multi_region::change_identity;
use crate::rows::Row;
use crate::{Changes, KmsError, Proposal, Reply, State};
use std::sync::Arc;

/// Makes it in its account's home region, so that whoever decides about an account decides about its callers. The
/// proposer made the id and wrapped the secret.
pub(crate) fn handle(state: &State, proposal: &Proposal, command: &CreateAccessKey) -> Outcome {
    let region = deciding_region(state)?;
    check_user(&command.principal)?;
    active_home_account(state, command.principal.account())?;
    check_limits(state, command)?;
    if state.access_key(&command.id).is_some() {
        return Err(KmsError::AlreadyExists(format!(
            "access key {} exists already",
            command.id
        )));
    }
    if command.secret.wrapping_key != region.wrapping_key {
        return Err(KmsError::StaleGuard);
    }
    let mut changes = Changes::none();
    let access_key = AccessKey {
        id: command.id,
        principal: command.principal.clone(),
        status: AccessKeyStatus::Active,
        creation_date: proposal.time,
        home: region.name.clone(),
        revision: 1,
        secret: Some(command.secret.clone()),
    };
    change_identity(state, &mut changes, Row::AccessKey(Arc::new(access_key)));
    Ok((Reply::AccessKeyCreated { id: command.id }, changes))
}

fn check_limits(state: &State, command: &CreateAccessKey) -> Result<(), KmsError> {
    if state.access_key_count_of(&command.principal) >= ACCESS_KEYS_PER_PRINCIPAL_MAX {
        return Err(KmsError::LimitExceeded(format!(
            "{} has {ACCESS_KEYS_PER_PRINCIPAL_MAX} access keys, as many as it may have",
            command.principal
        )));
    }
    if state.access_key_count() >= ACCESS_KEYS_MAX || state.access_keys().len() >= ACCESS_KEY_ROWS_MAX {
        return Err(KmsError::LimitExceeded(format!(
            "a region knows at most {ACCESS_KEYS_MAX} access keys, and {ACCESS_KEY_ROWS_MAX} with deleted ones"
        )));
    }
    Ok(())
}
