//! What the commands on accounts and access keys share: they change only what has its home here.

use super::current_region;
use crate::identity::{AccessKey, Account, AccountStatus, IdentityId};
use crate::rows::Region;
use crate::vocabulary::{AccessKeyId, AccountId, RegionName};
use crate::{KmsError, State};
use std::sync::Arc;

/// The region, if it may change what other regions follow.
///
/// # Errors
/// [`KmsError::IdentityConflict`] in a fenced region, which may not know the newest record.
pub(super) fn deciding_region(state: &State) -> Result<&Region, KmsError> {
    let region = current_region(state)?;
    if region.fenced {
        return Err(KmsError::IdentityConflict(
            "the region is fenced: it was restored and its peers have not yet told it what it missed".into(),
        ));
    }
    Ok(region)
}

/// An account that this region may change; a deleted one is there.
///
/// # Errors
/// [`KmsError::IdentityNotFound`], [`KmsError::NotHomeRegion`].
pub(super) fn home_account(state: &State, id: AccountId) -> Result<&Arc<Account>, KmsError> {
    let region = deciding_region(state)?;
    let name = IdentityId::Account(id);
    let row = state.account(id).ok_or(KmsError::IdentityNotFound(name))?;
    check_home(name, &row.home, region)?;
    Ok(row)
}

/// An account in which access keys may be made.
///
/// # Errors
/// As [`home_account`]; [`KmsError::IdentityConflict`] when it is disabled.
pub(super) fn active_home_account(state: &State, id: AccountId) -> Result<&Arc<Account>, KmsError> {
    let row = home_account(state, id)?;
    match row.status {
        AccountStatus::Active => Ok(row),
        AccountStatus::Disabled => Err(KmsError::IdentityConflict(format!("account {id} is disabled"))),
        AccountStatus::Deleted => Err(KmsError::IdentityNotFound(IdentityId::Account(id))),
    }
}

/// An access key that this region may change; a deleted one is there.
///
/// # Errors
/// [`KmsError::IdentityNotFound`], [`KmsError::NotHomeRegion`].
pub(super) fn home_access_key<'a>(
    state: &'a State,
    id: &AccessKeyId,
) -> Result<&'a Arc<AccessKey>, KmsError> {
    let region = deciding_region(state)?;
    let name = IdentityId::AccessKey(*id);
    let row = state.access_key(id).ok_or(KmsError::IdentityNotFound(name))?;
    check_home(name, &row.home, region)?;
    Ok(row)
}

fn check_home(id: IdentityId, home: &RegionName, region: &Region) -> Result<(), KmsError> {
    if *home == region.name {
        return Ok(());
    }
    Err(KmsError::NotHomeRegion(id, home.clone()))
}
