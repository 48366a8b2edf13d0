//! DisableKeyRotation.

use super::Outcome;
use crate::key::KeyName;
use crate::multi_region::shared_change;
use crate::rotation::check_decides;
use crate::{Changes, Operation, Reply, State, UsableKey};

/// Switches automatic rotation off; a rotation under way completes.
pub(crate) fn handle(state: &State, name: &KeyName) -> Outcome {
    let usable = UsableKey::check(state, name, Operation::DisableKeyRotation)?;
    check_decides(usable.key(), usable.arn())?;
    if !usable.key().rotation.automatic {
        return Ok((Reply::Done, Changes::none()));
    }
    let mut key = usable.key().as_ref().clone();
    key.rotation.automatic = false;
    key.rotation.next_date = None;
    key.revisions.material = key.revisions.material.saturating_add(1);
    let mut changes = Changes::none();
    let reply = shared_change(state, &mut changes, key);
    Ok((reply, changes))
}
