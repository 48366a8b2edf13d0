//! EnableKeyRotation: turns automatic rotation on, or changes its period.

use super::Call;
use super::authorization::authorize_key;
use super::change::Decided;
use super::service::Service;
use super::validation::{KeyForms, number_within};
use crate::errors::OperationError;
use kms_domain::Command;
use kms_domain::command::EnableKeyRotation;
use kms_domain::key_states::Operation;
use kms_domain::limits::{ROTATION_PERIOD_DAYS, ROTATION_PERIOD_DAYS_DEFAULT};
use kms_proto::kms::v1;

impl Service {
    /// Turns automatic rotation on. Without a period, the key keeps the one it has, or gets 365 days.
    pub async fn enable_key_rotation(
        &self,
        call: &Call,
        request: v1::EnableKeyRotationRequest,
    ) -> Result<v1::EnableKeyRotationResponse, OperationError> {
        const OPERATION: Operation = Operation::EnableKeyRotation;
        let (min, max) = (*ROTATION_PERIOD_DAYS.start(), *ROTATION_PERIOD_DAYS.end());
        let asked = request
            .rotation_period_in_days
            .map(|days| number_within("rotationPeriodInDays", days, min, max))
            .transpose()?;
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
                let kept = Some(key.key.rotation.period_days).filter(|days| *days > 0);
                let period_days = asked.or(kept).unwrap_or(ROTATION_PERIOD_DAYS_DEFAULT);
                let command = EnableKeyRotation {
                    key: key.name,
                    period_days,
                };
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::EnableKeyRotation(command),
                })
            },
        )
        .await?;
        Ok(v1::EnableKeyRotationResponse {})
    }
}
