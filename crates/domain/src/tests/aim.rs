//! Fits a random command to the state it meets. Untouched, most messages would fall to the first check; fitted, they
//! come from the right region, at the right epoch, about what is there, and reach what lies behind.

use crate::command::{ImportKeyMaterial, Pulse};
use crate::identity::IdentityId;
use crate::key::Key;
use crate::multi_region::{
    AcceptOutcome, HandoverProof, IdentityOutcome, IdentityReceipt, IdentityRecord, IdentityShipment,
    Receipt, SharedImport, SharedRecord, Shipment, ShipmentBody,
};
use crate::vocabulary::time::DAY_MS;
use crate::vocabulary::{Epoch, ImportType, KeyId, KeyOrigin, MaterialId, RegionName};
use crate::{Command, State};
use std::sync::Arc;

pub(super) fn aim(state: &State, command: &mut Command) {
    match command {
        Command::Pulse(pulse) => aim_pulse(state, pulse),
        Command::UpdatePrimaryRegion(update) => {
            let peer = state.peer(&update.target);
            let held = state.key(&update.key).and_then(|key| key.multi_region.as_ref());
            if let (Some(peer), Some(held)) = (peer, held) {
                update.proof.from = held.epoch.clone();
                update.proof.to = Epoch {
                    counter: held.epoch.counter.saturating_add(1),
                    region: peer.name.clone(),
                    incarnation: peer.incarnation,
                };
            }
        }
        Command::ImportKeyMaterial(import) => aim_import(state, import),
        Command::NoteReceipt(receipt) => aim_receipt(state, receipt),
        Command::AcceptShipment(shipment) => aim_shipment(state, shipment),
        Command::AcceptIdentity(shipment) => aim_identity(state, shipment),
        Command::NoteIdentityReceipt(receipt) => aim_identity_receipt(state, receipt),
        _ => {}
    }
}

/// All nodes read a time up to 100 days on.
fn aim_pulse(state: &State, pulse: &mut Pulse) {
    let leap_ms = pulse.readings.first().map_or(0, |(_, at)| at.0 % (100 * DAY_MS));
    let now = state.log_time().plus_ms(leap_ms);
    pulse.readings = vec![(1, now), (2, now)];
}

/// The token is one of the key's, and what is said to be known is known.
fn aim_import(state: &State, import: &mut ImportKeyMaterial) {
    if let Some(parameters) = state.import_parameters_of(import.key).next() {
        import.token = parameters.id;
    }
    let known: Vec<MaterialId> = state
        .materials_of(import.key, 0)
        .map(|material| material.material_id)
        .collect();
    let choice = usize::from(import.material.material_id.0[0]);
    match import.import_type {
        ImportType::New => import.matched = None,
        ImportType::Existing if known.is_empty() => {}
        ImportType::Existing => {
            let id = known[choice % known.len()];
            import.matched = Some(id);
            import.material.material_id = id;
        }
    }
}

/// The replica answers the very record that is current, and if it says it is complete, it holds everything.
fn aim_receipt(state: &State, receipt: &mut Receipt) {
    let Some(key) = state.key(&receipt.key) else {
        return;
    };
    let Some(held) = &key.multi_region else {
        return;
    };
    if let Some(replica) = held.replicas.get(&receipt.from) {
        receipt.incarnation = replica.incarnation;
    }
    if receipt.stamp.is_some() {
        receipt.stamp = Some(held.stamp());
    }
    if receipt.complete {
        let all = state.materials_of(key.name, 0);
        receipt.materials_held = all.map(|material| material.material_id).collect();
    }
    match &mut receipt.outcome {
        AcceptOutcome::Adopted { stamp } => *stamp = held.stamp(),
        AcceptOutcome::Gone { incarnation } => *incarnation = receipt.incarnation,
        AcceptOutcome::HandoverDeclined { epoch_counter, .. } => {
            if let Some(handover) = &held.handover {
                receipt.from = handover.target.clone();
                *epoch_counter = handover.epoch.counter;
            }
        }
        AcceptOutcome::ImportsNoted { revision } => {
            receipt.from = held.epoch.region.clone();
            (receipt.stamp, receipt.incarnation) = (None, held.incarnation);
            *revision = key.revisions.material;
        }
        _ => {}
    }
}

/// The identity comes from its home, with what never changes of it, for this region.
fn aim_identity<M>(state: &State, shipment: &mut IdentityShipment<M>) {
    if let Some(region) = state.region() {
        shipment.to = region.name.clone();
    }
    let home = match &mut shipment.record {
        IdentityRecord::Account(record) => state.account(record.id).map(|held| {
            record.creation_date = held.creation_date;
            held.home.clone()
        }),
        IdentityRecord::AccessKey(record) => match state.access_key(&record.id) {
            Some(held) => {
                record.principal = held.principal.clone();
                record.creation_date = held.creation_date;
                Some(held.home.clone())
            }
            None => {
                let account = state.account(record.principal.account());
                account.map(|account| account.home.clone())
            }
        },
    };
    if let Some(peer) = home.and_then(|home| state.peer(&home)) {
        shipment.from = peer.name.clone();
        shipment.from_incarnation = peer.incarnation;
    }
}

