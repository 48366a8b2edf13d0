//! Data keys: made for a caller, sealed under a KMS key, never stored. Shared by the GenerateDataKey operations, pairs included.

use super::authorization::authorize_key;
use super::call::Call;
use super::encryption::{Sealed, check_encrypts, unless_dry_run};
use super::service::Service;
use super::validation::{KeyForms, constraint, number_within};
use crate::errors::OperationError;
use kms_crypto::SecretBytes;
use kms_crypto::data_key::{NumberOfBytes, generate_data_key};
use kms_domain::key_states::Operation;
use kms_domain::limits::RANDOM_BYTES_MAX;
use kms_domain::vocabulary::{EncryptionAlgorithm, EncryptionContext};
use kms_domain::{KmsError, State, UsableKey};

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
            let data_key = self.keyring.with_rng(|rng| generate_data_key(length, rng));
            let sealed = self.seal_data_key(state, call, target, data_key.expose())?;
            let key = sealed.key;
            Ok(((data_key, sealed), key))
        })
        .await
    }

    /// The key may be used to make data keys. A dry run ends here.
    pub(super) fn check_makes_data_keys<'a>(
        &self,
        state: &'a State,
        call: &Call,
        target: &DataKeyTarget<'_>,
    ) -> Result<UsableKey<'a>, OperationError> {
        let (operation, id) = (target.operation, target.key_id);
        let key = authorize_key(state, call, operation, "keyId", id, KeyForms::Any)?;
        let usable = check_encrypts(state, &key, operation, EncryptionAlgorithm::SymmetricDefault)?;
        unless_dry_run(target.dry_run)?;
        Ok(usable)
    }

    /// Seals what was made for the caller under the key.
    pub(super) fn seal_data_key(
        &self,
        state: &State,
        call: &Call,
        target: &DataKeyTarget<'_>,
        data_key: &[u8],
    ) -> Result<Sealed, OperationError> {
        let usable = self.check_makes_data_keys(state, call, target)?;
        let algorithm = EncryptionAlgorithm::SymmetricDefault;
        self.seal(state, &usable, algorithm, target.context, data_key)
    }
}
