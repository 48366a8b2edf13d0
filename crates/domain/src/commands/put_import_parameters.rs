//! GetParametersForImport made a key pair under which the caller may wrap key material.

use super::Outcome;
use crate::import::check_wrapping_key;
use crate::limits::IMPORT_TOKENS_PER_KEY_MAX;
use crate::rows::{ImportParameters, Row, RowKey};
use crate::{Changes, KmsError, Operation, Reply, State, UsableKey};
use std::sync::Arc;

/// Keeps the pair until its time is over. A key has a bounded number of them: the ones that end first go.
pub(crate) fn handle(state: &State, parameters: &ImportParameters) -> Outcome {
    UsableKey::check(state, &parameters.key, Operation::GetParametersForImport)?;
    check_wrapping_key(state, &parameters.private_wrapped)?;
    let taken = state.import_parameters(&parameters.key, &parameters.id).is_some();
    if taken || parameters.used.is_some() {
        return Err(KmsError::Internal(
            "the import token is taken or was used before it was made".into(),
        ));
    }
    let mut changes = Changes::none();
    let mut kept: Vec<&Arc<ImportParameters>> = state.import_parameters_of(parameters.key).collect();
    kept.sort_unstable_by_key(|row| (row.expires, row.id));
    let surplus = (kept.len() + 1).saturating_sub(IMPORT_TOKENS_PER_KEY_MAX);
    for row in kept.into_iter().take(surplus) {
        changes.remove(RowKey::ImportParameters(row.key, row.id));
    }
    changes.put(Row::ImportParameters(Arc::new(parameters.clone())));
    Ok((Reply::Done, changes))
}
