//! UpdateKeyDescription.

use super::Outcome;
use super::rules::{check_description, check_text_bytes};
use crate::command::UpdateKeyDescription;
use crate::rows::Row;
use crate::{Changes, Operation, Reply, State, UsableKey};
use std::sync::Arc;

/// Replaces the description.
pub(crate) fn handle(state: &State, command: &UpdateKeyDescription) -> Outcome {
    let key = UsableKey::check(state, &command.key, Operation::UpdateKeyDescription)?.key();
    check_description(&command.description)?;
    let mut key = key.as_ref().clone();
    key.description.clone_from(&command.description);
    key.revisions.description = key.revisions.description.saturating_add(1);
    check_text_bytes(&key)?;
    let mut changes = Changes::none();
    changes.put(Row::Key(Arc::new(key)));
    Ok((Reply::Done, changes))
}
