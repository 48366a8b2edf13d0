//! Judging a record from another region before anything is taken from it. Used twice: by the receiving leader before
//! it opens the materials, and again in apply, where alone it counts.
//!
//! A compromised region must not push keys it does not own, old epochs, or a weaker key under a known id.

use super::links::{holder_may_be_at, is_one_step, links};
use super::record::{
    AcceptOutcome, HandoverProof, RecordStamp, ReplicaCreation, SharedRecord, Shipment, ShipmentBody,
};
use super::role::MultiRegion;
use crate::State;
use crate::commands::rules::{check_description, check_policy, check_tags};
use crate::key::{Key, KeyName};
use crate::limits::{
    HANDOVER_PROOFS_MAX, IMPORTED_MATERIALS_PER_KEY_MAX, KEYS_PER_ACCOUNT_MAX, MATERIALS_PER_SHIPMENT_MAX,
    REPLICAS_PER_KEY_MAX,
};
use crate::rows::{AccountStatus, Region};
use crate::vocabulary::{Incarnation, KeyOrigin, MaterialId, RegionName};
use std::sync::Arc;

/// Reasons in receipts, in characters; longer ones are cut.
const REASON_CHARS_MAX: usize = 256;

/// A record without its materials.
pub(crate) struct RecordView<'a> {
    pub(crate) from: &'a RegionName,
    pub(crate) key: KeyName,
    pub(crate) record: &'a SharedRecord,
    pub(crate) replica_incarnation: Incarnation,
    pub(crate) creation: Option<&'a ReplicaCreation>,
    pub(crate) proofs: &'a [HandoverProof],
}

/// What an acceptable record would do here.
pub(crate) enum Standing {
    /// It is newer than what this copy holds, or the same with material that was missing.
    Continues(Arc<Key>),
    /// It makes the replica.
    Creates,
}

/// A refusal with its reason cut to what a receipt may carry.
pub(crate) fn refused(reason: impl Into<String>) -> AcceptOutcome {
    AcceptOutcome::Refused {
        reason: bounded_reason(&reason.into()),
    }
}

/// The first characters of a reason, at most 256.
pub(crate) fn bounded_reason(reason: &str) -> String {
    reason.chars().take(REASON_CHARS_MAX).collect()
}

/// Whether the shipment is for this region and from the pinned life of a pinned region.
pub(crate) fn check_addresses<M>(
    state: &State,
    region: &Region,
    shipment: &Shipment<M>,
) -> Result<(), AcceptOutcome> {
    let sender = (&shipment.from, shipment.from_incarnation);
    match address_problem(state, region, sender, &shipment.to) {
        Some(problem) => Err(refused(problem)),
        None => Ok(()),
    }
}

/// What is wrong with a message's addresses: it must be for this region and from the pinned life of a pinned region.
pub(crate) fn address_problem(
    state: &State,
    region: &Region,
    (from, from_incarnation): (&RegionName, Incarnation),
    to: &RegionName,
) -> Option<String> {
    if *to != region.name {
        return Some(format!("addressed to {to}, not to {}", region.name));
    }
    let pinned = state
        .peer(from)
        .is_some_and(|peer| peer.incarnation == from_incarnation);
    (!pinned).then(|| format!("region {from} is not pinned in its present life"))
}

/// The record of a shipment, with the parts that do not depend on state checked; `None` for other bodies.
pub(crate) fn record_view<M>(shipment: &Shipment<M>) -> Result<Option<RecordView<'_>>, AcceptOutcome> {
    let ShipmentBody::Record {
        record,
        replica_incarnation,
        materials,
        creation,
        proofs,
        ..
    } = &shipment.body
    else {
        return Ok(None);
    };
    if materials.len() > MATERIALS_PER_SHIPMENT_MAX || proofs.len() > HANDOVER_PROOFS_MAX {
        return Err(refused("the shipment is over its limits"));
    }
    let view = RecordView {
        from: &shipment.from,
        key: shipment.key,
        record,
        replica_incarnation: *replica_incarnation,
        creation: creation.as_ref(),
        proofs,
    };
    check_form(&view, &shipment.to)?;
    Ok(Some(view))
}

/// Holds an addressed, well-formed record against the state.
pub(crate) fn examine(state: &State, view: &RecordView<'_>) -> Result<Standing, AcceptOutcome> {
    match state.key(&view.key) {
        Some(key) => examine_known(state, view, key),
        None => examine_unknown(state, view),
    }
}

fn check_form(view: &RecordView<'_>, to: &RegionName) -> Result<(), AcceptOutcome> {
    let record = view.record;
    if !view.key.key_id.is_multi_region() {
        return Err(refused("the key id is not a multi-Region key's"));
    }
    if record.stamp.epoch.region != *view.from {
        return Err(refused("only the primary's region may ship its record"));
    }
    let names_us = record.replicas.get(to) == Some(&view.replica_incarnation);
    if !names_us || record.replicas.contains_key(view.from) || record.replicas.len() > REPLICAS_PER_KEY_MAX {
        return Err(refused("the record's set of replicas is not well formed"));
    }
    if let Some(next) = &record.handover {
        let step = HandoverProof {
            from: record.stamp.epoch.clone(),
            to: next.clone(),
            signature: Arc::from([]),
        };
        if !is_one_step(&step) || !record.replicas.contains_key(&next.region) {
            return Err(refused("the hand-over does not name a replica at the next epoch"));
        }
    }
    check_import_form(record)?;
    view.creation.map_or(Ok(()), check_creation)
}

