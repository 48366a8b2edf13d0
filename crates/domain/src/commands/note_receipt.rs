//! What a peer said to a record shipped to it.

use super::Outcome;
use crate::multi_region::Receipt;
use crate::{KmsError, Proposal, State};

/// Says what the command changes.
pub(crate) fn handle(_state: &State, _proposal: &Proposal, _command: &Receipt) -> Outcome {
    Err(KmsError::Internal("note_receipt is not built yet".into()))
}
