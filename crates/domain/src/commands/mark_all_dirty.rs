//! Ships everything to a peer again.

use super::Outcome;
use crate::vocabulary::RegionName;
use crate::{KmsError, Proposal, State};

/// Says what the command changes.
pub(crate) fn handle(_state: &State, _proposal: &Proposal, _command: &RegionName) -> Outcome {
    Err(KmsError::Internal("mark_all_dirty is not built yet".into()))
}
