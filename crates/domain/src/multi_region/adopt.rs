//! Taking over a record that was found acceptable: making the replica, following the primary, leaving the primary
//! role, or taking it.

use super::examine::{RecordView, bounded_reason, refused};
use super::record::{AcceptOutcome, MaterialInRecord, RecordStamp, SharedRecord};
use super::replica_set::{count_authz_change, start_waiting_period};
use super::role::{MultiRegion, Replica, ReplicaPhase, Role, Tombstone};
use super::rotation::material_after;
use super::shared_change::shared_change;
use crate::commands::rules::check_text_bytes;
use crate::import::{remove_material, report_imports};
use crate::key::{Import, Imported, Key, KeyName, Material, Revisions, Rotation, WrappedMaterial};
use crate::rows::{Region, Row, RowKey};
use crate::vocabulary::{Epoch, Incarnation, KeyOrigin, MaterialId, RegionName, Timestamp};
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
    if let Some(missing) = missing_material(state, view, cargo) {
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
        import: (record.origin == KeyOrigin::External).then(Import::default),
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
    add_materials(state, changes, &mut key, cargo, view);
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
    if let Some(missing) = missing_material(state, view, cargo) {
        return await_material(state, changes, held, view, cargo, &missing);
    }
    let mut key = held.clone();
    add_materials(state, changes, &mut key, cargo, view);
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
    if let Some(missing) = missing_material(state, view, cargo) {
        return await_material(state, changes, held, view, cargo, &missing);
    }
    let mut key = held.clone();
    add_materials(state, changes, &mut key, cargo, view);
    // The role may come back to where it has not yet been seen to have left.
    leave_primary_role(changes, &mut key, cargo.time);
    follow(state, changes, &mut key, view.record, cargo.complete);
    if let Some(multi_region) = &mut key.multi_region {
        multi_region.epoch_promised = multi_region.epoch_promised.max(epoch.counter);
    }
    let decline = decline.or(key.awaits_import().then_some("the replica is pending import"));
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

/// Adds what is not here yet. A material under an id that is here is left as it is, whatever it brings. Of an imported
/// key commitments arrive, and only those that the record names are taken: one that it does not name was deleted.
fn add_materials(
    state: &State,
    changes: &mut Changes,
    key: &mut Key,
    cargo: &Cargo<'_>,
    view: &RecordView<'_>,
) {
    for brought in cargo.materials {
        let import = view.record.import.as_ref();
        let is_deleted = import.is_some_and(|import| !import.materials.contains(&brought.material_id));
        if is_deleted || material_after(state, changes, &key.name, &brought.material_id).is_some() {
            continue;
        }
        let (wrapped, imported) = match key.origin {
            KeyOrigin::External => (None, Some(only_committed(&brought.material))),
            _ => (Some(brought.material.clone()), None),
        };
        changes.put(Row::Material(Arc::new(Material {
            key: key.name,
            material_id: brought.material_id,
            sequence: key.next_material_sequence,
            wrapped,
            revision: 0,
            rotation_date: brought.rotation_date,
            rotation_kind: brought.rotation_kind,
            held_by: BTreeSet::from([view.from.clone()]),
            imported,
        })));
        key.next_material_sequence = key.next_material_sequence.saturating_add(1);
        key.revisions.material = key.revisions.material.saturating_add(1);
    }
}

/// Material whose bytes nobody has imported here yet.
fn only_committed(commitment: &WrappedMaterial) -> Imported {
    Imported {
        commitment: commitment.clone(),
        expires: None,
        description: String::new(),
        imported_in: BTreeSet::new(),
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
    let bytes_went = follow_import(state, changes, key, record);
    let Some(multi_region) = &mut key.multi_region else {
        return;
    };
    let stops_creating = multi_region.creating && complete;
    let tells_another = multi_region.epoch != record.stamp.epoch;
    if tells_another && multi_region.epoch.region != record.stamp.epoch.region {
        changes.remove(RowKey::Outbox(multi_region.epoch.region.clone(), key.name.into()));
    }
    multi_region.creating &= !complete;
    multi_region.epoch = record.stamp.epoch.clone();
    multi_region.shared_revision = record.stamp.shared_revision;
    multi_region.epoch_promised = multi_region.epoch_promised.max(record.stamp.epoch.counter);
    multi_region.replicas = standing_of(record.replicas.iter().map(|(name, life)| (name, *life)));
    if bytes_went || stops_creating || tells_another {
        report_imports(state, changes, key);
    }
}

/// Drops the imported material that waited here if the record does not name it any more, and sees anew which lack their
/// bytes: the one that waited may be current now. Says whether bytes that were here are gone. Every other material was
/// current once: no record takes it away.
fn follow_import(state: &State, changes: &mut Changes, key: &mut Key, record: &SharedRecord) -> bool {
    let Some(import) = &record.import else {
        return false;
    };
    let waited = key.imported_pending().filter(|id| !import.materials.contains(id));
    let dropped = waited.and_then(|id| state.material(&key.name, &id));
    if let Some(material) = dropped {
        remove_material(changes, material);
    }
    let bytes_went = dropped.is_some_and(|material| material.wrapped.is_some());
    let lacks_bytes = |id: &&MaterialId| {
        let material = material_after(state, changes, &key.name, id);
        Some(**id) != import.pending && material.is_some_and(|m| m.wrapped.is_none())
    };
    let here: Vec<MaterialId> = state.materials_of(key.name, 0).map(|m| m.material_id).collect();
    let absent = import
        .materials
        .iter()
        .chain(&here)
        .filter(lacks_bytes)
        .copied()
        .collect();
    key.import = Some(Import {
        pending: import.pending,
        absent,
    });
    bytes_went
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
        changes.remove(RowKey::Outbox(peer.clone(), key.name.into()));
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
                imports_revision: 0,
            };
            (name.clone(), replica)
        })
        .collect()
}

