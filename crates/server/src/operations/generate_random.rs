//! GenerateRandom: random bytes, under no key.

use super::Call;
use super::authorization::allow_in_account;
use super::data_key::number_of_random_bytes;
use super::service::Service;
use super::validation::no_recipient;
use crate::errors::OperationError;
use kms_crypto::data_key::generate_random;
use kms_domain::KmsError;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// 1 to 1,024 random bytes.
    pub async fn generate_random(
        &self,
        call: &Call,
        request: v1::GenerateRandomRequest,
    ) -> Result<v1::GenerateRandomResponse, OperationError> {
        no_recipient(request.recipient.as_ref())?;
        if request.custom_key_store_id.is_some() {
            return Err(
                KmsError::UnsupportedOperation("Custom key stores are not supported yet.".into()).into(),
            );
        }
        let number = request
            .number_of_bytes
            .ok_or_else(|| KmsError::Validation("NumberOfBytes is required.".into()))?;
        let length = number_of_random_bytes(number)?;
        self.look(call, |state| {
            allow_in_account(state, call, Operation::GenerateRandom)?;
            let random = self.keyring.with_rng(|rng| generate_random(length, rng));
            Ok(v1::GenerateRandomResponse {
                plaintext: random.expose().to_vec(),
                ciphertext_for_recipient: None,
            })
        })
        .await
    }
}
