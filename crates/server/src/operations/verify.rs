//! Verify: whether a signature is the key's. It answers yes or fails, never no.

use super::Call;
use super::encryption::unless_dry_run;
use super::service::Service;
use super::signing::SigningRequest;
use super::validation::{blob_within, grant_tokens};
use crate::errors::OperationError;
use kms_crypto::signing;
use kms_domain::key_states::Operation;
use kms_domain::limits::SIGNATURE_BYTES_MAX;
use kms_proto::kms::v1;
use zeroize::Zeroizing;

impl Service {
    /// Checks a signature that Sign made, or anyone with the private key.
    pub async fn verify(
        &self,
        call: &Call,
        request: v1::VerifyRequest,
    ) -> Result<v1::VerifyResponse, OperationError> {
        const OPERATION: Operation = Operation::Verify;
        let message = Zeroizing::new(request.message);
        grant_tokens(&request.grant_tokens)?;
        blob_within("signature", &request.signature, 1, SIGNATURE_BYTES_MAX)?;
        let wanted = SigningRequest::parse(
            &request.key_id,
            &message,
            request.message_type.as_deref(),
            &request.signing_algorithm,
        )?;
        self.use_key(call, OPERATION, |state| {
            let key = wanted.usable_key(state, call, OPERATION)?;
            let (_, material) = self.current_material(state, &key)?;
            signing::verify(
                &material,
                wanted.algorithm,
                wanted.message_type,
                wanted.message,
                &request.signature,
            )?;
            unless_dry_run(request.dry_run)?;
            let response = v1::VerifyResponse {
                key_id: key.arn().to_string(),
                signature_valid: true,
                signing_algorithm: wanted.algorithm.to_string(),
            };
            Ok((response, key.key().name))
        })
        .await
    }
}
