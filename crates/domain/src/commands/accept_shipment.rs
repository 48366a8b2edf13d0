//! A record from another region.
//!
//! Refusals are answers, not errors: the sender is told, and `epoch_promised` may move with them.

use super::{Outcome, current_region, replace_key};
use crate::key::{Key, WrappedMaterial};
use crate::limits::IMPORTED_MATERIALS_PER_KEY_MAX;
use crate::multi_region::{
    AcceptOutcome, Cargo, MaterialInRecord, MultiRegion, Role, Shipment, ShipmentBody, Standing,
    check_addresses, create_replica, examine, follow_record, record_view, refused, remove_replica, take_over,
};
use crate::rows::{Region, Row};
use crate::vocabulary::{Incarnation, KeyOrigin, MaterialId, RegionName, Timestamp};
use crate::{Changes, KmsError, Proposal, Reply, State};
use std::sync::Arc;

/// Says what the command changes.
pub(crate) fn handle(state: &State, proposal: &Proposal, shipment: &Shipment<WrappedMaterial>) -> Outcome {
    let region = current_region(state)?;
    check_wrapping(region, shipment)?;
    let mut changes = Changes::none();
    let outcome = match check_addresses(state, region, shipment) {
        Err(refusal) => refusal,
        Ok(()) => match &shipment.body {
            ShipmentBody::ReplicaGone { incarnation } => {
                note_replica_gone(state, region, shipment, *incarnation, proposal.time, &mut changes)
            }
            ShipmentBody::MaterialsImported {
                incarnation,
                revision,
                materials,
            } => {
                let word = ImportsWord {
                    incarnation: *incarnation,
                    revision: *revision,
                    materials,
                };
                note_imports(state, shipment, &word, &mut changes)
            }
            ShipmentBody::Record {
                materials, complete, ..
            } => {
                let cargo = Cargo {
                    materials,
                    complete: *complete,
                    time: proposal.time,
                };
                accept_record(state, region, shipment, &cargo, &mut changes)
            }
        },
    };
    Ok((Reply::RecordAccepted(outcome), changes))
}

/// Material that was wrapped before the wrapping key changed is to be wrapped again.
fn check_wrapping(region: &Region, shipment: &Shipment<WrappedMaterial>) -> Result<(), KmsError> {
    let ShipmentBody::Record { materials, .. } = &shipment.body else {
        return Ok(());
    };
    let is_present = |m: &MaterialInRecord<WrappedMaterial>| m.material.wrapping_key == region.wrapping_key;
    if materials.iter().all(is_present) {
        Ok(())
    } else {
        Err(KmsError::StaleGuard)
    }
}

fn accept_record(
    state: &State,
    region: &Region,
    shipment: &Shipment<WrappedMaterial>,
    cargo: &Cargo<'_>,
    changes: &mut Changes,
) -> AcceptOutcome {
    let view = match record_view(shipment) {
        Ok(Some(view)) => view,
        Ok(None) => return refused("not a record"),
        Err(refusal) => return refusal,
    };
    match examine(state, &view) {
        Err(answer) => answer,
        Ok(Standing::Creates) => create_replica(state, &view, cargo, changes),
        Ok(Standing::Continues(key)) => match &view.record.handover {
            Some(epoch) if epoch.region == region.name => {
                take_over(state, region, &view, cargo, &key, epoch, changes)
            }
            _ => follow_record(state, &view, cargo, &key, changes),
        },
    }
}

fn note_replica_gone(
    state: &State,
    region: &Region,
    shipment: &Shipment<WrappedMaterial>,
    incarnation: Incarnation,
    time: Timestamp,
    changes: &mut Changes,
) -> AcceptOutcome {
    let Some(key) = state.key(&shipment.key) else {
        let recorded = state.tombstone(&shipment.key).map(|t| &t.stamp.epoch.region);
        return match recorded {
            Some(primary) if *primary != region.name && *primary != shipment.from => {
                AcceptOutcome::NotPrimary {
                    primary: primary.clone(),
                }
            }
            _ => AcceptOutcome::GoneNoted,
        };
    };
    let Some(multi_region) = &key.multi_region else {
        return AcceptOutcome::GoneNoted;
    };
    if multi_region.role == Role::Replica {
        return not_primary(multi_region, shipment);
    }
    let known = multi_region.replicas.get(&shipment.from);
    if known.is_some_and(|replica| replica.incarnation == incarnation) {
        remove_replica(state, changes, region, key, &shipment.from, time);
    }
    AcceptOutcome::GoneNoted
}

/// What a replica's region says of the imported bytes it has.
struct ImportsWord<'a> {
    incarnation: Incarnation,
    revision: u64,
    materials: &'a [MaterialId],
}

/// Notes it on the primary, unless a newer word of the same life has been noted. It speaks for that replica only.
fn note_imports(
    state: &State,
    shipment: &Shipment<WrappedMaterial>,
    word: &ImportsWord<'_>,
    changes: &mut Changes,
) -> AcceptOutcome {
    if word.materials.len() > IMPORTED_MATERIALS_PER_KEY_MAX {
        return refused("the shipment is over its limits");
    }
    let held = state
        .key(&shipment.key)
        .filter(|key| key.origin == KeyOrigin::External);
    let Some((key, multi_region)) = held.and_then(|key| Some((key, key.multi_region.as_ref()?))) else {
        return refused("no imported multi-Region key of that id is here");
    };
    if multi_region.role == Role::Replica {
        return not_primary(multi_region, shipment);
    }
    let replica = multi_region
        .replicas
        .get(&shipment.from)
        .filter(|replica| replica.incarnation == word.incarnation);
    let Some(replica) = replica else {
        return refused("that life of the replica is not known here");
    };
    let revision = word.revision;
    if revision >= replica.imports_revision {
        set_imported_in(state, key, &shipment.from, word.materials, changes);
        replace_key(changes, key, |key| {
            let replica = key
                .multi_region
                .as_mut()
                .and_then(|m| m.replicas.get_mut(&shipment.from));
            if let Some(replica) = replica {
                replica.imports_revision = revision;
            }
        });
    }
    AcceptOutcome::ImportsNoted { revision }
}

fn set_imported_in(
    state: &State,
    key: &Key,
    from: &RegionName,
    materials: &[MaterialId],
    changes: &mut Changes,
) {
    for material in state.materials_of(key.name, 0) {
        let mut after = material.as_ref().clone();
        if let Some(imported) = &mut after.imported {
            if materials.contains(&material.material_id) {
                imported.imported_in.insert(from.clone());
            } else {
                imported.imported_in.remove(from);
            }
        }
        if after != **material {
            changes.put(Row::Material(Arc::new(after)));
        }
    }
}

fn not_primary(held: &MultiRegion, shipment: &Shipment<WrappedMaterial>) -> AcceptOutcome {
    if held.epoch.region == shipment.from {
        return refused("the sender is the recorded primary");
    }
    AcceptOutcome::NotPrimary {
        primary: held.epoch.region.clone(),
    }
}
