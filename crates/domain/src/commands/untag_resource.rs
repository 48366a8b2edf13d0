//! UntagResource.

use super::rules::tag_keys_from_list;
use super::{Outcome, replace_key};
use crate::command::UntagResource;
use crate::{Changes, Operation, Reply, State, UsableKey};

/// Removes tags; absent ones are no error.
pub(crate) fn handle(state: &State, command: &UntagResource) -> Outcome {
    let key = UsableKey::check(state, &command.key, Operation::UntagResource)?.key();
    let removed = tag_keys_from_list(&command.tag_keys)?;
    let mut tags = key.tags.clone();
    tags.retain(|tag, _| !removed.contains(tag));
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
