//! UntagResource: removes tags from a key.

use super::Call;
use super::authorization::authorize_key;
use super::change::Decided;
use super::service::Service;
use super::validation::{KeyForms, tag_keys};
use crate::errors::OperationError;
use kms_domain::Command;
use kms_domain::command::UntagResource;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// Removes tags from a key; one that it does not have is no error.
    pub async fn untag_resource(
        &self,
        call: &Call,
        request: v1::UntagResourceRequest,
    ) -> Result<v1::UntagResourceResponse, OperationError> {
        const OPERATION: Operation = Operation::UntagResource;
        tag_keys(&request.tag_keys)?;
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
                let command = UntagResource {
                    key: key.name,
                    tag_keys: request.tag_keys.clone(),
                };
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::UntagResource(command),
                })
            },
        )
        .await?;
        Ok(v1::UntagResourceResponse {})
    }
}
