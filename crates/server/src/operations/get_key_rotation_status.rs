//! GetKeyRotationStatus: the rotation setting and what comes next.

use super::Call;
use super::authorization::authorize_key;
use super::metadata::timestamp;
use super::service::Service;
use super::validation::KeyForms;
use crate::errors::OperationError;
use kms_domain::key::RotationKind;
use kms_domain::key_states::{Operation, check_state};
use kms_proto::kms::v1;

impl Service {
    /// The rotation setting and what comes next.
    pub async fn get_key_rotation_status(
        &self,
        call: &Call,
        request: v1::GetKeyRotationStatusRequest,
    ) -> Result<v1::GetKeyRotationStatusResponse, OperationError> {
        const OPERATION: Operation = Operation::GetKeyRotationStatus;
        self.look(call, |state| {
            let key = authorize_key(
                state,
                call,
                OPERATION,
                "keyId",
                &request.key_id,
                KeyForms::IdOrArn,
            )?;
            check_state(&key.key, OPERATION, &key.arn)?;
            let rotation = &key.key.rotation;
            let pending_on_demand = rotation
                .pending
                .as_ref()
                .filter(|p| p.kind == RotationKind::OnDemand);
            Ok(v1::GetKeyRotationStatusResponse {
                key_rotation_enabled: rotation.automatic,
                key_id: key.arn.to_string(),
                rotation_period_in_days: rotation
                    .automatic
                    .then(|| i32::try_from(rotation.period_days).unwrap_or(i32::MAX)),
                next_rotation_date: rotation.next_date.filter(|_| rotation.automatic).map(timestamp),
                on_demand_rotation_start_date: pending_on_demand.map(|p| timestamp(p.started)),
            })
        })
        .await
    }
}
