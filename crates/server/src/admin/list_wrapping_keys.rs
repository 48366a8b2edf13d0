//! ListWrappingKeys: the keys that wrap key material at rest, never their bytes.

use super::read;
use crate::errors::OperationError;
use crate::node::Running;
use kms_domain::key::WrappedMaterial;
use kms_domain::vocabulary::WrappingKeyId;
use kms_domain::{Row, State};
use kms_proto::admin::v1;
use std::collections::BTreeMap;

/// Lists the region's wrapping keys with how much each of them wraps.
pub(super) async fn list_wrapping_keys(
    running: &Running,
) -> Result<v1::ListWrappingKeysResponse, OperationError> {
    let view = read(running).await?;
    let state = &view.state;
    let references = references(state);
    let current = state.region().map(|region| region.wrapping_key);
    let wrapping_keys = state
        .wrapping_keys()
        .map(|row| v1::WrappingKey {
            id: row.id.to_string(),
            state: standing(row.retired, current == Some(row.id)).to_owned(),
            root_key_id: kms_crypto::wrap::RootKeyId(row.root_key_id).to_string(),
            reference_count: references.get(&row.id).copied().unwrap_or(0),
        })
        .collect();
    Ok(v1::ListWrappingKeysResponse { wrapping_keys })
}

const fn standing(retired: bool, current: bool) -> &'static str {
    match (retired, current) {
        (true, _) => "Retired",
        (false, true) => "Current",
        (false, false) => "Retiring",
    }
}

fn references(state: &State) -> BTreeMap<WrappingKeyId, u64> {
    let mut counts = BTreeMap::new();
    for row in state.rows() {
        for wrapped in wrapped_in(&row) {
            *counts.entry(wrapped.wrapping_key).or_insert(0) += 1;
        }
    }
    counts
}

/// What a row holds that a wrapping key opens.
fn wrapped_in(row: &Row) -> Vec<&WrappedMaterial> {
    match row {
        Row::Material(material) => {
            let commitment = material.imported.as_ref().map(|imported| &imported.commitment);
            material.wrapped.iter().chain(commitment).collect()
        }
        Row::AccessKey(access_key) => access_key.secret.iter().collect(),
        Row::ImportParameters(parameters) => vec![&parameters.private_wrapped],
        _ => Vec::new(),
    }
}
