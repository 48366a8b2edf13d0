//! DisableKey.

use super::{Outcome, key_whose_rights_end, replace_key};
use crate::key::KeyName;
use crate::{Changes, Effect, Operation, Reply, State};

/// Switches the key off; a disabled key stays as it is. Works during a hand-over once callers have waited long enough.
pub(crate) fn handle(state: &State, name: &KeyName) -> Outcome {
    let key = key_whose_rights_end(state, name, Operation::DisableKey)?;
    let mut changes = Changes::none();
    if key.enabled {
        replace_key(&mut changes, key, |key| {
            key.enabled = false;
            key.raise_authz_revision();
        });
        changes.effect(Effect::Evict {
            key: *name,
            material: None,
        });
    }
    Ok((Reply::Done, changes))
}
