//! An administrator pins a region, or renews what is pinned.

use super::Outcome;
use crate::rows::PeerRegion;
use crate::{KmsError, Proposal, State};

/// Says what the command changes.
pub(crate) fn handle(_state: &State, _proposal: &Proposal, _command: &PeerRegion) -> Outcome {
    Err(KmsError::Internal("pair_region is not built yet".into()))
}
