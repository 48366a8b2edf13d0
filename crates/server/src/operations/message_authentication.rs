//! What GenerateMac and VerifyMac share: their parameters, and the key that may use them.

use super::call::Call;
use super::usable::authorize_use;
use super::validation::{blob_within, one_of};
use crate::errors::OperationError;
use kms_domain::limits::MESSAGE_BYTES_MAX;
use kms_domain::vocabulary::MacAlgorithm;
use kms_domain::{KmsError, Operation, State, UsableKey};

/// What is authenticated, by which algorithm.
pub(super) struct MacRequest<'a> {
    pub(super) key_id: &'a str,
    pub(super) message: &'a [u8],
    pub(super) algorithm: MacAlgorithm,
}

impl<'a> MacRequest<'a> {
    /// Checks what can be checked without a key.
    pub(super) fn parse(key_id: &'a str, message: &'a [u8], algorithm: &str) -> Result<Self, KmsError> {
        blob_within("message", message, 1, MESSAGE_BYTES_MAX)?;
        let algorithm = one_of("macAlgorithm", algorithm, MacAlgorithm::ALL, MacAlgorithm::as_str)?;
        Ok(Self {
            key_id,
            message,
            algorithm,
        })
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
