//! Encapsulate: a fresh shared secret, and its encapsulation under an ML-KEM key.

use super::Call;
use super::encapsulation::EncapsulationRequest;
use super::encryption::unless_dry_run;
use super::service::Service;
use super::validation::grant_tokens;
use crate::errors::OperationError;
use kms_crypto::encapsulation;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// Makes a shared secret that only the holder of the key can make again.
    pub async fn encapsulate(
        &self,
        call: &Call,
        request: v1::EncapsulateRequest,
    ) -> Result<v1::EncapsulateResponse, OperationError> {
        const OPERATION: Operation = Operation::Encapsulate;
        grant_tokens(&request.grant_tokens)?;
        let wanted = EncapsulationRequest::parse(&request.key_id, &request.encapsulation_algorithm)?;
        self.use_key(call, OPERATION, |state| {
            let key = wanted.usable_key(state, call, OPERATION)?;
            let (_, material) = self.current_material(state, &key)?;
            unless_dry_run(request.dry_run)?;
            let made = encapsulation::encapsulate(&material)?;
            let response = v1::EncapsulateResponse {
                key_id: key.arn().to_string(),
                shared_secret: made.shared_secret.expose().to_vec(),
                shared_secret_ciphertext_blob: made.ciphertext,
                encapsulation_algorithm: wanted.algorithm.to_string(),
            };
            Ok((response, key.key().name))
        })
        .await
    }
}
