//! GenerateMac: a message authentication code under an HMAC key.

use super::Call;
use super::encryption::unless_dry_run;
use super::message_authentication::MacRequest;
use super::service::Service;
use super::validation::grant_tokens;
use crate::errors::OperationError;
use kms_crypto::mac;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;
use zeroize::Zeroizing;

impl Service {
    /// Authenticates a message.
    pub async fn generate_mac(
        &self,
        call: &Call,
        request: v1::GenerateMacRequest,
    ) -> Result<v1::GenerateMacResponse, OperationError> {
        const OPERATION: Operation = Operation::GenerateMac;
        let message = Zeroizing::new(request.message);
        grant_tokens(&request.grant_tokens)?;
        let wanted = MacRequest::parse(&request.key_id, &message, &request.mac_algorithm)?;
        self.use_key(call, OPERATION, |state| {
            let key = wanted.usable_key(state, call, OPERATION)?;
            let (_, material) = self.current_material(state, &key)?;
            unless_dry_run(request.dry_run)?;
            let response = v1::GenerateMacResponse {
                mac: mac::generate(&material, wanted.algorithm, wanted.message)?,
                mac_algorithm: wanted.algorithm.to_string(),
                key_id: key.arn().to_string(),
            };
            Ok((response, key.key().name))
        })
        .await
    }
}
