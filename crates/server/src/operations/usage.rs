//! When keys were last used: kept in memory, made known to the region in batches, so that a cryptographic call writes
//! nothing.
//!
//! What may be lost: a node that dies takes at most [`FLUSH_INTERVAL`] of uses with it; a node that stops in order
//! takes none. Other nodes learn of a use that much later. Of more than [`KEYS_MAX`] keys used in between, some uses
//! are not recorded, and counted in `kms_key_usages_dropped_total`.

use kms_domain::Operation;
use kms_domain::key::KeyName;
use kms_domain::limits::KEY_USAGES_PER_COMMAND_MAX;
use kms_domain::rows::KeyUsageRow;
use kms_domain::vocabulary::Timestamp;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
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

    /// A batch to make known; empty when there is nothing to say. What could not be told is to be put back.
    pub fn take_batch(&self) -> Vec<KeyUsageRow> {
        let mut newest = self.newest();
        let mut batch = Vec::new();
        while batch.len() < KEY_USAGES_PER_COMMAND_MAX {
            let Some((_, usage)) = newest.pop_first() else {
                break;
            };
            batch.push(usage);
        }
        batch
    }

    /// Takes back a batch that could not be made known; newer uses stand.
    pub fn put_back(&self, batch: Vec<KeyUsageRow>) {
        let mut newest = self.newest();
        for usage in batch {
            if newest.len() < KEYS_MAX {
                newest.entry(usage.key).or_insert(usage);
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
    fn the_newest_use_of_a_key_stands_also_over_a_batch_that_was_put_back() {
        let usages = KeyUsages::default();
        usages.note(key(1), Operation::Encrypt, Timestamp(5), Some("first"));
        let batch = usages.take_batch();
        assert_eq!(batch.len(), 1);
        assert!(usages.take_batch().is_empty());
        usages.note(key(1), Operation::Decrypt, Timestamp(6), None);
        usages.put_back(batch);
        let newest = usages.newest_of(&key(1)).unwrap();
        assert_eq!((newest.operation, newest.at), (Operation::Decrypt, Timestamp(6)));
        assert_eq!(newest.request_id, None);
    }

    #[test]
    fn memory_is_bounded_and_batches_are_too() {
        let usages = KeyUsages::default();
        for n in 0..=u32::try_from(KEYS_MAX).unwrap() {
            usages.note(key(n), Operation::Sign, Timestamp(1), None);
        }
        let mut told = 0;
        loop {
            let batch = usages.take_batch();
            if batch.is_empty() {
                break;
            }
            assert!(batch.len() <= KEY_USAGES_PER_COMMAND_MAX);
            told += batch.len();
        }
        assert_eq!(told, KEYS_MAX);
    }
}
