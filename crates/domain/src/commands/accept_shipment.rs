//! A record from another region.
//!
//! Refusals are answers, not errors: the sender is told, and `epoch_promised` may move with them.

use super::{Outcome, current_region};
use crate::key::WrappedMaterial;
use crate::multi_region::{
    AcceptOutcome, Cargo, MaterialInRecord, Role, Shipment, ShipmentBody, Standing, check_addresses,
    create_replica, examine, follow_record, record_view, refused, remove_replica, take_over,
};
use crate::rows::Region;
use crate::vocabulary::{Incarnation, Timestamp};
use crate::{Changes, KmsError, Proposal, Reply, State};

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
        if multi_region.epoch.region == shipment.from {
            return refused("the sender is the recorded primary");
        }
        return AcceptOutcome::NotPrimary {
            primary: multi_region.epoch.region.clone(),
        };
    }
    let known = multi_region.replicas.get(&shipment.from);
    if known.is_some_and(|replica| replica.incarnation == incarnation) {
        remove_replica(state, changes, region, key, &shipment.from, time);
    }
    AcceptOutcome::GoneNoted
}
