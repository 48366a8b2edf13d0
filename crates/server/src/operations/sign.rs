//! Sign: a digital signature under an asymmetric key.

use super::Call;
use super::encryption::unless_dry_run;
use super::service::Service;
use super::signing::SigningRequest;
use super::validation::grant_tokens;
use crate::errors::OperationError;
use kms_crypto::{KeyMaterial, signing};
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;
use std::sync::Arc;
use zeroize::Zeroizing;

impl Service {
    /// Signs a message, its digest, or its representative.
    pub async fn sign(
        &self,
        call: &Call,
        request: v1::SignRequest,
    ) -> Result<v1::SignResponse, OperationError> {
        const OPERATION: Operation = Operation::Sign;
        let message = Arc::new(Zeroizing::new(request.message));
        grant_tokens(&request.grant_tokens)?;
        let wanted = SigningRequest::parse(
            &request.key_id,
            &message,
            request.message_type.as_deref(),
            &request.signing_algorithm,
        )?;
        let signed = self.look_and_work(
            call,
            |state| {
                let key = wanted.usable_key(state, call, OPERATION)?;
                let (_, material) = self.current_material(state, &key)?;
                unless_dry_run(request.dry_run)?;
                Ok((key.key().name, key.arn().clone(), material))
            },
            |(key, arn, material)| {
                let (algorithm, message_type) = (wanted.algorithm, wanted.message_type);
                let (message, keyring) = (Arc::clone(&message), Arc::clone(&self.keyring));
                let sign = move |material: &KeyMaterial| {
                    keyring.with_rng(|rng| signing::sign(material, algorithm, message_type, &message, rng))
                };
                async move {
                    let signature = self.private_operation(call, &material, sign).await??;
                    Ok((key, arn, signature))
                }
            },
        );
        let (key, arn, signature) = signed.await?;
        self.note_use(call, key, OPERATION);
        Ok(v1::SignResponse {
            key_id: arn.to_string(),
            signature,
            signing_algorithm: wanted.algorithm.to_string(),
        })
    }
}
