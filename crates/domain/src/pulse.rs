//! Log time: how Pulse moves it and what falls due.
//!
//! Only a Pulse moves log time, to the lower median of the clock readings of a majority of nodes, and never back. So a
//! clock that runs ahead cannot end a waiting period: with two of three readings the earlier one counts, with three of
//! five the middle one. A clock that lags only delays. Waiting periods start at the first Pulse after they were asked
//! for, because log time may lag behind while nothing happens.
//!
//! That the readings are a majority's is the proposer's duty; this module knows no membership.

use crate::import::delete_materials;
use crate::key::{Deletion, DeletionDeadline, Key, KeyName};
use crate::limits::{
    ANSWER_MEMORY_MS, ANSWERS_PER_PULSE_MAX, EXPIRIES_PER_PULSE_MAX, IMPORT_TOKENS_PER_PULSE_MAX,
    KEYS_PER_PULSE_MAX, LOG_TIME_LAG_MS_MAX, READINGS_PER_PULSE_MAX,
};
use crate::multi_region::{Role, Tombstone};
use crate::rows::{Row, RowKey};
use crate::state::Deadline;
use crate::vocabulary::{ImportTokenId, MaterialId, NodeId, RegionName, Timestamp};
use crate::{Changes, Effect, KmsError, Reply, State};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Moves log time and does, within bounds, what has fallen due.
pub(crate) fn advance(state: &State, readings: &[(NodeId, Timestamp)]) -> Result<(Reply, Changes), KmsError> {
    let median = lower_median(readings)?;
    let mut region = state
        .region()
        .ok_or_else(|| KmsError::Bootstrap("the region is not bootstrapped".into()))?
        .as_ref()
        .clone();
    region.log_time = region.log_time.max(median);
    let log_time = region.log_time;
    let mut changes = Changes::none();
    changes.put(Row::Region(Arc::new(region)));
    let started = start_waiting_periods(state, &mut changes, log_time);
    destroy_due_keys(
        state,
        &mut changes,
        log_time,
        KEYS_PER_PULSE_MAX.saturating_sub(started),
    );
    delete_expired_materials(state, &mut changes, log_time);
    drop_expired_import_parameters(state, &mut changes, log_time);
    ask_for_rotations(state, &mut changes, log_time);
    forget_answers(state, &mut changes, log_time);
    Ok((Reply::Pulsed { log_time }, changes))
}

/// The lower median of one reading a node: of an even number, the earlier of the middle two.
fn lower_median(readings: &[(NodeId, Timestamp)]) -> Result<Timestamp, KmsError> {
    if readings.is_empty() || readings.len() > READINGS_PER_PULSE_MAX {
        return Err(KmsError::Validation(format!(
            "a Pulse carries 1 to {READINGS_PER_PULSE_MAX} readings"
        )));
    }
    let mut by_node: BTreeMap<NodeId, Timestamp> = BTreeMap::new();
    for (node, reading) in readings {
        let counted = by_node.entry(*node).or_insert(*reading);
        *counted = (*counted).min(*reading);
    }
    let mut sorted: Vec<Timestamp> = by_node.into_values().collect();
    sorted.sort_unstable();
    Ok(sorted[(sorted.len() - 1) / 2])
}

/// Gives waiting periods that were asked for their end; answers how many.
fn start_waiting_periods(state: &State, changes: &mut Changes, log_time: Timestamp) -> usize {
    let keys = state.deletions_to_start().filter_map(|name| state.key(name));
    let mut started = 0;
    for key in keys.take(KEYS_PER_PULSE_MAX) {
        started += 1;
        let mut key = key.as_ref().clone();
        key.deletion = key.deletion.map(|deletion| Deletion {
            deadline: DeletionDeadline::At(log_time.plus_days(deletion.pending_window_days)),
            ..deletion
        });
        changes.put(Row::Key(Arc::new(key)));
    }
    started
}

fn destroy_due_keys(state: &State, changes: &mut Changes, log_time: Timestamp, keys_max: usize) {
    let due = due_deletions(state, log_time).filter_map(|name| state.key(name));
    for key in due.take(keys_max) {
        destroy(state, changes, key, log_time);
    }
}

fn due_deletions(state: &State, log_time: Timestamp) -> impl Iterator<Item = &KeyName> {
    state.due(log_time).filter_map(|deadline| match deadline {
        Deadline::Deletion(name) => Some(name),
        _ => None,
    })
}

