//! Architecture invariant 8: at most one region holds the primary role of a key in any epoch. What is checked is
//! stronger: an epoch's counter has one holder ever, and at no moment do two regions decide.

use super::{Invariant, Seen, key_changes};
use kms_domain::key::KeyName;
use kms_domain::multi_region::Role;
use kms_domain::vocabulary::RegionName;
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct OnePrimaryPerEpoch {
    holders: BTreeMap<(KeyName, u64), RegionName>,
}

impl Invariant for OnePrimaryPerEpoch {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for (_, after) in key_changes(seen) {
            let Some(key) = after else { continue };
            let Some(copy) = key.multi_region.as_ref().filter(|m| m.role == Role::Primary) else {
                continue;
            };
            if copy.epoch.region != seen.here.name {
                return Err(format!(
                    "{} is primary in an epoch of {:?}",
                    seen.here.name, copy.epoch
                ));
            }
            let holder = self
                .holders
                .entry((key.name, copy.epoch.counter))
                .or_insert_with(|| seen.here.name.clone());
            if *holder != seen.here.name {
                return Err(format!(
                    "{} and {holder} are primaries of {} in epoch {}",
                    seen.here.name, key.name.key_id, copy.epoch.counter
                ));
            }
            one_decides(seen, &key.name)?;
        }
        Ok(())
    }
}

fn one_decides(seen: &Seen<'_>, key: &KeyName) -> Result<(), String> {
    let deciding: Vec<&RegionName> = seen
        .regions
        .iter()
        .filter(|region| {
            let free = region.state.region().is_some_and(|r| !r.fenced);
            let copy = region.state.key(key).and_then(|k| k.multi_region.as_ref());
            free && copy.is_some_and(|m| m.decides_shared_state())
        })
        .map(|region| &region.name)
        .collect();
    if deciding.len() > 1 {
        return Err(format!("{deciding:?} all decide for {}", key.key_id));
    }
    Ok(())
}
