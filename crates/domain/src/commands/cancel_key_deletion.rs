//! CancelKeyDeletion.

use super::{Outcome, replace_key};
use crate::key::KeyName;
use crate::{Changes, Operation, Reply, State, UsableKey};

/// Ends the wait; the key comes back switched off.
pub(crate) fn handle(state: &State, name: &KeyName) -> Outcome {
    let key = UsableKey::check(state, name, Operation::CancelKeyDeletion)?.key();
    let mut changes = Changes::none();
    replace_key(&mut changes, key, |key| {
        key.deletion = None;
        key.enabled = false;
        key.raise_authz_revision();
    });
    Ok((Reply::Done, changes))
}
