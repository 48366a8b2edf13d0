//! VerifyMac: whether a message authentication code is the key's. It answers yes or fails, never no.

use super::Call;
use super::encryption::unless_dry_run;
use super::message_authentication::MacRequest;
use super::service::Service;
use super::validation::{blob_within, grant_tokens};
use crate::errors::OperationError;
use kms_crypto::mac;
use kms_domain::key_states::Operation;
use kms_domain::limits::SIGNATURE_BYTES_MAX;
use kms_proto::kms::v1;
use zeroize::Zeroizing;

impl Service {
    /// Checks a code that GenerateMac made, or anyone with the key.
    pub async fn verify_mac(
        &self,
        call: &Call,
        request: v1::VerifyMacRequest,
    ) -> Result<v1::VerifyMacResponse, OperationError> {
        const OPERATION: Operation = Operation::VerifyMac;
        let message = Zeroizing::new(request.message);
        grant_tokens(&request.grant_tokens)?;
        blob_within("mac", &request.mac, 1, SIGNATURE_BYTES_MAX)?;
        let wanted = MacRequest::parse(&request.key_id, &message, &request.mac_algorithm)?;
        self.use_key(call, OPERATION, |state| {
            let key = wanted.usable_key(state, call, OPERATION)?;
            let (_, material) = self.current_material(state, &key)?;
            mac::verify(&material, wanted.algorithm, wanted.message, &request.mac)?;
            unless_dry_run(request.dry_run)?;
            let response = v1::VerifyMacResponse {
                key_id: key.arn().to_string(),
                mac_valid: true,
                mac_algorithm: wanted.algorithm.to_string(),
            };
            Ok((response, key.key().name))
        })
        .await
    }
}