/// A pinned region answers the revision that is current.
fn aim_identity_receipt(state: &State, receipt: &mut IdentityReceipt) {
    let revision = match receipt.id {
        IdentityId::Account(id) => state.account(id).map(|row| row.revision),
        IdentityId::AccessKey(id) => state.access_key(&id).map(|row| row.revision),
    };
    receipt.revision = revision.unwrap_or(receipt.revision);
    if let IdentityOutcome::Adopted { revision } = &mut receipt.outcome {
        *revision = receipt.revision;
    }
    if let Some(peer) = state.peer(&receipt.from) {
        receipt.from_incarnation = peer.incarnation;
    }
}

fn aim_shipment<M>(state: &State, shipment: &mut Shipment<M>) {
    shipment.key.key_id = KeyId::multi_region(shipment.key.key_id.bytes);
    let key = state.key(&shipment.key);
    let held = key.and_then(|key| key.multi_region.as_ref());
    let holder = held.map(|held| {
        held.handover
            .as_ref()
            .map_or(&held.epoch, |handover| &handover.epoch)
    });
    let from = holder.map_or_else(|| shipment.from.clone(), |epoch| epoch.region.clone());
    if let Some(peer) = state.peer(&from) {
        shipment.from = from;
        shipment.from_incarnation = peer.incarnation;
    }
    let (from, to) = (shipment.from.clone(), shipment.to.clone());
    match &mut shipment.body {
        ShipmentBody::ReplicaGone { incarnation } => {
            if let Some(replica) = held.and_then(|held| held.replicas.get(&from)) {
                *incarnation = replica.incarnation;
            }
        }
        ShipmentBody::MaterialsImported { incarnation, .. } => {
            let replicas = held.iter().flat_map(|held| &held.replicas);
            if let Some((name, replica)) = replicas.into_iter().next() {
                shipment.from = name.clone();
                *incarnation = replica.incarnation;
            }
        }
        ShipmentBody::Record {
            record,
            replica_incarnation,
            proofs,
            ..
        } => {
            if let Some(held) = held {
                *replica_incarnation = held.incarnation;
            }
            record.replicas.remove(&from);
            record.replicas.insert(to.clone(), *replica_incarnation);
            aim_record(key.map(AsRef::as_ref), record, &from, &to);
            aim_record_import(state, key.map(AsRef::as_ref), record);
            proofs.extend(held.iter().flat_map(|held| held.proofs.clone()));
            proofs.extend(record.handover.iter().map(|next| HandoverProof {
                from: record.stamp.epoch.clone(),
                to: next.clone(),
                signature: Arc::from([0; 64]),
            }));
        }
    }
}

/// The record is the next one of the holder that is known here, or the first of the one it hands over to; a hand-over
/// in it is to this region.
fn aim_record(key: Option<&Key>, record: &mut SharedRecord, from: &RegionName, to: &RegionName) {
    record.stamp.epoch.region = from.clone();
    if let Some(held) = key.and_then(|key| key.multi_region.as_ref()) {
        let step = record.stamp.shared_revision % 3;
        record.stamp = held.stamp();
        record.stamp.shared_revision = record.stamp.shared_revision.saturating_add(step);
        if let Some(handover) = &held.handover {
            record.stamp.epoch = handover.epoch.clone();
        }
    }
    if let Some(next) = &mut record.handover {
        next.region = to.clone();
        next.counter = record.stamp.epoch.counter.saturating_add(1);
    }
}

/// The record is of a key of that kind, and names what there is of it beside what it brings.
fn aim_record_import(state: &State, key: Option<&Key>, record: &mut SharedRecord) {
    if let Some(key) = key {
        (record.spec, record.usage, record.origin) = (key.spec, key.usage, key.origin);
        if key.origin == KeyOrigin::External {
            let import = record.import.get_or_insert_with(SharedImport::default);
            let drops = record.stamp.shared_revision % 2 == 1;
            let known = state.materials_of(key.name, 0).map(|m| m.material_id);
            let kept = known.filter(|id| !drops || key.imported_pending() != Some(*id));
            import.materials.extend(kept);
        } else {
            record.import = None;
        }
    }
    if let Some(import) = &mut record.import {
        (record.rotation_automatic, record.pending) = (false, None);
        import.pending = import.pending.filter(|id| record.current_material != Some(*id));
        import.materials.extend(import.pending);
        import.materials.extend(record.current_material);
    }
}
