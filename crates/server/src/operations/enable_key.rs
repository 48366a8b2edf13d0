//! EnableKey: makes a disabled key usable.

use super::Call;
use super::authorization::authorize_key;
use super::change::Decided;
use super::service::Service;
use super::validation::KeyForms;
use crate::errors::OperationError;
use kms_domain::Command;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// makes a disabled key usable. Answers when no node of this region decides on the earlier state any more.
    pub async fn enable_key(
        &self,
        call: &Call,
        request: v1::EnableKeyRequest,
    ) -> Result<v1::EnableKeyResponse, OperationError> {
        const OPERATION: Operation = Operation::EnableKey;
        self.change(
            call,
            OPERATION,
            &request,
            |state| {
                authorize_key(
                    state,
                    call,
                    OPERATION,
                    "keyId",
                    &request.key_id,
                    KeyForms::IdOrArn,
                )
            },
            |_, key| {
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::EnableKey(key.name),
                })
            },
        )
        .await?;
        Ok(v1::EnableKeyResponse {})
    }
}
