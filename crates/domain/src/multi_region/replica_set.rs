//! Changes of a primary's set of replicas, and the way back from a hand-over that did not happen.

use super::mark_dirty;
use super::role::Role;
use super::rotation::complete_rotation_if_held;
use super::shared_change::shared_change;
use crate::import::report_imports;
use crate::key::{DeletionDeadline, Key, Material};
use crate::rows::{Region, Row, RowKey};
use crate::vocabulary::{Epoch, KeyOrigin, RegionName, Timestamp};
use crate::{Changes, State};
use std::sync::Arc;

/// Takes `gone` out of the replica set of the primary `key` and writes what follows from that: a rotation that waited
/// for it may complete, a hand-over to it is taken back, a deletion that waited for the last replica may start.
/// `time` is shown where a date is.
pub(crate) fn remove_replica(
    state: &State,
    changes: &mut Changes,
    region: &Region,
    held: &Key,
    gone: &RegionName,
    time: Timestamp,
) {
    let mut key = held.clone();
    let name = key.name;
    forget_holdings(state, changes, &key, gone);
    changes.remove(RowKey::Outbox(gone.clone(), name.into()));
    let Some(multi_region) = &mut key.multi_region else {
        return;
    };
    multi_region.replicas.remove(gone);
    let was_target = multi_region.handover.as_ref().is_some_and(|h| h.target == *gone);
    if was_target {
        resume_as_primary(&mut key, region);
    }
    complete_rotation_if_held(state, changes, &mut key, time);
    if !key.has_replicas() {
        start_waiting_period(&mut key, time);
    }
    count_authz_change(held, &mut key);
    shared_change(state, changes, key);
}

/// Raises the `authz` revision, by one whatever changed, when something that state checks read has changed. A log entry
/// raises it once at most: that keeps the revisions of a key's lives apart.
pub(crate) fn count_authz_change(before: &Key, after: &mut Key) {
    let checked = |key: &Key| {
        let copy = key.multi_region.as_ref();
        let handover = copy.and_then(|m| m.handover.clone());
        let import = (key.import.clone(), key.awaits_import());
        (key.deletion, copy.map(|m| (m.role, m.creating)), handover, import)
    };
    if checked(before) != checked(after) {
        after.revisions.authz = before.revisions.authz.saturating_add(1);
    }
}

/// Another life of the peer's replica holds nothing of what this one acknowledged or said it had imported.
pub(crate) fn forget_holdings(state: &State, changes: &mut Changes, key: &Key, peer: &RegionName) {
    for material in state.materials_of(key.name, 0) {
        let mut after: Material = (**material).clone();
        after.held_by.remove(peer);
        if let Some(imported) = &mut after.imported {
            imported.imported_in.remove(peer);
        }
        if after != **material {
            changes.put(Row::Material(Arc::new(after)));
        }
    }
}

/// A restored region counts from an older revision on; what it says is taken up anew.
pub(crate) fn forget_imports_revision(changes: &mut Changes, key: &Key, peer: &RegionName) {
    let mut key = key.clone();
    let replica = key.multi_region.as_mut().and_then(|m| m.replicas.get_mut(peer));
    if let Some(replica) = replica.filter(|replica| replica.imports_revision != 0) {
        replica.imports_revision = 0;
        changes.put(Row::Key(Arc::new(key)));
    }
}

/// Takes back a hand-over whose target will never take it: this region is primary again, two epochs on, because the
/// epoch between is promised to nobody.
pub(crate) fn resume_as_primary(key: &mut Key, region: &Region) {
    let Some(multi_region) = &mut key.multi_region else {
        return;
    };
    let Some(handover) = multi_region.handover.take() else {
        return;
    };
    multi_region.proofs.retain(|proof| proof.to != handover.epoch);
    multi_region.epoch = Epoch {
        counter: multi_region.epoch.counter.saturating_add(2),
        region: region.name.clone(),
        incarnation: region.incarnation,
    };
    multi_region.epoch_promised = multi_region.epoch_promised.max(multi_region.epoch.counter);
}

/// A deletion that waited for replicas waits its own period from the next Pulse on.
pub(crate) fn start_waiting_period(key: &mut Key, time: Timestamp) {
    if let Some(deletion) = &mut key.deletion
        && deletion.deadline == DeletionDeadline::AwaitingReplicas
    {
        deletion.deadline = DeletionDeadline::StartsAtNextPulse;
        deletion.shown_date = Some(time.plus_days(deletion.pending_window_days));
    }
}

/// Makes dirty what `peer` may not have of `key`: the record, if it is a replica of a primary here; which bytes are here,
/// if it is the primary of an imported key.
pub(crate) fn mark_dirty_if_told(state: &State, changes: &mut Changes, key: &Key, peer: &RegionName) {
    let Some(copy) = &key.multi_region else {
        return;
    };
    match copy.role {
        Role::Primary if copy.replicas.contains_key(peer) => {
            mark_dirty(state, changes, peer, key.name.into())
        }
        Role::Replica if key.origin == KeyOrigin::External && copy.epoch.region == *peer => {
            let mut key = key.clone();
            report_imports(state, changes, &mut key);
            changes.put(Row::Key(Arc::new(key)));
        }
        _ => {}
    }
}
