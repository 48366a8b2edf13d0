//! Taking over a record that was found acceptable: making the replica, following the primary, leaving the primary
//! role, or taking it.

use super::examine::{RecordView, bounded_reason, refused};
use super::record::{AcceptOutcome, MaterialInRecord, RecordStamp, SharedRecord};
use super::replica_set::{count_authz_change, start_waiting_period};
use super::role::{MultiRegion, Replica, ReplicaPhase, Role, Tombstone};
use super::rotation::material_after;
use super::shared_change::shared_change;
use crate::commands::rules::check_text_bytes;
use crate::key::{Key, KeyName, Material, Revisions, Rotation, WrappedMaterial};
use crate::rows::{Region, Row, RowKey};
use crate::vocabulary::{Epoch, Incarnation, MaterialId, RegionName, Timestamp};
use crate::{Changes, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What travels with a record.
pub(crate) struct Cargo<'a> {
    /// Materials, wrapped by this region.
    pub(crate) materials: &'a [MaterialInRecord<WrappedMaterial>],
    /// Nothing beyond them is missing here.
    pub(crate) complete: bool,
    /// The proposer's clock, shown where a date is.
    pub(crate) time: Timestamp,
}

/// Makes the replica that the record speaks of.
pub(crate) fn create_replica(
    state: &State,
    view: &RecordView<'_>,
    cargo: &Cargo<'_>,
    changes: &mut Changes,
) -> AcceptOutcome {
    let Some(creation) = view.creation else {
        return refused("the record does not say how to make the replica");
    };
    let brings = |id: &MaterialId| cargo.materials.iter().any(|m| m.material_id == *id);
    if let Some(missing) = required_materials(view.record).find(|id| !brings(id)) {
        return refused(format!("material {missing} has not arrived"));
    }
    let record = view.record;
    let mut key = Key {
        name: view.key,
        spec: record.spec,
        usage: record.usage,
        origin: record.origin,
        creation_date: record.creation_date,
        description: creation.description.clone(),
        policy: creation.policy.clone(),
        tags: creation.tags.clone(),
        enabled: true,
        deletion: None,
        rotation: Rotation::default(),
        current_material: None,
        next_material_sequence: 0,
        multi_region: Some(MultiRegion {
            role: Role::Replica,
            epoch: record.stamp.epoch.clone(),
            shared_revision: record.stamp.shared_revision,
            epoch_promised: record.stamp.epoch.counter,
            incarnation: view.replica_incarnation,
            replicas: BTreeMap::new(),
            creating: true,
            handover: None,
            proofs: Vec::new(),
        }),
        revisions: Revisions::default(),
    };
    if let Err(error) = check_text_bytes(&key) {
        return refused(error.to_string());
    }
    add_materials(state, changes, &mut key, cargo, view.from);
    follow(state, changes, &mut key, record, cargo.complete);
    if let Some(tombstone) = state.tombstone(&view.key) {
        // Whoever ships a new life has learned of the end of the earlier one.
        changes.put(Row::Tombstone(Arc::new(Tombstone {
            tell: None,
            ..(**tombstone).clone()
        })));
    }
    changes.put(Row::Key(Arc::new(key)));
    AcceptOutcome::Adopted {
        stamp: record.stamp.clone(),
    }
}

/// Follows the record on the copy that is here, and leaves the primary role if this copy had it.
pub(crate) fn follow_record(
    state: &State,
    view: &RecordView<'_>,
    cargo: &Cargo<'_>,
    held: &Key,
    changes: &mut Changes,
) -> AcceptOutcome {
    let mut key = held.clone();
    add_materials(state, changes, &mut key, cargo, view.from);
    if let Some(missing) = missing_material(state, changes, view) {
        // Materials only grow: what did arrive is kept although the record must wait.
        if key != *held {
            changes.put(Row::Key(Arc::new(key)));
        }
        return refused(format!("material {missing} has not arrived"));
    }
    leave_primary_role(changes, &mut key, cargo.time);
    follow(state, changes, &mut key, view.record, cargo.complete);
    count_authz_change(held, &mut key);
    if key != *held {
        changes.put(Row::Key(Arc::new(key)));
    }
    AcceptOutcome::Adopted {
        stamp: view.record.stamp.clone(),
    }
}

