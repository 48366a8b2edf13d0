//! An account or an access key, as its home region has it. Refusals are answers, not errors: the sender is told.

use super::{Outcome, current_region};
use crate::key::WrappedMaterial;
use crate::multi_region::{IdentityRecord, IdentityShipment, adopt_identity, examine_identity};
use crate::rows::Region;
use crate::{Changes, KmsError, Reply, State};

/// Says what the command changes.
pub(crate) fn handle(state: &State, shipment: &IdentityShipment<WrappedMaterial>) -> Outcome {
    let region = current_region(state)?;
    check_wrapping(region, shipment)?;
    let mut changes = Changes::none();
    let outcome = match examine_identity(state, region, shipment) {
        Err(answer) => answer,
        Ok(()) => adopt_identity(state, &mut changes, shipment),
    };
    Ok((Reply::IdentityAccepted(outcome), changes))
}

/// A secret that was wrapped before the wrapping key changed is to be wrapped again.
fn check_wrapping(region: &Region, shipment: &IdentityShipment<WrappedMaterial>) -> Result<(), KmsError> {
    let secret = match &shipment.record {
        IdentityRecord::Account(_) => None,
        IdentityRecord::AccessKey(record) => record.secret.as_ref(),
    };
    match secret {
        Some(secret) if secret.wrapping_key != region.wrapping_key => Err(KmsError::StaleGuard),
        _ => Ok(()),
    }
}
