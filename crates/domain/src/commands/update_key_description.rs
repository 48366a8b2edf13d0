//! UpdateKeyDescription.

use super::rules::check_description;
use super::{Outcome, replace_key};
use crate::command::UpdateKeyDescription;
use crate::{Changes, Operation, Reply, State, UsableKey};

/// Replaces the description.
pub(crate) fn handle(state: &State, command: &UpdateKeyDescription) -> Outcome {
    let key = UsableKey::check(state, &command.key, Operation::UpdateKeyDescription)?.key();
    check_description(&command.description)?;
    let mut changes = Changes::none();
    replace_key(&mut changes, key, |key| {
        key.description.clone_from(&command.description);
        key.revisions.description = key.revisions.description.saturating_add(1);
    });
    Ok((Reply::Done, changes))
}
