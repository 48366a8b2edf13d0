//! What Sign and Verify share: their parameters, and the key that may use them.

use super::call::Call;
use super::usable::authorize_use;
use super::validation::{blob_within, one_of};
use crate::errors::OperationError;
use kms_domain::limits::MESSAGE_BYTES_MAX;
use kms_domain::vocabulary::{MessageType, SigningAlgorithm};
use kms_domain::{KmsError, Operation, State, UsableKey};

/// What is signed or verified, by which algorithm.
pub(super) struct SigningRequest<'a> {
    pub(super) key_id: &'a str,
    pub(super) message: &'a [u8],
    pub(super) message_type: MessageType,
    pub(super) algorithm: SigningAlgorithm,
}

impl<'a> SigningRequest<'a> {
    /// Checks what can be checked without a key.
    pub(super) fn parse(
        key_id: &'a str,
        message: &'a [u8],
        message_type: Option<&str>,
        algorithm: &str,
    ) -> Result<Self, KmsError> {
        blob_within("message", message, 1, MESSAGE_BYTES_MAX)?;
        let message_type = match message_type {
            None => MessageType::Raw,
            Some(text) => one_of("messageType", text, MessageType::ALL, MessageType::as_str)?,
        };
        let algorithm = one_of(
            "signingAlgorithm",
            algorithm,
            SigningAlgorithm::ALL,
            SigningAlgorithm::as_str,
        )?;
        Ok(Self {
            key_id,
            message,
            message_type,
            algorithm,
        })
    }

    /// The key, if the caller may use it so. What does not fit the algorithm is told only after that.
    pub(super) fn usable_key<'s>(
        &self,
        state: &'s State,
        call: &Call,
        operation: Operation,
    ) -> Result<UsableKey<'s>, OperationError> {
        let usable = authorize_use(state, call, operation, self.key_id, self.algorithm)?;
        self.check_message()?;
        Ok(usable)
    }

    fn check_message(&self) -> Result<(), KmsError> {
        let (algorithm, message_type) = (self.algorithm, self.message_type);
        if !algorithm.takes(message_type) {
            return Err(KmsError::Validation(format!(
                "MessageType {message_type} is not supported for algorithm {algorithm}."
            )));
        }
        let length = match message_type {
            MessageType::Raw => None,
            MessageType::Digest => algorithm.digest_bytes(),
            MessageType::ExternalMu => Some(kms_crypto::ml_dsa::MU_BYTES),
        };
        if length.is_some_and(|bytes| self.message.len() != bytes) {
            return Err(KmsError::Validation(format!(
                "{} is invalid length for algorithm {algorithm}.",
                if message_type == MessageType::Digest {
                    "Digest"
                } else {
                    "Message representative"
                },
            )));
        }
        Ok(())
    }
}
