//! RaiseFeatureLevel: all nodes support these semantics.

use super::{Outcome, current_region};
use crate::command::RaiseFeatureLevel;
use crate::rows::Row;
use crate::{Changes, Reply, State};
use std::sync::Arc;

/// Raises the level; a lower or equal one changes nothing.
pub(crate) fn handle(state: &State, command: &RaiseFeatureLevel) -> Outcome {
    let region = current_region(state)?;
    let mut changes = Changes::none();
    if command.level > region.feature_level {
        let mut region = region.clone();
        region.feature_level = command.level;
        changes.put(Row::Region(Arc::new(region)));
    }
    Ok((Reply::Done, changes))
}