/// Takes the primary role that the record hands to this region at `epoch`, or declines it for good.
///
/// Either way the record itself is followed first. A promise above an epoch that was not followed would shut out its
/// holder, whose answer may be lost and who must be able to ask again. The shared revision goes on counting from the
/// record's, so that it never goes back in a key's life.
pub(crate) fn take_over(
    state: &State,
    region: &Region,
    view: &RecordView<'_>,
    cargo: &Cargo<'_>,
    held: &Key,
    epoch: &Epoch,
    changes: &mut Changes,
) -> AcceptOutcome {
    let decline = held
        .multi_region
        .as_ref()
        .and_then(|copy| reason_to_decline(region, held, copy, epoch));
    let signed = view
        .proofs
        .last()
        .is_some_and(|proof| proof.from == view.record.stamp.epoch && proof.to == *epoch);
    if decline.is_none() && !(signed && cargo.complete) {
        return refused("the hand-over lacks its proof or a material");
    }
    let mut key = held.clone();
    add_materials(state, changes, &mut key, cargo, view.from);
    if let Some(missing) = missing_material(state, changes, view) {
        if key != *held {
            changes.put(Row::Key(Arc::new(key)));
        }
        return refused(format!("material {missing} has not arrived"));
    }
    // The role may come back to where it has not yet been seen to have left.
    leave_primary_role(changes, &mut key, cargo.time);
    follow(state, changes, &mut key, view.record, cargo.complete);
    if let Some(multi_region) = &mut key.multi_region {
        multi_region.epoch_promised = multi_region.epoch_promised.max(epoch.counter);
    }
    if let Some(reason) = decline {
        count_authz_change(held, &mut key);
        if key != *held {
            changes.put(Row::Key(Arc::new(key)));
        }
        return AcceptOutcome::HandoverDeclined {
            epoch_counter: epoch.counter,
            reason: bounded_reason(reason),
        };
    }
    become_primary(&mut key, view, region, epoch);
    count_authz_change(held, &mut key);
    only_old_primary_is_known_to_hold(state, changes, &key, view.from);
    shared_change(state, changes, key);
    AcceptOutcome::Adopted {
        stamp: RecordStamp {
            epoch: epoch.clone(),
            shared_revision: view.record.stamp.shared_revision.saturating_add(1),
        },
    }
}

fn reason_to_decline(region: &Region, key: &Key, held: &MultiRegion, epoch: &Epoch) -> Option<&'static str> {
    if region.fenced {
        return Some("the region is fenced");
    }
    if epoch.incarnation != region.incarnation {
        return Some("the hand-over names an earlier life of this region");
    }
    if epoch.counter <= held.epoch_promised {
        return Some("the epoch is promised");
    }
    if held.creating {
        return Some("the replica is creating");
    }
    if key.deletion.is_some() {
        return Some("the replica is pending deletion");
    }
    if !key.enabled {
        return Some("the replica is disabled");
    }
    None
}

fn become_primary(key: &mut Key, view: &RecordView<'_>, region: &Region, epoch: &Epoch) {
    let Some(multi_region) = &mut key.multi_region else {
        return;
    };
    let mut lives: BTreeMap<&RegionName, Incarnation> = view
        .record
        .replicas
        .iter()
        .filter(|(name, _)| **name != region.name)
        .map(|(name, incarnation)| (name, *incarnation))
        .collect();
    lives.insert(view.from, view.record.primary_incarnation);
    multi_region.role = Role::Primary;
    multi_region.epoch = epoch.clone();
    multi_region.replicas = standing_of(lives);
    multi_region.proofs = view.proofs.to_vec();
}

/// Adds what is not here yet. A material under an id that is here is left as it is, whatever it brings.
fn add_materials(state: &State, changes: &mut Changes, key: &mut Key, cargo: &Cargo<'_>, from: &RegionName) {
    for brought in cargo.materials {
        if material_after(state, changes, &key.name, &brought.material_id).is_some() {
            continue;
        }
        changes.put(Row::Material(Arc::new(Material {
            key: key.name,
            material_id: brought.material_id,
            sequence: key.next_material_sequence,
            wrapped: brought.material.clone(),
            revision: 0,
            rotation_date: brought.rotation_date,
            rotation_kind: brought.rotation_kind,
            held_by: BTreeSet::from([from.clone()]),
        })));
        key.next_material_sequence = key.next_material_sequence.saturating_add(1);
        key.revisions.material = key.revisions.material.saturating_add(1);
    }
}

