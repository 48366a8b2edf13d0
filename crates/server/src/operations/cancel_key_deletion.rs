//! CancelKeyDeletion: ends a waiting period; the key is Disabled afterwards.

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
    /// Ends a waiting period; the key is Disabled afterwards.
    pub async fn cancel_key_deletion(
        &self,
        call: &Call,
        request: v1::CancelKeyDeletionRequest,
    ) -> Result<v1::CancelKeyDeletionResponse, OperationError> {
        const OPERATION: Operation = Operation::CancelKeyDeletion;
        let authorize = |state: &_| {
            authorize_key(
                state,
                call,
                OPERATION,
                "keyId",
                &request.key_id,
                KeyForms::IdOrArn,
            )
        };
        let (_, view) = self
            .change(call, OPERATION, &request, authorize, |_, key| {
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::CancelKeyDeletion(key.name),
                })
            })
            .await?;
        let key = authorize(&view.state)?;
        Ok(v1::CancelKeyDeletionResponse {
            key_id: key.arn.to_string(),
        })
    }
}
