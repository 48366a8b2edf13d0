//! Encrypt: 1 to 4,096 bytes under a key.

use super::Call;
use super::encryption::{algorithm, unless_dry_run};
use super::service::Service;
use super::usable::authorize_use;
use super::validation::{blob_within, encryption_context, grant_tokens};
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_domain::limits::PLAINTEXT_BYTES_MAX;
use kms_proto::kms::v1;
use zeroize::Zeroizing;

impl Service {
    /// Encrypts under the key's current material.
    pub async fn encrypt(
        &self,
        call: &Call,
        request: v1::EncryptRequest,
    ) -> Result<v1::EncryptResponse, OperationError> {
        const OPERATION: Operation = Operation::Encrypt;
        let plaintext = Zeroizing::new(request.plaintext);
        blob_within("plaintext", &plaintext, 1, PLAINTEXT_BYTES_MAX)?;
        grant_tokens(&request.grant_tokens)?;
        let context = encryption_context(request.encryption_context)?;
        let algorithm = algorithm(
            "encryptionAlgorithm",
            request.encryption_algorithm.as_deref(),
            &context,
        )?;
        self.use_key(call, OPERATION, |state| {
            let usable = authorize_use(state, call, OPERATION, &request.key_id, algorithm)?;
            let key = self.sealing_key(state, &usable, algorithm)?;
            let sealed = self.seal(&key, &context, &plaintext)?;
            unless_dry_run(request.dry_run)?;
            let response = v1::EncryptResponse {
                ciphertext_blob: sealed.ciphertext,
                key_id: sealed.key_arn,
                encryption_algorithm: algorithm.to_string(),
            };
            Ok((response, sealed.key))
        })
        .await
    }
}
