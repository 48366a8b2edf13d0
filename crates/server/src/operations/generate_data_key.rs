//! GenerateDataKey: a data key, in plaintext and encrypted.

use super::Call;
use super::data_key::{DataKeyTarget, length};
use super::service::Service;
use super::validation::{encryption_context, grant_tokens, no_recipient};
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// A fresh data key, in plaintext and encrypted.
    pub async fn generate_data_key(
        &self,
        call: &Call,
        request: v1::GenerateDataKeyRequest,
    ) -> Result<v1::GenerateDataKeyResponse, OperationError> {
        no_recipient(request.recipient.as_ref())?;
        grant_tokens(&request.grant_tokens)?;
        let context = encryption_context(request.encryption_context)?;
        let length = length(request.number_of_bytes, request.key_spec.as_deref())?;
        let target = DataKeyTarget {
            operation: Operation::GenerateDataKey,
            key_id: &request.key_id,
            context: &context,
            dry_run: request.dry_run,
        };
        let (data_key, sealed) = self.data_key(call, &target, length).await?;
        Ok(v1::GenerateDataKeyResponse {
            ciphertext_blob: sealed.ciphertext,
            plaintext: data_key.expose().to_vec(),
            key_id: sealed.key_arn,
            ciphertext_for_recipient: None,
            key_material_id: sealed.material_id.map(|id| id.to_string()).unwrap_or_default(),
        })
    }
}
