//! An operator disables an access key, or enables it again.

use super::Outcome;
use super::identity_rows::home_access_key;
use crate::command::SetAccessKeyStatus;
use crate::identity::{AccessKey, AccessKeyStatus, IdentityId};
use crate::multi_region::change_identity;
use crate::rows::Row;
use crate::{Changes, KmsError, Reply, State};
use std::sync::Arc;

/// Says what the command changes: nothing, when the access key is so already.
pub(crate) fn handle(state: &State, command: &SetAccessKeyStatus) -> Outcome {
    let held = home_access_key(state, &command.id)?;
    if held.status == AccessKeyStatus::Deleted {
        return Err(KmsError::IdentityNotFound(IdentityId::AccessKey(command.id)));
    }
    let status = match command.enabled {
        true => AccessKeyStatus::Active,
        false => AccessKeyStatus::Inactive,
    };
    let mut changes = Changes::none();
    if held.status != status {
        let access_key = AccessKey {
            status,
            revision: held.revision.saturating_add(1),
            ..AccessKey::clone(held)
        };
        change_identity(state, &mut changes, Row::AccessKey(Arc::new(access_key)));
    }
    Ok((Reply::Done, changes))
}