/// Removes every row of the key. A multi-Region key leaves a tombstone, so that no delayed record brings it back.
fn destroy(state: &State, changes: &mut Changes, key: &Key, log_time: Timestamp) {
    let name = key.name;
    changes.remove(RowKey::Key(name));
    for material in state.materials_of(name, 0) {
        changes.remove(RowKey::Material(name, material.material_id));
    }
    for alias in state.aliases_of_key(&name) {
        changes.remove(RowKey::Alias(name.account, alias.clone()));
    }
    for parameters in state.import_parameters_of(name) {
        changes.remove(RowKey::ImportParameters(name, parameters.id));
    }
    changes.remove(RowKey::KeyUsage(name));
    for peer in state.peers() {
        if state.outbox_row(&peer.name, &name.into()).is_some() {
            changes.remove(RowKey::Outbox(peer.name.clone(), name.into()));
        }
    }
    if let Some(tombstone) = tombstone(key, log_time) {
        if let Some(peer) = &tombstone.tell {
            changes.effect(Effect::Ship { peer: peer.clone() });
        }
        changes.put(Row::Tombstone(Arc::new(tombstone)));
    }
    changes.effect(Effect::Evict {
        key: name,
        material: None,
    });
}

/// The recorded primary learns of the end of a replica; the end of a primary concerns nobody, its replicas are gone.
fn tombstone(key: &Key, log_time: Timestamp) -> Option<Tombstone> {
    let multi_region = key.multi_region.as_ref()?;
    let tell: Option<RegionName> = match multi_region.role {
        Role::Replica => Some(multi_region.epoch.region.clone()),
        Role::Primary => None,
    };
    Some(Tombstone {
        key: key.name,
        incarnation: multi_region.incarnation,
        stamp: multi_region.stamp(),
        tell,
        deleted_at: log_time,
    })
}

/// Does what DeleteImportedKeyMaterial does, as far as this copy may: of material that waits, a replica deletes the
/// bytes only, and so does a primary whose role is being moved.
fn delete_expired_materials(state: &State, changes: &mut Changes, log_time: Timestamp) {
    let mut by_key: BTreeMap<KeyName, Vec<MaterialId>> = BTreeMap::new();
    for (key, material) in expired_materials(state, log_time).take(EXPIRIES_PER_PULSE_MAX) {
        by_key.entry(key).or_default().push(material);
    }
    for (key, materials) in by_key {
        delete_materials(state, changes, &key, &materials);
    }
}

fn expired_materials(state: &State, log_time: Timestamp) -> impl Iterator<Item = (KeyName, MaterialId)> {
    state.due(log_time).filter_map(|deadline| match deadline {
        Deadline::MaterialExpiry(key, material) => Some((*key, *material)),
        _ => None,
    })
}

fn drop_expired_import_parameters(state: &State, changes: &mut Changes, log_time: Timestamp) {
    for (key, id) in expired_import_parameters(state, log_time).take(IMPORT_TOKENS_PER_PULSE_MAX) {
        changes.remove(RowKey::ImportParameters(key, id));
    }
}

fn expired_import_parameters(
    state: &State,
    log_time: Timestamp,
) -> impl Iterator<Item = (KeyName, ImportTokenId)> {
    state.due(log_time).filter_map(|deadline| match deadline {
        Deadline::ImportParametersExpiry(key, id) => Some((*key, *id)),
        _ => None,
    })
}

/// Changes nothing: a rotation stays due until its material arrives, so a lost effect is asked for again.
fn ask_for_rotations(state: &State, changes: &mut Changes, log_time: Timestamp) {
    let due = state.due(log_time).filter_map(|deadline| match deadline {
        Deadline::Rotation(name) => Some(*name),
        _ => None,
    });
    for key in due.take(KEYS_PER_PULSE_MAX) {
        changes.effect(Effect::MakeRotationMaterial { key });
    }
}

fn forget_answers(state: &State, changes: &mut Changes, log_time: Timestamp) {
    for answer in expired_answers(state, log_time).take(ANSWERS_PER_PULSE_MAX) {
        changes.remove(answer.clone());
    }
}

/// Answers older than their memory at `log_time`, oldest first.
fn expired_answers(state: &State, log_time: Timestamp) -> impl Iterator<Item = &RowKey> {
    let limit = log_time.0.checked_sub(ANSWER_MEMORY_MS).map(Timestamp);
    limit.into_iter().flat_map(|limit| state.answers_until(limit))
}

impl State {
    /// Whether a Pulse would find something to do, by a node's clock `now`: a waiting period to start, a deadline
    /// reached, work left over from a bounded Pulse, or log time that lags. A clock far ahead only makes its node
    /// propose Pulses in vain, so the proposer asks at most once a second.
    pub fn wants_pulse(&self, now: Timestamp) -> bool {
        if self.region().is_none() {
            return false;
        }
        let log_time = self.log_time();
        self.deletions_to_start().next().is_some()
            || now.since_ms(log_time) >= LOG_TIME_LAG_MS_MAX
            || self.deadline_between(log_time, now)
            || due_deletions(self, log_time).next().is_some()
            || expired_materials(self, log_time).next().is_some()
            || expired_import_parameters(self, log_time).next().is_some()
            || expired_answers(self, log_time).next().is_some()
    }
}
