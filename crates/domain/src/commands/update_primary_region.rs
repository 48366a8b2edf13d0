//! UpdatePrimaryRegion, on the primary.

use super::Outcome;
use crate::command::UpdatePrimaryRegion;
use crate::{KmsError, Proposal, State};

/// Says what the command changes.
pub(crate) fn handle(_state: &State, _proposal: &Proposal, _command: &UpdatePrimaryRegion) -> Outcome {
    Err(KmsError::Internal(
        "update_primary_region is not built yet".into(),
    ))
}
