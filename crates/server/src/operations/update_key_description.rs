//! UpdateKeyDescription: replaces a key's description.

use super::Call;
use super::authorization::authorize_key;
use super::change::Decided;
use super::service::Service;
use super::validation::{KeyForms, text_within};
use crate::errors::OperationError;
use kms_domain::Command;
use kms_domain::command::UpdateKeyDescription;
use kms_domain::key_states::Operation;
use kms_domain::limits::DESCRIPTION_CHARS_MAX;
use kms_proto::kms::v1;

impl Service {
    /// Replaces a key's description.
    pub async fn update_key_description(
        &self,
        call: &Call,
        request: v1::UpdateKeyDescriptionRequest,
    ) -> Result<v1::UpdateKeyDescriptionResponse, OperationError> {
        const OPERATION: Operation = Operation::UpdateKeyDescription;
        text_within("description", &request.description, 0, DESCRIPTION_CHARS_MAX)?;
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
                let command = UpdateKeyDescription {
                    key: key.name,
                    description: request.description.clone(),
                };
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::UpdateKeyDescription(command),
                })
            },
        )
        .await?;
        Ok(v1::UpdateKeyDescriptionResponse {})
    }
}