/// An imported key rotates to imported material only, and its record names every material that it speaks of.
fn check_import_form(record: &SharedRecord) -> Result<(), AcceptOutcome> {
    let imported = record.origin == KeyOrigin::External;
    let Some(import) = record.import.as_ref().filter(|_| imported) else {
        return match imported || record.import.is_some() {
            true => Err(refused("origin and import of the record do not fit each other")),
            false => Ok(()),
        };
    };
    if import.materials.len() > IMPORTED_MATERIALS_PER_KEY_MAX {
        return Err(refused("the record names more materials than a key may have"));
    }
    let is_named = |id: &MaterialId| import.materials.contains(id);
    let named = import
        .pending
        .iter()
        .chain(&record.current_material)
        .all(is_named);
    let waits_beside_current = import.pending.is_none() || import.pending != record.current_material;
    if !named || !waits_beside_current || record.rotation_automatic || record.pending.is_some() {
        return Err(refused("the record's imported materials are not well formed"));
    }
    Ok(())
}

/// What another region's caller gave is bounded as if it had been given here.
fn check_creation(creation: &ReplicaCreation) -> Result<(), AcceptOutcome> {
    check_description(&creation.description)
        .and_then(|()| check_policy(&creation.policy))
        .and_then(|()| check_tags(&creation.tags))
        .map_err(|error| refused(error.to_string()))
}

fn examine_known(state: &State, view: &RecordView<'_>, key: &Arc<Key>) -> Result<Standing, AcceptOutcome> {
    let Some(multi_region) = &key.multi_region else {
        return Err(refused("the key id is taken by a key that is not multi-Region"));
    };
    let known = multi_region.stamp();
    if view.replica_incarnation != multi_region.incarnation {
        return Err(other_life(state, view, known));
    }
    if view.record.stamp < known {
        return Err(AcceptOutcome::Stale { stamp: known });
    }
    check_owner(view, multi_region)?;
    let unchanged =
        (view.record.spec, view.record.usage, view.record.origin) == (key.spec, key.usage, key.origin);
    if !unchanged {
        return Err(refused("spec, usage and origin of a key never change"));
    }
    Ok(Standing::Continues(Arc::clone(key)))
}

/// The sender speaks of another life of the replica than the one that is here.
fn other_life(state: &State, view: &RecordView<'_>, known: RecordStamp) -> AcceptOutcome {
    if has_ended(state, view) {
        return AcceptOutcome::Gone {
            incarnation: view.replica_incarnation,
        };
    }
    if view.record.stamp <= known {
        return AcceptOutcome::Stale { stamp: known };
    }
    refused("another life of the replica is here")
}

/// Only the recorded primary's region decides, or one to which the role was signed away from there.
fn check_owner(view: &RecordView<'_>, held: &MultiRegion) -> Result<(), AcceptOutcome> {
    let next = &view.record.stamp.epoch;
    if !links(&held.epoch, next, view.proofs) {
        return Err(refused(format!(
            "nothing links epoch {} of {} to epoch {} of {}",
            held.epoch.counter, held.epoch.region, next.counter, next.region
        )));
    }
    let recorded_holder = holder_may_be_at(&held.epoch, next);
    if !recorded_holder && next.counter <= held.epoch_promised {
        return Err(refused(format!("epoch {} is promised", next.counter)));
    }
    Ok(())
}

/// A key that is not here has no owner here: any pinned region may offer a replica of it, in the name of a caller whose
/// right to create keys this region decides: today's one rule is that callers make keys in their own account, while it is active. After a tombstone too, because the primary may have moved since through
/// regions of which nothing is kept here; only another life with a newer record passes.
fn examine_unknown(state: &State, view: &RecordView<'_>) -> Result<Standing, AcceptOutcome> {
    if has_ended(state, view) {
        return Err(AcceptOutcome::Gone {
            incarnation: view.replica_incarnation,
        });
    }
    if let Some(tombstone) = state.tombstone(&view.key)
        && view.record.stamp <= tombstone.stamp
    {
        return Err(AcceptOutcome::Stale {
            stamp: tombstone.stamp.clone(),
        });
    }
    let Some(creation) = view.creation else {
        return Err(refused(
            "the key is not known here and the record does not say how to make it",
        ));
    };
    if creation.principal.account() != view.key.account {
        return Err(refused(format!(
            "{} may not make keys in account {}",
            creation.principal, view.key.account
        )));
    }
    let account = state.account(view.key.account);
    if account.is_some_and(|account| account.status != AccountStatus::Active) {
        return Err(refused(format!(
            "account {} is not active here",
            view.key.account
        )));
    }
    if state.key_count_of(view.key.account) >= KEYS_PER_ACCOUNT_MAX as u64 {
        return Err(refused("the account has as many keys here as it may have"));
    }
    Ok(Standing::Creates)
}

fn has_ended(state: &State, view: &RecordView<'_>) -> bool {
    state
        .tombstone(&view.key)
        .is_some_and(|tombstone| tombstone.incarnation == view.replica_incarnation)
}
