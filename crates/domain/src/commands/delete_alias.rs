//! DeleteAlias.

use super::Outcome;
use super::alias_rows::check_not_reserved;
use crate::command::DeleteAlias;
use crate::rows::RowKey;
use crate::{Changes, KmsError, Reply, State};

/// Removes the alias; its key may be in any state.
pub(crate) fn handle(state: &State, command: &DeleteAlias) -> Outcome {
    check_not_reserved(&command.alias, KmsError::Validation)?;
    state.existing_alias(command.account, &command.alias)?;
    let mut changes = Changes::none();
    changes.remove(RowKey::Alias(command.account, command.alias.clone()));
    Ok((Reply::Done, changes))
}
