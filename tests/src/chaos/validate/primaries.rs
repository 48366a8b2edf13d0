//! Promise: never two primaries of a key in one epoch.

use crate::chaos::history::{Claim, Finding, Moment, Name};
use std::collections::BTreeMap;

const PROMISE: &str = "one primary in an epoch";

/// Claims that contradict each other, or their own epoch. Planned moves raise the counter each time, so here two
/// regions may not even share a counter.
pub fn contradictions(claims: &BTreeMap<Claim, Moment>) -> Vec<Finding> {
    let mut holders: BTreeMap<(&Name, u64), &Claim> = BTreeMap::new();
    let mut findings = Vec::new();
    for (claim, seen) in claims {
        let Claim {
            key,
            counter,
            claimant,
            epoch_region,
            ..
        } = claim;
        if **claimant != **epoch_region {
            findings.push(Finding::new(
                PROMISE,
                format!("{key}: {claimant} claims epoch {counter}, which names {epoch_region} (first seen at {seen} us)"),
            ));
        }
        match holders.get(&(key, *counter)) {
            Some(other) if other.claimant != *claimant || other.incarnation != claim.incarnation => {
                findings.push(Finding::new(
                    PROMISE,
                    format!(
                        "{key}: {} and {claimant} both claim epoch {counter} (second first seen at {seen} us)",
                        other.claimant
                    ),
                ));
            }
            Some(_) => {}
            None => {
                holders.insert((key, *counter), claim);
            }
        }
    }
    findings
}
