//! What a peer said to a record shipped to it. A receipt has effect only for the life of the replica that it names,
//! and moves the state on only as far as what it acknowledges is still what is current.

use super::{Outcome, current_region};
use crate::key::{Key, Material};
use crate::multi_region::{
    AcceptOutcome, Receipt, RecordId, RecordStamp, ReplicaPhase, Role, bounded_reason,
    complete_rotation_if_held, count_authz_change, material_after, remove_replica, resume_as_primary,
    shared_change,
};
use crate::rows::{OutboxRow, Refusal, Region, Row, RowKey};
use crate::vocabulary::RegionName;
use crate::{Changes, Effect, KmsError, Proposal, Reply, State};
use std::sync::Arc;

/// First back-off after a refusal, in milliseconds of log time; it doubles with each refusal in a row.
const BACK_OFF_FIRST_MS: u64 = 1_000;
/// Longest back-off, in milliseconds of log time.
const BACK_OFF_MAX_MS: u64 = 300_000;

/// Says what the command changes.
pub(crate) fn handle(state: &State, proposal: &Proposal, receipt: &Receipt) -> Outcome {
    let region = current_region(state)?;
    if state.peer(&receipt.from).is_none() {
        return Err(KmsError::RegionNotPaired(receipt.from.clone()));
    }
    let mut changes = Changes::none();
    match &receipt.stamp {
        None => {
            note_end_told(state, region, receipt, &mut changes);
            note_imports_told(state, receipt, &mut changes);
        }
        Some(stamp) => note_answer(state, region, proposal, receipt, stamp, &mut changes),
    }
    let settled = match changes.pending(&RowKey::Outbox(receipt.from.clone(), receipt.key.into())) {
        Some(row) => row.is_none(),
        None => state.outbox_row(&receipt.from, &receipt.key.into()).is_none(),
    };
    if !settled {
        changes.effect(Effect::Ship {
            peer: receipt.from.clone(),
        });
    }
    Ok((Reply::AcknowledgementNoted { settled }, changes))
}

/// The recorded primary has been told that a replica's life ended here, or knows who is primary now.
fn note_end_told(state: &State, region: &Region, receipt: &Receipt, changes: &mut Changes) {
    let Some(tombstone) = state
        .tombstone(&receipt.key)
        .filter(|t| t.tell.as_ref() == Some(&receipt.from) && t.incarnation == receipt.incarnation)
    else {
        return;
    };
    let mut tombstone = (**tombstone).clone();
    match &receipt.outcome {
        AcceptOutcome::GoneNoted => tombstone.tell = None,
        AcceptOutcome::NotPrimary { primary } if *primary != region.name && state.peer(primary).is_some() => {
            changes.effect(Effect::Ship {
                peer: primary.clone(),
            });
            tombstone.tell = Some(primary.clone());
        }
        _ => return,
    }
    changes.put(Row::Tombstone(Arc::new(tombstone)));
}

/// The recorded primary has been told which imported bytes are here, or does not take it now.
fn note_imports_told(state: &State, receipt: &Receipt, changes: &mut Changes) {
    let Some(key) = state.key(&receipt.key) else {
        return;
    };
    let tells = key.multi_region.as_ref().is_some_and(|m| {
        m.role == Role::Replica && m.epoch.region == receipt.from && m.incarnation == receipt.incarnation
    });
    if !tells {
        return;
    }
    match &receipt.outcome {
        AcceptOutcome::ImportsNoted { revision } if *revision == key.revisions.material => {
            changes.remove(RowKey::Outbox(receipt.from.clone(), key.name.into()));
        }
        AcceptOutcome::Refused { reason } => {
            push_back(state, &receipt.from, &key.name.into(), reason, changes);
        }
        AcceptOutcome::NotPrimary { primary } => {
            let reason = format!("{primary} is the primary there");
            push_back(state, &receipt.from, &key.name.into(), &reason, changes);
        }
        _ => {}
    }
}

fn note_answer(
    state: &State,
    region: &Region,
    proposal: &Proposal,
    receipt: &Receipt,
    stamp: &RecordStamp,
    changes: &mut Changes,
) {
    let Some(key) = state
        .key(&receipt.key)
        .filter(|key| concerns_replica(key, receipt))
    else {
        return;
    };
    let is_current = key.multi_region.as_ref().is_some_and(|m| m.stamp() == *stamp);
    match &receipt.outcome {
        AcceptOutcome::Gone { incarnation } if *incarnation == receipt.incarnation => {
            remove_replica(state, changes, region, key, &receipt.from, proposal.time);
        }
        AcceptOutcome::HandoverDeclined { epoch_counter, .. } => {
            take_back_handover(state, region, receipt, *epoch_counter, key, changes);
        }
        AcceptOutcome::Refused { reason } if is_current => {
            push_back(state, &receipt.from, &key.name.into(), reason, changes);
        }
        AcceptOutcome::Adopted { stamp: held } => {
            note_holding(
                state,
                proposal,
                receipt,
                Some(held),
                is_current,
                (**key).clone(),
                changes,
            );
        }
        AcceptOutcome::Stale { .. } => {
            note_holding(
                state,
                proposal,
                receipt,
                None,
                is_current,
                (**key).clone(),
                changes,
            );
        }
        _ => {}
    }
}

