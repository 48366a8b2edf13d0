//! TagResource.

use super::rules::{check_tags, tags_from_list};
use super::{Outcome, replace_key};
use crate::command::TagResource;
use crate::{Changes, Operation, Reply, State, UsableKey};

/// Adds tags, or gives those that are there new values.
pub(crate) fn handle(state: &State, command: &TagResource) -> Outcome {
    let key = UsableKey::check(state, &command.key, Operation::TagResource)?.key();
    let mut tags = key.tags.clone();
    tags.extend(tags_from_list(&command.tags)?);
    check_tags(&tags)?;
    let mut changes = Changes::none();
    if tags != key.tags {
        replace_key(&mut changes, key, |key| {
            key.tags = tags;
            key.revisions.tags = key.revisions.tags.saturating_add(1);
            // Conditions of policies may read tags.
            key.raise_authz_revision();
        });
    }
    Ok((Reply::Done, changes))
}
