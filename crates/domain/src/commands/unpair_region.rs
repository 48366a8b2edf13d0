//! An administrator unpins a region.

use super::Outcome;
use crate::vocabulary::RegionName;
use crate::{KmsError, Proposal, State};

/// Says what the command changes.
pub(crate) fn handle(_state: &State, _proposal: &Proposal, _command: &RegionName) -> Outcome {
    Err(KmsError::Internal("unpair_region is not built yet".into()))
}
