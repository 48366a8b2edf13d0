//! Data keys: made for a caller, sealed under a KMS key, never stored. Shared by both GenerateDataKey operations.

use super::authorization::authorize_key;
use super::call::Call;
use super::service::Service;
use super::symmetric::{Sealed, check_usable, unless_dry_run};
use super::validation::{KeyForms, constraint, number_within};
use crate::errors::OperationError;
use kms_crypto::SecretBytes;
use kms_crypto::data_key::{NumberOfBytes, generate_data_key};
use kms_domain::KmsError;
use kms_domain::key_states::Operation;
use kms_domain::limits::RANDOM_BYTES_MAX;
use kms_domain::vocabulary::EncryptionAlgorithm;
use kms_domain::vocabulary::EncryptionContext;

/// What kind of data key is wanted, and under which key.
pub(super) struct DataKeyRequest<'a> {
    pub(super) operation: Operation,
    pub(super) key_id: &'a str,
    pub(super) context: &'a EncryptionContext,
    pub(super) length: NumberOfBytes,
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
        request: &DataKeyRequest<'_>,
    ) -> Result<(SecretBytes, Sealed), OperationError> {
        self.look(call, |state| {
            let key = authorize_key(
                state,
                call,
                request.operation,
                "keyId",
                request.key_id,
                KeyForms::Any,
            )?;
            let usable = check_usable(
                state,
                &key,
                request.operation,
                EncryptionAlgorithm::SymmetricDefault,
            )?;
            unless_dry_run(request.dry_run)?;
            let data_key = self
                .keyring
                .with_rng(|rng| generate_data_key(request.length, rng));
            let sealed = self.seal(state, &usable, request.context, data_key.expose())?;
            Ok((data_key, sealed))
        })
        .await
    }
}
