//! ReEncrypt: opens under one key and seals under another, without showing the plaintext.

use super::Call;
use super::authorization::authorize_key;
use super::encryption::{OpenRequest, algorithm, ciphertext_parameter, no_modifiers, unless_dry_run};
use super::service::Service;
use super::usable::check_usable;
use super::validation::{KeyForms, encryption_context, grant_tokens};
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// Opens under the source key and seals under the destination key; both are authorized before anything opens.
    pub async fn re_encrypt(
        &self,
        call: &Call,
        request: v1::ReEncryptRequest,
    ) -> Result<v1::ReEncryptResponse, OperationError> {
        const OPERATION: Operation = Operation::ReEncrypt;
        no_modifiers(&request.dry_run_modifiers)?;
        grant_tokens(&request.grant_tokens)?;
        let source_context = encryption_context(request.source_encryption_context)?;
        let destination_context = encryption_context(request.destination_encryption_context)?;
        let from = algorithm(
            "sourceEncryptionAlgorithm",
            request.source_encryption_algorithm.as_deref(),
            &source_context,
        )?;
        let to = algorithm(
            "destinationEncryptionAlgorithm",
            request.destination_encryption_algorithm.as_deref(),
            &destination_context,
        )?;
        let open = OpenRequest {
            ciphertext: ciphertext_parameter(request.ciphertext_blob.as_deref())?,
            algorithm: from,
            context: &source_context,
            key_member: "sourceKeyId",
            key_id: request.source_key_id.as_deref(),
        };
        let re_encrypted = self.look_and_work(
            call,
            |state| {
                let (member, id) = ("destinationKeyId", &request.destination_key_id);
                let destination = authorize_key(state, call, OPERATION, member, id, KeyForms::Any)?;
                let opening = self.opening_key(state, call, OPERATION, &open)?;
                let usable = check_usable(state, &destination, OPERATION, to)?;
                Ok((opening, self.sealing_key(state, &usable, to)?))
            },
            |(opening, sealing)| {
                let (open, context) = (&open, &destination_context);
                async move {
                    let plaintext = self.open(call, &opening, open).await?;
                    let sealed = self.seal(&sealing, context, plaintext.expose())?;
                    unless_dry_run(request.dry_run)?;
                    Ok((opening, sealed))
                }
            },
        );
        let (opened, sealed) = re_encrypted.await?;
        for key in [opened.key, sealed.key] {
            self.note_use(call, key, OPERATION);
        }
        Ok(v1::ReEncryptResponse {
            source_key_material_id: opened.material_id().map(|id| id.to_string()),
            destination_key_material_id: sealed.material_id.map(|id| id.to_string()),
            ciphertext_blob: sealed.ciphertext,
            source_key_id: opened.key_arn,
            key_id: sealed.key_arn,
            source_encryption_algorithm: from.to_string(),
            destination_encryption_algorithm: to.to_string(),
        })
    }
}
