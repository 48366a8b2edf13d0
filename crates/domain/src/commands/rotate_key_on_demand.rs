//! RotateKeyOnDemand.

use super::Outcome;
use crate::command::RotateKey;
use crate::error::StateProblem;
use crate::key::RotationKind;
use crate::limits::ON_DEMAND_ROTATIONS_MAX;
use crate::rotation::{begin, check_decides, check_new_material};
use crate::vocabulary::KeyOrigin;
use crate::{KmsError, Operation, Proposal, State, UsableKey};

/// Rotates now. The date of the next automatic rotation stays.
pub(crate) fn handle(state: &State, proposal: &Proposal, command: &RotateKey) -> Outcome {
    let usable = UsableKey::check(state, &command.key, Operation::RotateKeyOnDemand)?;
    let (key, arn) = (usable.key(), usable.arn());
    check_decides(key, arn)?;
    // An imported key rotates to material imported before; it never gets material made here.
    if key.origin == KeyOrigin::External {
        return Err(KmsError::InvalidState(
            arn.clone(),
            StateProblem::NoImportedMaterialToRotateTo,
        ));
    }
    if key.rotation.pending.is_some() {
        return Err(KmsError::InvalidState(arn.clone(), StateProblem::RotationPending));
    }
    if key.rotation.on_demand_count >= ON_DEMAND_ROTATIONS_MAX {
        return Err(KmsError::LimitExceeded(format!(
            "{arn} has reached its quota of {ON_DEMAND_ROTATIONS_MAX} on-demand rotations"
        )));
    }
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
