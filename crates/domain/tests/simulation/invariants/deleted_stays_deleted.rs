//! A life of a copy that has ended does not come back, and a key that ended as a primary, hence everywhere, comes back
//! nowhere.

use super::{Invariant, Seen, key_changes};
use kms_domain::key::KeyName;
use kms_domain::multi_region::Role;
use kms_domain::vocabulary::{Incarnation, RegionName};
use std::collections::BTreeSet;

#[derive(Default)]
pub(crate) struct DeletedStaysDeleted {
    lives: BTreeSet<(RegionName, KeyName, Incarnation)>,
    keys: BTreeSet<KeyName>,
}

impl Invariant for DeletedStaysDeleted {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let here = &seen.here.name;
        if seen.here.restored {
            return Ok(());
        }
        for (before, after) in key_changes(seen) {
            if let Some((key, copy)) = after.and_then(|k| Some((k, k.multi_region.as_ref()?))) {
                let life = (here.clone(), key.name, copy.incarnation);
                if self.lives.contains(&life) || self.keys.contains(&key.name) {
                    return Err(format!("{} came back in {here}", key.name.key_id));
                }
            } else if let Some((key, copy)) = before.and_then(|k| Some((k, k.multi_region.as_ref()?))) {
                self.lives.insert((here.clone(), key.name, copy.incarnation));
                if seen.here.state.tombstone(&key.name).is_none() {
                    return Err(format!("{} left no tombstone in {here}", key.name.key_id));
                }
                if copy.role == Role::Primary {
                    self.keys.insert(key.name);
                }
            }
        }
        Ok(())
    }
}
