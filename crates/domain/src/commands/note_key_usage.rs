//! Nodes say when keys were last used.

use super::Outcome;
use crate::command::NoteKeyUsage;
use crate::key::KeyName;
use crate::limits::{KEY_USAGES_PER_COMMAND_MAX, REQUEST_ID_BYTES_MAX};
use crate::rows::{KeyUsageRow, Row};
use crate::{Changes, KmsError, Reply, State};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Keeps the newest usage of each key. Nothing that is decided depends on it, so no decision becomes stale.
pub(crate) fn handle(state: &State, command: &NoteKeyUsage) -> Outcome {
    check(command)?;
    let mut newest: BTreeMap<KeyName, &KeyUsageRow> = BTreeMap::new();
    for usage in &command.usages {
        let kept = newest.entry(usage.key).or_insert(usage);
        if kept.at < usage.at {
            *kept = usage;
        }
    }
    let mut changes = Changes::none();
    for (key, usage) in newest {
        let is_newer = state.key_usage(&key).is_none_or(|row| row.at < usage.at);
        if is_newer && state.key(&key).is_some() {
            changes.put(Row::KeyUsage(Arc::new(usage.clone())));
        }
    }
    Ok((Reply::Done, changes))
}

fn check(command: &NoteKeyUsage) -> Result<(), KmsError> {
    if command.usages.len() > KEY_USAGES_PER_COMMAND_MAX {
        return Err(KmsError::Validation(format!(
            "a command notes at most {KEY_USAGES_PER_COMMAND_MAX} usages"
        )));
    }
    let too_long = |usage: &KeyUsageRow| {
        let request_id = usage.request_id.as_ref();
        request_id.is_some_and(|id| id.len() > REQUEST_ID_BYTES_MAX)
    };
    if command.usages.iter().any(too_long) {
        return Err(KmsError::Validation(format!(
            "a request id is at most {REQUEST_ID_BYTES_MAX} bytes"
        )));
    }
    Ok(())
}
