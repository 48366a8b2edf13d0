//! A new HPKE key pair of this region.

use super::Outcome;
use crate::rows::HpkeKeyRow;
use crate::{KmsError, Proposal, State};

/// Says what the command changes.
pub(crate) fn handle(_state: &State, _proposal: &Proposal, _command: &HpkeKeyRow) -> Outcome {
    Err(KmsError::Internal("add_hpke_key is not built yet".into()))
}
