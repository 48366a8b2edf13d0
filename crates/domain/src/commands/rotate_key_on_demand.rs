//! RotateKeyOnDemand of a key whose material is made here.

use super::Outcome;
use crate::command::RotateKey;
use crate::error::StateProblem;
use crate::key::RotationKind;
use crate::limits::ON_DEMAND_ROTATIONS_MAX;
use crate::rotation::{
    begin, check_decides, check_makes_material, check_new_material, check_on_demand_quota,
};
use crate::{KmsError, Operation, Proposal, State, UsableKey};

/// Rotates now. The date of the next automatic rotation stays.
pub(crate) fn handle(state: &State, proposal: &Proposal, command: &RotateKey) -> Outcome {
    let usable = UsableKey::check(state, &command.key, Operation::RotateKeyOnDemand)?;
    let (key, arn) = (usable.key(), usable.arn());
    check_decides(key, arn)?;
    check_makes_material(key)?;
    if key.rotation.pending.is_some() {
        return Err(KmsError::InvalidState(arn.clone(), StateProblem::RotationPending));
    }
    check_on_demand_quota(key, arn, ON_DEMAND_ROTATIONS_MAX)?;
    check_new_material(state, key, &command.material)?;
    let key = key.as_ref().clone();
    Ok(begin(
        state,
        proposal,
        key,
        &command.material,
        RotationKind::OnDemand,
    ))
}
