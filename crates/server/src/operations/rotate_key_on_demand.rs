//! RotateKeyOnDemand: new material now, old material kept.

use super::Call;
use super::authorization::authorize_key;
use super::change::Decided;
use super::service::Service;
use super::validation::KeyForms;
use crate::errors::OperationError;
use kms_domain::command::{NewMaterial, RotateKey};
use kms_domain::key_states::{Operation, check_state};
use kms_domain::vocabulary::KeyOrigin;
use kms_domain::{Command, Guard, check_on_demand_quota};
use kms_proto::kms::v1;

impl Service {
    /// New material now, or for an imported key the material that was imported for it. With replicas it encrypts only when every one of them holds it.
    pub async fn rotate_key_on_demand(
        &self,
        call: &Call,
        request: v1::RotateKeyOnDemandRequest,
    ) -> Result<v1::RotateKeyOnDemandResponse, OperationError> {
        const OPERATION: Operation = Operation::RotateKeyOnDemand;
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
            .change(call, OPERATION, &request, authorize, |state, key| {
                check_state(&key.key, OPERATION, &key.arn)?;
                check_on_demand_quota(&key.key, &key.arn, self.on_demand_rotations_max)?;
                if key.key.origin == KeyOrigin::External {
                    return Ok(Decided {
                        guard: key.guard.clone(),
                        command: Command::RotateToImportedMaterial(key.name),
                    });
                }
                let (material_id, wrapped) = self.wrap_new_material(state, &key.key)?;
                let guard = Guard {
                    wrapping_key: Some(wrapped.wrapping_key),
                    ..key.guard.clone()
                };
                let command = RotateKey {
                    key: key.name,
                    material: NewMaterial { material_id, wrapped },
                };
                Ok(Decided {
                    guard,
                    command: Command::RotateKeyOnDemand(command),
                })
            })
            .await?;
        let key = authorize(&view.state)?;
        Ok(v1::RotateKeyOnDemandResponse {
            key_id: key.arn.to_string(),
        })
    }
}