/// Only a primary ships records, and only the life it knows may answer for the replica.
fn concerns_replica(key: &Key, receipt: &Receipt) -> bool {
    key.multi_region
        .as_ref()
        .filter(|m| m.role == Role::Primary)
        .and_then(|m| m.replicas.get(&receipt.from))
        .is_some_and(|replica| replica.incarnation == receipt.incarnation)
}

fn take_back_handover(
    state: &State,
    region: &Region,
    receipt: &Receipt,
    epoch_counter: u64,
    held: &Key,
    changes: &mut Changes,
) {
    let is_ours = held
        .multi_region
        .as_ref()
        .and_then(|m| m.handover.as_ref())
        .is_some_and(|h| h.target == receipt.from && h.epoch.counter == epoch_counter);
    if is_ours {
        let mut key = held.clone();
        resume_as_primary(&mut key, region);
        count_authz_change(held, &mut key);
        shared_change(state, changes, key);
    }
}

/// Notes the materials that the replica holds, and whether it is current. `adopted` is the record it holds now, if it
/// took the one that is answered.
fn note_holding(
    state: &State,
    proposal: &Proposal,
    receipt: &Receipt,
    adopted: Option<&RecordStamp>,
    is_current: bool,
    mut key: Key,
    changes: &mut Changes,
) {
    let progressed = note_materials_held(state, receipt, changes);
    let took_it = adopted.is_some() && adopted == receipt.stamp.as_ref();
    if took_it {
        note_acknowledged(&mut key, &receipt.from, receipt.stamp.as_ref());
    }
    let settled = is_current && took_it && receipt.complete && holds_all(state, changes, &key, &receipt.from);
    if settled {
        changes.remove(RowKey::Outbox(receipt.from.clone(), key.name.into()));
        settle(&mut key, &receipt.from);
    } else if is_current && !progressed {
        push_back(
            state,
            &receipt.from,
            &key.name.into(),
            "the region holds another record, or lacks material",
            changes,
        );
    }
    if complete_rotation_if_held(state, changes, &mut key, proposal.time) {
        shared_change(state, changes, key);
    } else {
        changes.put(Row::Key(Arc::new(key)));
    }
}

fn note_materials_held(state: &State, receipt: &Receipt, changes: &mut Changes) -> bool {
    let mut progressed = false;
    for id in &receipt.materials_held {
        let newly = state
            .material(&receipt.key, id)
            .filter(|material| !material.held_by.contains(&receipt.from));
        if let Some(material) = newly {
            let mut material: Material = (**material).clone();
            material.held_by.insert(receipt.from.clone());
            changes.put(Row::Material(Arc::new(material)));
            progressed = true;
        }
    }
    progressed
}

fn holds_all(state: &State, changes: &Changes, key: &Key, peer: &RegionName) -> bool {
    state.materials_of(key.name, 0).all(|material| {
        material_after(state, changes, &key.name, &material.material_id)
            .is_some_and(|material| material.held_by.contains(peer))
    })
}

/// Proofs are needed no longer once every replica has acknowledged a record of this epoch.
fn note_acknowledged(key: &mut Key, peer: &RegionName, stamp: Option<&RecordStamp>) {
    let Some(multi_region) = &mut key.multi_region else {
        return;
    };
    if let Some(replica) = multi_region.replicas.get_mut(peer) {
        replica.acknowledged = replica.acknowledged.take().max(stamp.cloned());
    }
    let epoch = &multi_region.epoch;
    let all_know_epoch = multi_region
        .replicas
        .values()
        .all(|replica| replica.acknowledged.as_ref().is_some_and(|s| s.epoch == *epoch));
    if all_know_epoch && multi_region.handover.is_none() {
        multi_region.proofs.clear();
    }
}

fn settle(key: &mut Key, peer: &RegionName) {
    let replica = key.multi_region.as_mut().and_then(|m| m.replicas.get_mut(peer));
    if let Some(replica) = replica {
        replica.phase = ReplicaPhase::Active;
        replica.creation = None;
    }
}

/// A refusal is a state with a back-off, not a loss: the row stays dirty.
pub(super) fn push_back(
    state: &State,
    peer: &RegionName,
    record: &RecordId,
    reason: &str,
    changes: &mut Changes,
) {
    let Some(row) = state.outbox_row(peer, record) else {
        return;
    };
    let count = row.refusal.as_ref().map_or(0, |r| r.count).saturating_add(1);
    let doublings = count.saturating_sub(1).min(16);
    let back_off_ms = (BACK_OFF_FIRST_MS << doublings).min(BACK_OFF_MAX_MS);
    changes.put(Row::Outbox(Arc::new(OutboxRow {
        refusal: Some(Refusal {
            reason: bounded_reason(reason),
            count,
            retry_after: state.log_time().plus_ms(back_off_ms),
        }),
        ..(**row).clone()
    })));
}
