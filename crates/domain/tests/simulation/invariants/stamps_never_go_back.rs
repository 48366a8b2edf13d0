//! Revisions never go back: within one life of a region and of its copy of a key, the stamp and the promised epoch
//! only grow; a later life starts above an earlier one.

use super::{Invariant, Seen, key_changes};
use kms_domain::key::KeyName;
use kms_domain::multi_region::RecordStamp;
use kms_domain::vocabulary::Incarnation;
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct StampsNeverGoBack {
    highest: BTreeMap<(Incarnation, KeyName), RecordStamp>,
    promised: BTreeMap<(Incarnation, KeyName, Incarnation), u64>,
}

impl Invariant for StampsNeverGoBack {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let life = seen.here.region().incarnation;
        for (before, after) in key_changes(seen) {
            let Some((key, copy)) = after.and_then(|k| Some((k, k.multi_region.as_ref()?))) else {
                continue;
            };
            let stamp = copy.stamp();
            let highest = self
                .highest
                .entry((life, key.name))
                .or_insert_with(|| stamp.clone());
            let must_grow = before.is_none() && *highest != stamp;
            if stamp < *highest || (must_grow && stamp <= *highest) {
                return Err(format!(
                    "{} went back from {highest:?} to {stamp:?} for {}",
                    seen.here.name, key.name.key_id
                ));
            }
            *highest = stamp;
            let promised = self
                .promised
                .entry((life, key.name, copy.incarnation))
                .or_insert(copy.epoch_promised);
            if copy.epoch_promised < *promised || copy.epoch_promised < copy.epoch.counter {
                return Err(format!(
                    "{} broke its promise of epoch {promised} for {}",
                    seen.here.name, key.name.key_id
                ));
            }
            *promised = copy.epoch_promised;
            let authz_step = before.map_or(1, |b| key.revisions.authz.saturating_sub(b.revisions.authz));
            if authz_step > 1 {
                return Err("one log entry raised an authz revision twice".into());
            }
        }
        Ok(())
    }
}
