//! Decapsulate: the shared secret that an encapsulation under an ML-KEM key stands for.

use super::Call;
use super::encapsulation::EncapsulationRequest;
use super::encryption::unless_dry_run;
use super::service::Service;
use super::validation::{blob_within, grant_tokens};
use crate::errors::OperationError;
use kms_crypto::encapsulation;
use kms_domain::key_states::Operation;
use kms_domain::limits::CIPHERTEXT_BYTES_MAX;
use kms_proto::kms::v1;

impl Service {
    /// Opens an encapsulation. One that was altered gives other bytes, not an error (FIPS 203, implicit rejection).
    pub async fn decapsulate(
        &self,
        call: &Call,
        request: v1::DecapsulateRequest,
    ) -> Result<v1::DecapsulateResponse, OperationError> {
        const OPERATION: Operation = Operation::Decapsulate;
        grant_tokens(&request.grant_tokens)?;
        let encapsulated = &request.shared_secret_ciphertext_blob;
        blob_within(
            "sharedSecretCiphertextBlob",
            encapsulated,
            1,
            CIPHERTEXT_BYTES_MAX,
        )?;
        let wanted = EncapsulationRequest::parse(&request.key_id, &request.encapsulation_algorithm)?;
        self.use_key(call, OPERATION, |state| {
            let key = wanted.usable_key(state, call, OPERATION)?;
            let (_, material) = self.current_material(state, &key)?;
            let secret = encapsulation::decapsulate(&material, encapsulated)?;
            unless_dry_run(request.dry_run)?;
            let response = v1::DecapsulateResponse {
                key_id: key.arn().to_string(),
                shared_secret: secret.expose().to_vec(),
                encapsulation_algorithm: wanted.algorithm.to_string(),
            };
            Ok((response, key.key().name))
        })
        .await
    }
}
