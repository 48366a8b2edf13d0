//! DeleteImportedKeyMaterial: the bytes go, what recognizes them stays.

use super::Call;
use super::authorization::authorize_key;
use super::change::Decided;
use super::import_key_material::{material_id, shown_material_id, symmetric_only};
use super::service::Service;
use super::validation::KeyForms;
use crate::errors::OperationError;
use kms_domain::command::DeleteImportedKeyMaterial;
use kms_domain::key_states::{Operation, check_state};
use kms_domain::{Command, KmsError, Reply, State};
use kms_proto::kms::v1;

impl Service {
    /// Deletes imported material, the current one unless another is named. The key cannot be used until the same bytes
    /// are imported again.
    pub async fn delete_imported_key_material(
        &self,
        call: &Call,
        request: v1::DeleteImportedKeyMaterialRequest,
    ) -> Result<v1::DeleteImportedKeyMaterialResponse, OperationError> {
        const OPERATION: Operation = Operation::DeleteImportedKeyMaterial;
        let named = material_id(request.key_material_id.as_deref())?;
        let authorize = |state: &State| {
            let id = &request.key_id;
            authorize_key(state, call, OPERATION, "keyId", id, KeyForms::IdOrArn)
        };
        let (reply, view) = self
            .change(call, OPERATION, &request, authorize, |_, key| {
                check_state(&key.key, OPERATION, &key.arn)?;
                symmetric_only("KeyMaterialId", named.is_some(), key)?;
                let command = DeleteImportedKeyMaterial {
                    key: key.name,
                    material_id: named,
                };
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::DeleteImportedKeyMaterial(command),
                })
            })
            .await?;
        let Reply::KeyMaterialDeleted { material_id } = reply else {
            let text = "DeleteImportedKeyMaterial was answered with another reply";
            return Err(KmsError::Internal(text.into()).into());
        };
        let key = authorize(&view.state)?;
        Ok(v1::DeleteImportedKeyMaterialResponse {
            key_id: key.arn.to_string(),
            key_material_id: material_id.and_then(|id| shown_material_id(&key, id)),
        })
    }
}
