//! GenerateDataKeyPairWithoutPlaintext: a data key pair, the private key encrypted only.

use super::Call;
use super::data_key::DataKeyTarget;
use super::data_key_pair::key_pair_spec;
use super::service::Service;
use super::validation::{encryption_context, grant_tokens};
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// A fresh data key pair, its private key encrypted only.
    pub async fn generate_data_key_pair_without_plaintext(
        &self,
        call: &Call,
        request: v1::GenerateDataKeyPairWithoutPlaintextRequest,
    ) -> Result<v1::GenerateDataKeyPairWithoutPlaintextResponse, OperationError> {
        grant_tokens(&request.grant_tokens)?;
        let spec = key_pair_spec(&request.key_pair_spec)?;
        let context = encryption_context(request.encryption_context)?;
        let target = DataKeyTarget {
            operation: Operation::GenerateDataKeyPairWithoutPlaintext,
            key_id: &request.key_id,
            context: &context,
            dry_run: request.dry_run,
        };
        let (pair, sealed) = self.data_key_pair(call, &target, spec).await?;
        Ok(v1::GenerateDataKeyPairWithoutPlaintextResponse {
            private_key_ciphertext_blob: sealed.ciphertext,
            public_key: pair.public_key_der,
            key_id: sealed.key_arn,
            key_pair_spec: spec.to_string(),
            key_material_id: sealed.material_id.map(|id| id.to_string()).unwrap_or_default(),
        })
    }
}
