//! ReplicateKey, on the primary.

use super::Outcome;
use crate::command::ReplicateKey;
use crate::{KmsError, Proposal, State};

/// Says what the command changes.
pub(crate) fn handle(_state: &State, _proposal: &Proposal, _command: &ReplicateKey) -> Outcome {
    Err(KmsError::Internal("replicate_key is not built yet".into()))
}
