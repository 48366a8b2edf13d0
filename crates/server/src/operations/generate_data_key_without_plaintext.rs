//! GenerateDataKeyWithoutPlaintext: a data key, encrypted only.

use super::Call;
use super::data_key::{DataKeyTarget, length};
use super::service::Service;
use super::validation::{encryption_context, grant_tokens};
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// A fresh data key, encrypted only.
    pub async fn generate_data_key_without_plaintext(
        &self,
        call: &Call,
        request: v1::GenerateDataKeyWithoutPlaintextRequest,
    ) -> Result<v1::GenerateDataKeyWithoutPlaintextResponse, OperationError> {
        grant_tokens(&request.grant_tokens)?;
        let context = encryption_context(request.encryption_context)?;
        let length = length(request.number_of_bytes, request.key_spec.as_deref())?;
        let target = DataKeyTarget {
            operation: Operation::GenerateDataKeyWithoutPlaintext,
            key_id: &request.key_id,
            context: &context,
            dry_run: request.dry_run,
        };
        let (_, sealed) = self.data_key(call, &target, length).await?;
        Ok(v1::GenerateDataKeyWithoutPlaintextResponse {
            ciphertext_blob: sealed.ciphertext,
            key_id: sealed.key_arn,
            key_material_id: sealed.material_id.map(|id| id.to_string()).unwrap_or_default(),
        })
    }
}
