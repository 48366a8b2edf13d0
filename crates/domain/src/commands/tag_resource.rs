//! TagResource.

use super::Outcome;
use super::rules::{check_tags, check_text_bytes, tags_from_list};
use crate::command::TagResource;
use crate::rows::Row;
use crate::{Changes, Operation, Reply, State, UsableKey};
use std::sync::Arc;

/// Adds tags, or gives those that are there new values.
pub(crate) fn handle(state: &State, command: &TagResource) -> Outcome {
    let key = UsableKey::check(state, &command.key, Operation::TagResource)?.key();
    let mut tags = key.tags.clone();
    tags.extend(tags_from_list(&command.tags)?);
    check_tags(&tags)?;
    if tags == key.tags {
        return Ok((Reply::Done, Changes::none()));
    }
    let mut key = key.as_ref().clone();
    key.tags = tags;
    key.revisions.tags = key.revisions.tags.saturating_add(1);
    // Conditions of policies may read tags.
    key.raise_authz_revision();
    check_text_bytes(&key)?;
    let mut changes = Changes::none();
    changes.put(Row::Key(Arc::new(key)));
    Ok((Reply::Done, changes))
}
