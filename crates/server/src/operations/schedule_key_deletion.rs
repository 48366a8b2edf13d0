//! ScheduleKeyDeletion: starts the waiting period after which a key and its material are destroyed.

use super::Call;
use super::authorization::authorize_key;
use super::change::Decided;
use super::metadata::timestamp;
use super::service::Service;
use super::validation::{KeyForms, number_within};
use crate::errors::OperationError;
use kms_domain::command::ScheduleKeyDeletion;
use kms_domain::key_states::Operation;
use kms_domain::limits::{PENDING_WINDOW_DAYS, PENDING_WINDOW_DAYS_DEFAULT};
use kms_domain::{Command, Reply};
use kms_proto::kms::v1;

impl Service {
    /// Starts the waiting period. A primary with replicas waits for them first.
    pub async fn schedule_key_deletion(
        &self,
        call: &Call,
        request: v1::ScheduleKeyDeletionRequest,
    ) -> Result<v1::ScheduleKeyDeletionResponse, OperationError> {
        const OPERATION: Operation = Operation::ScheduleKeyDeletion;
        let pending_window_days = match request.pending_window_in_days {
            None => PENDING_WINDOW_DAYS_DEFAULT,
            Some(days) => {
                let (min, max) = (*PENDING_WINDOW_DAYS.start(), *PENDING_WINDOW_DAYS.end());
                number_within("pendingWindowInDays", days, min, max)?
            }
        };
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
        let (reply, view) = self
            .change(call, OPERATION, &request, authorize, |_, key| {
                let command = ScheduleKeyDeletion {
                    key: key.name,
                    pending_window_days,
                };
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::ScheduleKeyDeletion(command),
                })
            })
            .await?;
        let deletion_date = match reply {
            Reply::DeletionScheduled { deletion_date } => deletion_date.map(timestamp),
            _ => None,
        };
        let key = authorize(&view.state)?;
        Ok(v1::ScheduleKeyDeletionResponse {
            key_id: key.arn.to_string(),
            deletion_date,
            key_state: key.key.state().as_str().to_owned(),
            pending_window_in_days: i32::try_from(pending_window_days).unwrap_or(i32::MAX),
        })
    }
}
