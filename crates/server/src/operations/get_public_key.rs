//! GetPublicKey: the public half of an asymmetric key.

use super::Call;
use super::authorization::authorize_key;
use super::metadata::{names, older_spec_name};
use super::service::Service;
use super::validation::{KeyForms, grant_tokens};
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_domain::{KmsError, UsableKey};
use kms_proto::kms::v1;

impl Service {
    /// The public key, and what it may be used for.
    pub async fn get_public_key(
        &self,
        call: &Call,
        request: v1::GetPublicKeyRequest,
    ) -> Result<v1::GetPublicKeyResponse, OperationError> {
        const OPERATION: Operation = Operation::GetPublicKey;
        grant_tokens(&request.grant_tokens)?;
        self.look(call, |state| {
            let key = authorize_key(state, call, OPERATION, "keyId", &request.key_id, KeyForms::Any)?;
            let usable = UsableKey::check(state, &key.name, OPERATION)?;
            let (spec, usage) = (key.key.spec, key.key.usage);
            if !spec.is_asymmetric() {
                return Err(KmsError::UnsupportedOperation(format!(
                    "{} key spec is {spec} which is not valid for GetPublicKey.",
                    key.arn
                ))
                .into());
            }
            let (_, material) = self.current_material(state, &usable)?;
            let public_key = material.public_key_der().unwrap_or_default().to_vec();
            Ok(v1::GetPublicKeyResponse {
                key_id: key.arn.to_string(),
                public_key,
                customer_master_key_spec: older_spec_name(spec),
                key_spec: spec.to_string(),
                key_usage: usage.to_string(),
                encryption_algorithms: names(spec.encryption_algorithms(usage)),
                signing_algorithms: names(spec.signing_algorithms(usage)),
                key_agreement_algorithms: names(spec.key_agreement_algorithms(usage)),
                encapsulation_algorithms: names(spec.encapsulation_algorithms(usage)),
            })
        })
        .await
    }
}
