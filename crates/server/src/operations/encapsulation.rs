//! What Encapsulate and Decapsulate share: their parameters, and the key that may use them.

use super::authorization::authorize_key;
use super::call::Call;
use super::usable::{check_algorithm, check_usable};
use super::validation::{KeyForms, one_of};
use crate::errors::OperationError;
use kms_domain::vocabulary::{EncapsulationAlgorithm, KeyUsage};
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
        let key = authorize_key(state, call, operation, "keyId", self.key_id, KeyForms::Any)?;
        let usable = check_usable(state, &key, operation, KeyUsage::EncapsulateDecapsulate)?;
        let offered = key.key.spec.encapsulation_algorithms(key.key.usage);
        check_algorithm(&key.key, self.algorithm, offered)?;
        Ok(usable)
    }
}
