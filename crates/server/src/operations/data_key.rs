//! Data keys: made for a caller, sealed under a KMS key, never stored. Shared by the GenerateDataKey operations, pairs included.

use super::call::Call;
use super::encryption::{EncryptionKey, Sealed, unless_dry_run};
use super::service::Service;
use super::usable::authorize_use;
use super::validation::{constraint, number_within};
use crate::errors::OperationError;
use kms_crypto::SecretBytes;
use kms_crypto::data_key::{NumberOfBytes, generate_data_key};
use kms_domain::key_states::Operation;
use kms_domain::limits::RANDOM_BYTES_MAX;
use kms_domain::vocabulary::{EncryptionAlgorithm, EncryptionContext};
use kms_domain::{KmsError, State};

/// Under which key a data key or data key pair is made, and for which operation.
pub(super) struct DataKeyTarget<'a> {
    pub(super) operation: Operation,
    pub(super) key_id: &'a str,
    pub(super) context: &'a EncryptionContext,
    pub(super) dry_run: Option<bool>,
}

/// A length from `NumberOfBytes` or `KeySpec`, of which exactly one must be given.
pub(super) fn length(
    number_of_bytes: Option<i32>,
    key_spec: Option<&str>,
) -> Result<NumberOfBytes, KmsError> {
    match (number_of_bytes, key_spec) {
        (Some(number), None) => number_of_random_bytes(number),
        (None, Some("AES_256")) => Ok(NumberOfBytes::AES_256),
        (None, Some("AES_128")) => Ok(NumberOfBytes::AES_128),
        (None, Some(other)) => Err(constraint(
            "keySpec",
            other,
            "Member must satisfy enum value set: [AES_256, AES_128]",
        )),
        (Some(_), Some(_)) | (None, None) => Err(KmsError::Validation(
            "Please specify either number of bytes or key spec.".into(),
        )),
    }
}

/// A `NumberOfBytes` parameter.
pub(super) fn number_of_random_bytes(number: i32) -> Result<NumberOfBytes, KmsError> {
    let number = number_within("numberOfBytes", number, 1, RANDOM_BYTES_MAX)?;
    NumberOfBytes::new(number).map_err(|e| KmsError::Internal(e.to_string()))
}

impl Service {
    /// A fresh data key and its ciphertext.
    pub(super) async fn data_key(
        &self,
        call: &Call,
        target: &DataKeyTarget<'_>,
        length: NumberOfBytes,
    ) -> Result<(SecretBytes, Sealed), OperationError> {
        self.use_key(call, target.operation, |state| {
            let key = self.data_key_sealing_key(state, call, target)?;
            let data_key = self.keyring.with_rng(|rng| generate_data_key(length, rng));
            let sealed = self.seal(&key, target.context, data_key.expose())?;
            let key = sealed.key;
            Ok(((data_key, sealed), key))
        })
        .await
    }

    /// The key that seals what is made for the caller, if they may use it so. A dry run ends here.
    pub(super) fn data_key_sealing_key(
        &self,
        state: &State,
        call: &Call,
        target: &DataKeyTarget<'_>,
    ) -> Result<EncryptionKey, OperationError> {
        let algorithm = EncryptionAlgorithm::SymmetricDefault;
        let usable = authorize_use(state, call, target.operation, target.key_id, algorithm)?;
        let key = self.sealing_key(state, &usable, algorithm)?;
        unless_dry_run(target.dry_run)?;
        Ok(key)
    }
}
