//! Decrypt: opens what Encrypt, GenerateDataKey or ReEncrypt made.

use super::Call;
use super::encryption::{OpenRequest, algorithm, ciphertext_parameter, no_modifiers, unless_dry_run};
use super::service::Service;
use super::validation::{encryption_context, grant_tokens, no_recipient};
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// Opens a ciphertext. The key of a symmetric one is found from the ciphertext itself.
    pub async fn decrypt(
        &self,
        call: &Call,
        request: v1::DecryptRequest,
    ) -> Result<v1::DecryptResponse, OperationError> {
        const OPERATION: Operation = Operation::Decrypt;
        no_recipient(request.recipient.as_ref())?;
        no_modifiers(&request.dry_run_modifiers)?;
        grant_tokens(&request.grant_tokens)?;
        let context = encryption_context(request.encryption_context)?;
        let algorithm = algorithm(
            "encryptionAlgorithm",
            request.encryption_algorithm.as_deref(),
            &context,
        )?;
        let open = OpenRequest {
            ciphertext: ciphertext_parameter(request.ciphertext_blob.as_deref())?,
            algorithm,
            context: &context,
            key_member: "keyId",
            key_id: request.key_id.as_deref(),
        };
        self.use_key(call, OPERATION, |state| {
            let opened = self.open(state, call, OPERATION, &open)?;
            unless_dry_run(request.dry_run)?;
            let response = v1::DecryptResponse {
                key_id: opened.key_arn,
                plaintext: opened.plaintext.expose().to_vec(),
                encryption_algorithm: algorithm.to_string(),
                ciphertext_for_recipient: None,
                key_material_id: opened.material_id.map(|id| id.to_string()),
            };
            Ok((response, opened.key))
        })
        .await
    }
}
