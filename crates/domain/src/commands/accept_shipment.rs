//! A record from another region.

use super::Outcome;
use crate::key::WrappedMaterial;
use crate::multi_region::Shipment;
use crate::{KmsError, Proposal, State};

/// Says what the command changes.
pub(crate) fn handle(_state: &State, _proposal: &Proposal, _command: &Shipment<WrappedMaterial>) -> Outcome {
    Err(KmsError::Internal("accept_shipment is not built yet".into()))
}
