//! When keys were last used: kept in memory, made known to the region in batches, so that a cryptographic call writes
//! nothing.
//!
//! What may be lost: a node that dies takes at most [`FLUSH_INTERVAL`] of uses with it; a node that stops in order
//! takes none. Other nodes learn of a use that much later. Of more than `KEYS_MAX` keys used in between, some uses
//! are not recorded, and counted in `kms_key_usages_dropped_total`.

use kms_domain::Operation;
use kms_domain::key::KeyName;
use kms_domain::limits::KEY_USAGES_PER_COMMAND_MAX;
use kms_domain::rows::KeyUsageRow;
use kms_domain::vocabulary::Timestamp;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Time between two batches.
pub const FLUSH_INTERVAL: Duration = Duration::from_secs(30);

/// Keys whose use is remembered between two batches.
const KEYS_MAX: usize = 20_000;

/// The newest use of each key that this node has not made known yet.
#[derive(Default)]
pub struct KeyUsages {
    newest: Mutex<BTreeMap<KeyName, KeyUsageRow>>,
}

impl KeyUsages {
    /// Remembers a use.
    pub fn note(&self, key: KeyName, operation: Operation, at: Timestamp, request_id: Option<&str>) {
        let mut newest = self.newest();
        let room = newest.len() < KEYS_MAX;
        match newest.entry(key) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.operation = operation;
                known.at = at;
                known.request_id = request_id.map(str::to_owned);
            }
            Entry::Vacant(place) if room => {
                place.insert(KeyUsageRow {
                    key,
                    operation,
                    at,
                    request_id: request_id.map(str::to_owned),
                });
            }
            Entry::Vacant(_) => metrics::counter!("kms_key_usages_dropped_total").increment(1),
        }
    }

    /// The newest use of a key that is not known to the region yet.
    pub fn newest_of(&self, key: &KeyName) -> Option<KeyUsageRow> {
        self.newest().get(key).cloned()
    }

    /// A batch to make known, beginning behind `after`; empty when there is nothing more to say. It stays remembered
    /// until it is [`told`](Self::told).
    pub fn batch(&self, after: Option<&KeyName>) -> Vec<KeyUsageRow> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let newest = self.newest();
        let batch = newest.range((from, Bound::Unbounded)).map(|(_, usage)| usage);
        batch.take(KEY_USAGES_PER_COMMAND_MAX).cloned().collect()
    }

    /// The region knows these: what is newer of the same keys stays remembered.
    pub fn told(&self, batch: &[KeyUsageRow]) {
        let mut newest = self.newest();
        for usage in batch {
            if newest.get(&usage.key) == Some(usage) {
                newest.remove(&usage.key);
            }
        }
    }

    fn newest(&self) -> MutexGuard<'_, BTreeMap<KeyName, KeyUsageRow>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kms_domain::vocabulary::KeyId;

    fn key(n: u32) -> KeyName {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        KeyName {
            account: "111122223333".parse().unwrap(),
            key_id: KeyId::uuid(id),
        }
    }

    #[test]
    fn a_use_is_remembered_until_it_is_told_and_a_newer_one_longer() {
        let usages = KeyUsages::default();
        usages.note(key(1), Operation::Encrypt, Timestamp(5), Some("first"));
        let batch = usages.batch(None);
        assert_eq!(usages.newest_of(&key(1)).as_ref(), batch.first());
        usages.note(key(1), Operation::Decrypt, Timestamp(6), None);
        usages.told(&batch);
        let newest = usages.newest_of(&key(1)).unwrap();
        assert_eq!((newest.operation, newest.at), (Operation::Decrypt, Timestamp(6)));
        assert_eq!(newest.request_id, None);
        usages.told(&usages.batch(None));
        assert_eq!(usages.newest_of(&key(1)), None);
        assert!(usages.batch(None).is_empty());
    }

    #[test]
    fn memory_is_bounded_and_batches_are_too() {
        let usages = KeyUsages::default();
        for n in 0..=u32::try_from(KEYS_MAX).unwrap() {
            usages.note(key(n), Operation::Sign, Timestamp(1), None);
        }
        let (mut told, mut after) = (0, None);
        loop {
            let batch = usages.batch(after.as_ref());
            let Some(last) = batch.last() else {
                break;
            };
            assert!(batch.len() <= KEY_USAGES_PER_COMMAND_MAX);
            told += batch.len();
            after = Some(last.key);
        }
        assert_eq!(told, KEYS_MAX);
    }
}