/// What other replicas hold was told to the old primary, not to this region; it is asked anew. Which imported bytes the
/// old primary has, it will say as a replica.
fn only_old_primary_is_known_to_hold(state: &State, changes: &mut Changes, key: &Key, old: &RegionName) {
    let known = BTreeSet::from([old.clone()]);
    let ids: Vec<MaterialId> = state
        .materials_of(key.name, 0)
        .map(|material| material.material_id)
        .collect();
    for id in ids {
        let Some(material) = material_after(state, changes, &key.name, &id) else {
            continue;
        };
        let mut after = Material {
            held_by: known.clone(),
            ..(*material).clone()
        };
        if let Some(imported) = &mut after.imported {
            imported.imported_in.clear();
        }
        if after != *material {
            changes.put(Row::Material(Arc::new(after)));
        }
    }
}

fn required_materials(record: &SharedRecord) -> impl Iterator<Item = MaterialId> + use<> {
    let pending = record.pending.as_ref().map(|pending| pending.material_id);
    // Of an imported key all are needed: what lacks its bytes decides whether the key may be used.
    let imported = record.import.as_ref().map(|import| import.materials.clone());
    let imported = imported.into_iter().flatten();
    record.current_material.into_iter().chain(pending).chain(imported)
}

/// A material that the record cannot be followed without, and that is neither here nor brought.
fn missing_material(state: &State, view: &RecordView<'_>, cargo: &Cargo<'_>) -> Option<MaterialId> {
    let brings = |id: &MaterialId| cargo.materials.iter().any(|m| m.material_id == *id);
    let is_here = |id: &MaterialId| state.material(&view.key, id).is_some();
    required_materials(view.record).find(|id| !is_here(id) && !brings(id))
}

/// Refuses the record until `missing` has come. Materials only grow: what did arrive is kept, but for commitments, which
/// say nothing without the record that names them.
fn await_material(
    state: &State,
    changes: &mut Changes,
    held: &Key,
    view: &RecordView<'_>,
    cargo: &Cargo<'_>,
    missing: &MaterialId,
) -> AcceptOutcome {
    if held.origin != KeyOrigin::External {
        let mut key = held.clone();
        add_materials(state, changes, &mut key, cargo, view);
        if key != *held {
            changes.put(Row::Key(Arc::new(key)));
        }
    }
    refused(format!("material {missing} has not arrived"))
}
