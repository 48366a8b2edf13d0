//! Heal, wait, and compare: when nothing goes wrong any more, all copies of a key become equal and nothing is due.

use super::network::Weather;
use super::world::World;
use kms_domain::State;
use kms_domain::key::{Key, KeyName};
use kms_domain::multi_region::{Role, SharedRecord, shared_record};
use kms_domain::vocabulary::{Incarnation, MaterialId};
use std::collections::BTreeSet;

/// Rounds within which everything must have settled.
const ROUNDS_MAX: usize = 400;
/// True time that passes in one round, in milliseconds; longer than the longest back-off.
const ROUND_MS: u64 = 301_000;

impl World {
    /// Ends all faults; only the network may stay bad, as `weather` says.
    pub(crate) fn heal(&mut self, weather: Weather) {
        self.network.weather = weather;
        for region in &mut self.regions {
            region.away = false;
            region.old_leader = None;
        }
    }

    /// Lets the drivers work until nothing is due; answers after how many rounds.
    pub(crate) fn converge(&mut self) -> usize {
        for round in 0..ROUNDS_MAX {
            if self.round() {
                return round;
            }
        }
        panic!(
            "seed {}: not settled after {ROUNDS_MAX} rounds:\n{}",
            self.seed,
            self.what_is_due()
        );
    }

    /// One round: a Pulse everywhere, every due shipment once, and all that follows. True when nothing was due.
    pub(crate) fn round(&mut self) -> bool {
        self.now_ms += ROUND_MS;
        let mut idle = true;
        for here in 0..self.regions.len() {
            self.pulse(here);
            idle &= self.regions[here].queue.is_empty();
            self.rotate_due(here);
            self.commit_all(here);
            for there in (0..self.regions.len()).filter(|there| *there != here) {
                idle &= self.drive_all(here, there) == 0;
            }
        }
        self.settle_network();
        idle && self.regions.iter().all(|region| {
            region.state.outbox_len() == 0 && region.state.tombstones_to_tell().next().is_none()
        })
    }

    /// Everything in flight arrives or is lost, and all that follows from it.
    pub(crate) fn settle_network(&mut self) {
        while !self.network.is_empty() {
            self.deliver();
            (0..self.regions.len()).for_each(|here| self.commit_all(here));
        }
    }

    pub(crate) fn commit_all(&mut self, here: usize) {
        while !self.regions[here].queue.is_empty() {
            self.commit_next(here, true);
        }
    }

    /// Panics unless every key's copies are equal and complete, and nothing is under way.
    pub(crate) fn assert_converged(&self) {
        for region in &self.regions {
            assert_eq!(
                region.state.outbox_len(),
                0,
                "seed {}: outbox of {}",
                self.seed,
                region.name
            );
            for key in region.state.keys() {
                self.assert_settled(&region.state, key);
            }
        }
        self.assert_identities_agree(|_| true);
        if let Err(violation) = self.invariants.converged(&self.regions) {
            panic!("seed {}: {violation}", self.seed);
        }
    }

    fn assert_settled(&self, state: &State, key: &Key) {
        let Some(copy) = &key.multi_region else {
            return;
        };
        let at = format!(
            "seed {}: {} in {:?}",
            self.seed,
            key.name.key_id,
            state.region().unwrap().name
        );
        assert!(!copy.creating, "{at} is creating");
        assert!(copy.handover.is_none(), "{at} is updating");
        assert!(key.rotation.pending.is_none(), "{at} waits with a rotation");
        let primary = &self.regions[self.index_of(&copy.epoch.region)];
        let lead = primary
            .state
            .key(&key.name)
            .unwrap_or_else(|| panic!("{at} has no primary"));
        assert_eq!(
            comparable(state, key),
            comparable(&primary.state, lead),
            "{at} differs from its primary"
        );
        assert_eq!(
            material_ids(state, &key.name),
            material_ids(&primary.state, &key.name),
            "{at} has other materials"
        );
        if copy.role == Role::Primary {
            self.assert_imports_are_known(state, key, &at);
            for (peer, replica) in &copy.replicas {
                let there = &self.regions[self.index_of(peer)];
                let life = there
                    .state
                    .key(&key.name)
                    .and_then(|k| k.multi_region.as_ref())
                    .map(|m| m.incarnation);
                assert_eq!(life, Some(replica.incarnation), "{at}: its replica in {peer}");
            }
        } else {
            let listed = lead
                .multi_region
                .as_ref()
                .and_then(|m| m.replicas.get(&state.region().unwrap().name))
                .map(|replica| replica.incarnation);
            assert_eq!(listed, Some(copy.incarnation), "{at} is unknown to its primary");
        }
    }

    /// The primary knows which replicas have which imported bytes.
    fn assert_imports_are_known(&self, state: &State, key: &Key, at: &str) {
        let replicas = key.multi_region.iter().flat_map(|copy| copy.replicas.keys());
        for material in state.materials_of(key.name, 0) {
            let Some(imported) = &material.imported else {
                continue;
            };
            let have = replicas
                .clone()
                .filter(|name| {
                    let there = &self.regions[self.index_of(name)].state;
                    let row = there.material(&key.name, &material.material_id);
                    row.is_some_and(|row| row.wrapped.is_some())
                })
                .cloned()
                .collect();
            assert_eq!(
                imported.imported_in, have,
                "{at} believes otherwise of its imports"
            );
        }
    }

    fn what_is_due(&self) -> String {
        let mut text = String::new();
        for region in &self.regions {
            for peer in region.state.peers() {
                for row in region.state.outbox_of(&peer.name, None).take(5) {
                    text.push_str(&format!("{}: {row:?}\n", region.name));
                }
            }
            for tombstone in region.state.tombstones_to_tell().take(5) {
                text.push_str(&format!("{}: {tombstone:?}\n", region.name));
            }
        }
        text
    }
}

/// A copy's shared record without what differs by role.
pub(crate) fn comparable(state: &State, key: &Key) -> Option<SharedRecord> {
    let mut record = shared_record(state, key)?;
    record.primary_incarnation = Incarnation([0; 16]);
    Some(record)
}

fn material_ids(state: &State, key: &KeyName) -> BTreeSet<(MaterialId, Option<u64>)> {
    state
        .materials_of(*key, 0)
        .map(|m| (m.material_id, m.rotation_date.map(|date| date.0)))
        .collect()
}
