//! UpdatePrimaryRegion, on the primary: the first step of a planned move. The others are records and receipts.

use super::{Outcome, current_region};
use crate::command::UpdatePrimaryRegion;
use crate::error::StateProblem;
use crate::key::Key;
use crate::limits::HANDOVER_PROOFS_MAX;
use crate::multi_region::{
    Handover, MultiRegion, Replica, ReplicaPhase, Role, count_authz_change, shared_change,
};
use crate::rows::Region;
use crate::vocabulary::{Epoch, KeyArn, RegionName};
use crate::{Changes, KmsError, Operation, Proposal, State, UsableKey};

/// Says what the command changes: the key is Updating, and its record names the target at the next epoch.
pub(crate) fn handle(state: &State, _proposal: &Proposal, command: &UpdatePrimaryRegion) -> Outcome {
    let region = current_region(state)?;
    let usable = UsableKey::check(state, &command.key, Operation::UpdatePrimaryRegion)?;
    let (held, arn) = (usable.key(), usable.arn());
    let multi_region = deciding_primary(region, held, arn)?;
    check_target(state, held, arn, multi_region, command)?;
    if held.rotation.pending.is_some() {
        return Err(KmsError::InvalidState(arn.clone(), StateProblem::RotationPending));
    }
    check_proof(state, multi_region, command)?;
    let mut key = held.as_ref().clone();
    if let Some(multi_region) = &mut key.multi_region {
        multi_region.handover = Some(Handover {
            target: command.target.clone(),
            epoch: command.proof.to.clone(),
            since: state.log_time(),
        });
        multi_region.proofs.push(command.proof.clone());
    }
    count_authz_change(held, &mut key);
    let mut changes = Changes::none();
    let reply = shared_change(state, &mut changes, key);
    Ok((reply, changes))
}

/// The copy of a key whose primary role is here and is not being moved, in a region that may decide.
///
/// # Errors
/// [`KmsError::UnsupportedOperation`] for any other key, [`KmsError::InvalidState`] while Updating,
/// [`KmsError::KeyUnavailable`] in a fenced region.
pub(super) fn deciding_primary<'a>(
    region: &Region,
    key: &'a Key,
    arn: &KeyArn,
) -> Result<&'a MultiRegion, KmsError> {
    let multi_region = key
        .multi_region
        .as_ref()
        .filter(|m| m.role == Role::Primary)
        .ok_or_else(|| KmsError::UnsupportedOperation(format!("{arn} is not a multi-region primary key.")))?;
    if multi_region.handover.is_some() {
        return Err(KmsError::InvalidState(arn.clone(), StateProblem::Updating));
    }
    if region.fenced {
        return Err(KmsError::KeyUnavailable(arn.clone()));
    }
    Ok(multi_region)
}

/// The target holds all there is of the key. Another replica that is Creating must be there first, because only this
/// primary knows how it is to be made.
fn check_target(
    state: &State,
    key: &Key,
    arn: &KeyArn,
    multi_region: &MultiRegion,
    command: &UpdatePrimaryRegion,
) -> Result<(), KmsError> {
    let target_arn = KeyArn {
        region: command.target.clone(),
        ..arn.clone()
    };
    if command.target == arn.region {
        return Err(KmsError::UnsupportedOperation(format!(
            "{arn} is the primary key already."
        )));
    }
    let Some(target) = multi_region.replicas.get(&command.target) else {
        return Err(KmsError::KeyNotFound(target_arn));
    };
    let holds_all = state
        .materials_of(key.name, 0)
        .all(|material| material.held_by.contains(&command.target));
    if target.phase == ReplicaPhase::Creating || !holds_all {
        return Err(KmsError::InvalidState(target_arn, StateProblem::Creating));
    }
    if let Some(creating) = first_creating_replica(multi_region) {
        let replica_arn = KeyArn {
            region: creating.clone(),
            ..arn.clone()
        };
        return Err(KmsError::InvalidState(replica_arn, StateProblem::Creating));
    }
    if multi_region.proofs.len() >= HANDOVER_PROOFS_MAX {
        return Err(KmsError::LimitExceeded(format!(
            "{arn} has moved {HANDOVER_PROOFS_MAX} times since every replica has acknowledged a record"
        )));
    }
    Ok(())
}

fn first_creating_replica(multi_region: &MultiRegion) -> Option<&RegionName> {
    let is_creating = |(_, replica): &(&RegionName, &Replica)| replica.phase == ReplicaPhase::Creating;
    multi_region
        .replicas
        .iter()
        .find(is_creating)
        .map(|(name, _)| name)
}

/// The proof must be about this very step; a decision on an earlier epoch is made again.
fn check_proof(
    state: &State,
    multi_region: &MultiRegion,
    command: &UpdatePrimaryRegion,
) -> Result<(), KmsError> {
    let peer = state
        .peer(&command.target)
        .ok_or_else(|| KmsError::RegionNotPaired(command.target.clone()))?;
    let next = multi_region.epoch.counter.checked_add(1).map(|counter| Epoch {
        counter,
        region: peer.name.clone(),
        incarnation: peer.incarnation,
    });
    if command.proof.from == multi_region.epoch && Some(&command.proof.to) == next.as_ref() {
        Ok(())
    } else {
        Err(KmsError::StaleGuard)
    }
}
