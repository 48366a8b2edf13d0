//! TagResource: adds tags to a key or replaces their values.

use super::Call;
use super::authorization::authorize_key;
use super::change::Decided;
use super::service::Service;
use super::validation::{KeyForms, tags};
use crate::errors::OperationError;
use kms_domain::Command;
use kms_domain::command::TagResource;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// Adds tags to a key or replaces their values.
    pub async fn tag_resource(
        &self,
        call: &Call,
        request: v1::TagResourceRequest,
    ) -> Result<v1::TagResourceResponse, OperationError> {
        const OPERATION: Operation = Operation::TagResource;
        let tags = tags(request.tags.clone())?;
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
                let command = TagResource {
                    key: key.name,
                    tags: tags.clone(),
                };
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::TagResource(command),
                })
            },
        )
        .await?;
        Ok(v1::TagResourceResponse {})
    }
}
