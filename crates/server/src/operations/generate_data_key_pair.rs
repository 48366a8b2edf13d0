//! GenerateDataKeyPair: a data key pair, the private key in plaintext and encrypted.

use super::Call;
use super::data_key::DataKeyTarget;
use super::data_key_pair::key_pair_spec;
use super::service::Service;
use super::validation::{encryption_context, grant_tokens, no_recipient};
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// A fresh data key pair, its private key in plaintext and encrypted.
    pub async fn generate_data_key_pair(
        &self,
        call: &Call,
        request: v1::GenerateDataKeyPairRequest,
    ) -> Result<v1::GenerateDataKeyPairResponse, OperationError> {
        no_recipient(request.recipient.as_ref())?;
        grant_tokens(&request.grant_tokens)?;
        let spec = key_pair_spec(&request.key_pair_spec)?;
        let context = encryption_context(request.encryption_context)?;
        let target = DataKeyTarget {
            operation: Operation::GenerateDataKeyPair,
            key_id: &request.key_id,
            context: &context,
            dry_run: request.dry_run,
        };
        let (pair, sealed) = self.data_key_pair(call, &target, spec).await?;
        Ok(v1::GenerateDataKeyPairResponse {
            private_key_ciphertext_blob: sealed.ciphertext,
            private_key_plaintext: pair.private_key_der.expose().to_vec(),
            public_key: pair.public_key_der,
            key_id: sealed.key_arn,
            key_pair_spec: spec.to_string(),
            ciphertext_for_recipient: None,
            key_material_id: sealed.material_id.map(|id| id.to_string()).unwrap_or_default(),
        })
    }
}
