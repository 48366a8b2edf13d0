//! Applying a proposal: total, synchronous, deterministic.

use crate::{Applied, KmsError, Proposal, State};

impl State {
    /// Applies the proposal committed at `log_index`. Never panics; a refused proposal changes no row that a caller can see.
    pub fn apply(&mut self, log_index: u64, proposal: &Proposal) -> Applied {
        let _ = (log_index, proposal);
        Applied {
            result: Err(KmsError::Internal("not built yet".into())),
            effects: Vec::new(),
            changes: Vec::new(),
        }
    }
}
