//! EnableKey.

use super::{Outcome, replace_key};
use crate::key::KeyName;
use crate::{Changes, Operation, Reply, State, UsableKey};

/// Switches the key on; an enabled key stays as it is.
pub(crate) fn handle(state: &State, name: &KeyName) -> Outcome {
    let key = UsableKey::check(state, name, Operation::EnableKey)?.key();
    let mut changes = Changes::none();
    if !key.enabled {
        replace_key(&mut changes, key, |key| {
            key.enabled = true;
            key.raise_authz_revision();
        });
    }
    Ok((Reply::Done, changes))
}
