//! DeriveSharedSecret: elliptic curve Diffie-Hellman between a key and another party's public key.

use super::Call;
use super::encryption::unless_dry_run;
use super::service::Service;
use super::usable::authorize_use;
use super::validation::{blob_within, grant_tokens, no_recipient, one_of};
use crate::errors::OperationError;
use kms_crypto::key_agreement;
use kms_domain::key_states::Operation;
use kms_domain::limits::PUBLIC_KEY_BYTES_MAX;
use kms_domain::vocabulary::KeyAgreementAlgorithm;
use kms_proto::kms::v1;

impl Service {
    /// The raw shared secret: the caller derives keys from it.
    pub async fn derive_shared_secret(
        &self,
        call: &Call,
        request: v1::DeriveSharedSecretRequest,
    ) -> Result<v1::DeriveSharedSecretResponse, OperationError> {
        const OPERATION: Operation = Operation::DeriveSharedSecret;
        no_recipient(request.recipient.as_ref())?;
        grant_tokens(&request.grant_tokens)?;
        blob_within("publicKey", &request.public_key, 1, PUBLIC_KEY_BYTES_MAX)?;
        let algorithm = one_of(
            "keyAgreementAlgorithm",
            &request.key_agreement_algorithm,
            KeyAgreementAlgorithm::ALL,
            KeyAgreementAlgorithm::as_str,
        )?;
        self.use_key(call, OPERATION, |state| {
            let usable = authorize_use(state, call, OPERATION, &request.key_id, algorithm)?;
            let (_, material) = self.current_material(state, &usable)?;
            let secret = key_agreement::derive_shared_secret(&material, &request.public_key)?;
            unless_dry_run(request.dry_run)?;
            let response = v1::DeriveSharedSecretResponse {
                key_id: usable.arn().to_string(),
                shared_secret: secret.expose().to_vec(),
                ciphertext_for_recipient: None,
                key_agreement_algorithm: algorithm.to_string(),
                key_origin: usable.key().origin.to_string(),
            };
            Ok((response, usable.key().name))
        })
        .await
    }
}
