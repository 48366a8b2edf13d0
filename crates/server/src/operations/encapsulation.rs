//! What Encapsulate and Decapsulate share: their parameters, and the key that may use them.

use super::call::Call;
use super::usable::authorize_use;
use super::validation::one_of;
use crate::errors::OperationError;
use kms_domain::vocabulary::EncapsulationAlgorithm;
use kms_domain::{KmsError, Operation, State, UsableKey};

/// By which algorithm, under which key.
pub(super) struct EncapsulationRequest<'a> {
    pub(super) key_id: &'a str,
    pub(super) algorithm: EncapsulationAlgorithm,
}

impl<'a> EncapsulationRequest<'a> {
    /// Checks what can be checked without a key.
    pub(super) fn parse(key_id: &'a str, algorithm: &str) -> Result<Self, KmsError> {
        let algorithm = one_of(
            "encapsulationAlgorithm",
            algorithm,
            EncapsulationAlgorithm::ALL,
            EncapsulationAlgorithm::as_str,
        )?;
        Ok(Self { key_id, algorithm })
    }

    /// The key, if the caller may use it so.
    pub(super) fn usable_key<'s>(
        &self,
        state: &'s State,
        call: &Call,
        operation: Operation,
    ) -> Result<UsableKey<'s>, OperationError> {
        authorize_use(state, call, operation, self.key_id, self.algorithm)
    }
}