/// Sets everything shared to the record's, and the copy's standing to that of a replica.
fn follow(state: &State, changes: &mut Changes, key: &mut Key, record: &SharedRecord, complete: bool) {
    let rotation = Rotation {
        automatic: record.rotation_automatic,
        period_days: record.rotation_period_days,
        next_date: record.rotation_next_date,
        on_demand_count: record.on_demand_count,
        pending: record.pending.clone(),
    };
    if key.rotation != rotation || key.current_material != record.current_material {
        key.revisions.material = key.revisions.material.saturating_add(1);
    }
    key.rotation = rotation;
    key.current_material = record.current_material;
    date_current_material(state, changes, &key.name, record);
    let Some(multi_region) = &mut key.multi_region else {
        return;
    };
    multi_region.creating &= !complete;
    multi_region.epoch = record.stamp.epoch.clone();
    multi_region.shared_revision = record.stamp.shared_revision;
    multi_region.epoch_promised = multi_region.epoch_promised.max(record.stamp.epoch.counter);
    multi_region.replicas = standing_of(record.replicas.iter().map(|(name, life)| (name, *life)));
}

/// The current material may have arrived before it was current.
fn date_current_material(state: &State, changes: &mut Changes, key: &KeyName, record: &SharedRecord) {
    let Some(current) = record
        .current_material
        .and_then(|id| material_after(state, changes, key, &id))
    else {
        return;
    };
    let dated = Material {
        rotation_date: record.current_rotation_date,
        rotation_kind: record.current_rotation_kind,
        ..(*current).clone()
    };
    if dated != *current {
        changes.put(Row::Material(Arc::new(dated)));
    }
}

fn leave_primary_role(changes: &mut Changes, key: &mut Key, time: Timestamp) {
    let Some(multi_region) = &mut key.multi_region else {
        return;
    };
    if multi_region.role == Role::Replica {
        return;
    }
    for peer in multi_region.replicas.keys() {
        changes.remove(RowKey::Outbox(peer.clone(), key.name));
    }
    multi_region.role = Role::Replica;
    multi_region.handover = None;
    multi_region.proofs.clear();
    start_waiting_period(key, time);
}

/// The replicas as a copy knows them that has not heard from any. A hand-over waits until all are Active, so they are.
fn standing_of<'a>(
    lives: impl IntoIterator<Item = (&'a RegionName, Incarnation)>,
) -> BTreeMap<RegionName, Replica> {
    lives
        .into_iter()
        .map(|(name, incarnation)| {
            let replica = Replica {
                incarnation,
                phase: ReplicaPhase::Active,
                acknowledged: None,
                creation: None,
            };
            (name.clone(), replica)
        })
        .collect()
}

/// What other replicas hold was told to the old primary, not to this region; it is asked anew.
fn only_old_primary_is_known_to_hold(state: &State, changes: &mut Changes, key: &Key, old: &RegionName) {
    let known = BTreeSet::from([old.clone()]);
    let ids: Vec<MaterialId> = state
        .materials_of(key.name, 0)
        .map(|material| material.material_id)
        .collect();
    for id in ids {
        let material = material_after(state, changes, &key.name, &id);
        if let Some(material) = material.filter(|m| m.held_by != known) {
            changes.put(Row::Material(Arc::new(Material {
                held_by: known.clone(),
                ..(*material).clone()
            })));
        }
    }
}

fn required_materials(record: &SharedRecord) -> impl Iterator<Item = MaterialId> + use<> {
    let pending = record.pending.as_ref().map(|pending| pending.material_id);
    record.current_material.into_iter().chain(pending)
}

fn missing_material(state: &State, changes: &Changes, view: &RecordView<'_>) -> Option<MaterialId> {
    required_materials(view.record).find(|id| material_after(state, changes, &view.key, id).is_none())
}
