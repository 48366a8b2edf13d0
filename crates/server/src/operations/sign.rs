//! Sign: a digital signature under an asymmetric key.

use super::Call;
use super::encryption::unless_dry_run;
use super::service::Service;
use super::signing::SigningRequest;
use super::validation::grant_tokens;
use crate::errors::OperationError;
use kms_crypto::signing;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;
use zeroize::Zeroizing;

impl Service {
    /// Signs a message, its digest, or its representative.
    pub async fn sign(
        &self,
        call: &Call,
        request: v1::SignRequest,
    ) -> Result<v1::SignResponse, OperationError> {
        const OPERATION: Operation = Operation::Sign;
        let message = Zeroizing::new(request.message);
        grant_tokens(&request.grant_tokens)?;
        let wanted = SigningRequest::parse(
            &request.key_id,
            &message,
            request.message_type.as_deref(),
            &request.signing_algorithm,
        )?;
        self.use_key(call, OPERATION, |state| {
            let key = wanted.usable_key(state, call, OPERATION)?;
            let (_, material) = self.current_material(state, &key)?;
            unless_dry_run(request.dry_run)?;
            let signature = self.keyring.with_rng(|rng| {
                signing::sign(
                    &material,
                    wanted.algorithm,
                    wanted.message_type,
                    wanted.message,
                    rng,
                )
            })?;
            let response = v1::SignResponse {
                key_id: key.arn().to_string(),
                signature,
                signing_algorithm: wanted.algorithm.to_string(),
            };
            Ok((response, key.key().name))
        })
        .await
    }
}
