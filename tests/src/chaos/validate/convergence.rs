//! Promise: when everything is healed, the regions agree and nothing is left half done.

use crate::chaos::history::{Finding, Name};
use crate::chaos::validate::observed::{Observed, ObservedKey};
use std::collections::BTreeMap;

const PROMISE: &str = "healed regions agree";

/// Keys that are stuck, or that regions show differently in what they share.
pub fn disagreements(observed: &Observed) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut keys: BTreeMap<&Name, Vec<(&Name, &ObservedKey)>> = BTreeMap::new();
    for ((region, id), key) in observed {
        if matches!(key.state.as_str(), "Creating" | "Updating") {
            findings.push(Finding::new(
                PROMISE,
                format!("{id} in {region} is still {}", key.state),
            ));
        }
        keys.entry(id).or_default().push((region, key));
    }
    for (id, copies) in keys {
        findings.extend(of_one_key(id, &copies));
    }
    findings
}

fn of_one_key(id: &Name, copies: &[(&Name, &ObservedKey)]) -> Vec<Finding> {
    let Some(((first_region, first), rest)) = copies.split_first() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if first.primary.is_some() {
        let primaries: Vec<_> = copies
            .iter()
            .filter(|(_, k)| k.is_primary)
            .map(|(r, _)| *r)
            .collect();
        if primaries.len() != 1 {
            findings.push(Finding::new(
                PROMISE,
                format!("{id} has not one primary but {primaries:?}"),
            ));
        }
    } else if !rest.is_empty() {
        findings.push(Finding::new(
            PROMISE,
            format!("{id} is a single-Region key in several regions"),
        ));
    }
    for (region, key) in rest {
        if shared(key) != shared(first) {
            findings.push(Finding::new(
                PROMISE,
                format!(
                    "{id} is {:?} in {first_region} and {:?} in {region}",
                    shared(first),
                    shared(key)
                ),
            ));
        }
    }
    findings
}

/// What all copies of a multi-Region key must have in common.
fn shared(key: &ObservedKey) -> impl PartialEq + std::fmt::Debug + '_ {
    (
        &key.primary,
        &key.current_material,
        &key.materials,
        &key.shared_at,
    )
}
