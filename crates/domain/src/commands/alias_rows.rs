//! What the alias commands have in common: who may hold a name, quotas, and revisions that never repeat.

use super::current_region;
use crate::key::KeyName;
use crate::limits::{ALIASES_PER_ACCOUNT_MAX, ALIASES_PER_KEY_MAX};
use crate::rows::Row;
use crate::vocabulary::{AccountId, AliasName};
use crate::{Changes, KmsError, State};
use std::sync::Arc;

/// Callers do not hold, move or delete service aliases. The service model has InvalidAliasNameException for CreateAlias alone,
/// so the caller says what the `refusal` is.
pub(super) fn check_not_reserved(
    alias: &AliasName,
    refusal: impl FnOnce(String) -> KmsError,
) -> Result<(), KmsError> {
    if alias.is_reserved() {
        let text = format!("{alias} is reserved: the prefix alias/aws/ belongs to services");
        return Err(refusal(text));
    }
    Ok(())
}

/// The key may have one more alias.
pub(super) fn check_key_quota(state: &State, key: &KeyName) -> Result<(), KmsError> {
    if state.aliases_of_key(key).count() >= ALIASES_PER_KEY_MAX {
        return Err(KmsError::LimitExceeded(format!(
            "key {} has reached its quota of {ALIASES_PER_KEY_MAX} aliases",
            key.key_id
        )));
    }
    Ok(())
}

/// The account may have one more alias.
pub(super) fn check_account_quota(state: &State, account: AccountId) -> Result<(), KmsError> {
    let quota = u64::try_from(ALIASES_PER_ACCOUNT_MAX).unwrap_or(u64::MAX);
    if state.alias_count_of(account) >= quota {
        return Err(KmsError::LimitExceeded(format!(
            "account {account} has reached its quota of {ALIASES_PER_ACCOUNT_MAX} aliases"
        )));
    }
    Ok(())
}

/// Takes the next alias revision of the region.
pub(super) fn next_revision(state: &State, changes: &mut Changes) -> Result<u64, KmsError> {
    let mut region = current_region(state)?.clone();
    region.alias_revision = region.alias_revision.saturating_add(1);
    let revision = region.alias_revision;
    changes.put(Row::Region(Arc::new(region)));
    Ok(revision)
}
