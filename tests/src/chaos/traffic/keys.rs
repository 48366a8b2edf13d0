//! What the callers believe of the keys, to choose what to do next. The oracle does not look here: a wrong belief
//! costs a refused call, never a wrong verdict.

use crate::chaos::history::Name;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A key, as the callers know it.
#[derive(Debug)]
pub struct KnownKey {
    /// Its id.
    pub id: Name,
    /// The region that made it.
    pub made_in: Name,
    /// Whether it is a multi-Region key.
    pub multi_region: bool,
    beliefs: Mutex<Beliefs>,
}

#[derive(Debug)]
struct Beliefs {
    holders: BTreeSet<Name>,
    asked_for: BTreeSet<Name>,
    primary: Name,
    primary_counter: u64,
    last_number: BTreeMap<Name, u64>,
}

impl KnownKey {
    /// Whether a region holds it and has left Creating.
    pub fn held_in(&self, region: &str) -> bool {
        self.beliefs().holders.contains(region)
    }

    /// Regions that hold it.
    pub fn holders(&self) -> Vec<Name> {
        self.beliefs().holders.iter().cloned().collect()
    }

    /// Regions among `all` to which it has not been replicated yet.
    pub fn absent_from(&self, all: &[Name]) -> Vec<Name> {
        let beliefs = self.beliefs();
        let there =
            |region: &&Name| !beliefs.holders.contains(*region) && !beliefs.asked_for.contains(*region);
        all.iter().filter(there).cloned().collect()
    }

    /// The region of its primary.
    pub fn primary(&self) -> Name {
        self.beliefs().primary.clone()
    }

    /// Notes a replica that is being made.
    pub fn replica_asked_for(&self, region: &Name) {
        self.beliefs().asked_for.insert(region.clone());
    }

    /// Notes that a region holds it.
    pub fn seen_in(&self, region: &Name) {
        self.beliefs().holders.insert(region.clone());
    }

    /// Notes which region says that it is primary in which epoch.
    pub fn primary_seen(&self, region: &Name, counter: u64) {
        let mut beliefs = self.beliefs();
        if counter >= beliefs.primary_counter {
            beliefs.primary_counter = counter;
            beliefs.primary = region.clone();
        }
    }

    /// The next number for its description in a region.
    pub fn next_number(&self, region: &Name) -> u64 {
        let mut beliefs = self.beliefs();
        let number = beliefs.last_number.entry(region.clone()).or_insert(0);
        *number += 1;
        *number
    }

    fn beliefs(&self) -> MutexGuard<'_, Beliefs> {
        self.beliefs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All keys that were made.
#[derive(Debug, Default)]
pub struct Keys {
    keys: Mutex<BTreeMap<Name, Arc<KnownKey>>>,
}

impl Keys {
    /// Notes a key that was made.
    pub fn add(&self, id: Name, made_in: &Name, multi_region: bool) {
        let beliefs = Beliefs {
            holders: BTreeSet::from([made_in.clone()]),
            asked_for: BTreeSet::new(),
            primary: made_in.clone(),
            primary_counter: 0,
            last_number: BTreeMap::new(),
        };
        let key = Arc::new(KnownKey {
            id: id.clone(),
            made_in: made_in.clone(),
            multi_region,
            beliefs: Mutex::new(beliefs),
        });
        self.keys().insert(id, key);
    }

    /// A key by its id.
    pub fn get(&self, id: &str) -> Option<Arc<KnownKey>> {
        self.keys().get(id).cloned()
    }

    /// The keys that satisfy a condition, in order of id.
    pub fn select(&self, wanted: impl Fn(&KnownKey) -> bool) -> Vec<Arc<KnownKey>> {
        self.keys().values().filter(|key| wanted(key)).cloned().collect()
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<Name, Arc<KnownKey>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
