//! An operator deletes an access key.

use super::Outcome;
use super::identity_rows::home_access_key;
use crate::identity::{AccessKey, AccessKeyStatus};
use crate::multi_region::change_identity;
use crate::rows::Row;
use crate::vocabulary::AccessKeyId;
use crate::{Changes, Reply, State};
use std::sync::Arc;

/// Says what the command changes: nothing, when the access key is deleted already. The row stays without its secret.
pub(crate) fn handle(state: &State, id: &AccessKeyId) -> Outcome {
    let held = home_access_key(state, id)?;
    let mut changes = Changes::none();
    if held.status != AccessKeyStatus::Deleted {
        let access_key = AccessKey {
            status: AccessKeyStatus::Deleted,
            revision: held.revision.saturating_add(1),
            secret: None,
            ..AccessKey::clone(held)
        };
        change_identity(state, &mut changes, Row::AccessKey(Arc::new(access_key)));
    }
    Ok((Reply::Done, changes))
}
