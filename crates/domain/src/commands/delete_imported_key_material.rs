//! DeleteImportedKeyMaterial.

use super::{Outcome, key_whose_rights_end};
use crate::command::DeleteImportedKeyMaterial;
use crate::error::StateProblem;
use crate::import::{delete_materials, may_change_shared_state};
use crate::key::Key;
use crate::key_states::unsupported;
use crate::vocabulary::{KeyArn, KeyOrigin, MaterialId};
use crate::{Changes, KmsError, Operation, Reply, State};

/// Deletes the bytes of one material in this region. Of material that was never current the primary also forgets the
/// row, and its replicas with it. Bytes that are not here are no error: a retry, and an expiry meanwhile, end alike.
pub(crate) fn handle(state: &State, command: &DeleteImportedKeyMaterial) -> Outcome {
    let key = key_whose_rights_end(state, &command.key, Operation::DeleteImportedKeyMaterial)?;
    let (_, arn) = state.existing_key(&command.key)?;
    if key.origin != KeyOrigin::External {
        return Err(unsupported(key, &arn));
    }
    let material_id = command.material_id.or(key.current_material);
    let mut changes = Changes::none();
    if let Some(id) = material_id {
        check_may_delete(state, key, &arn, &id)?;
        delete_materials(state, &mut changes, &key.name, &[id]);
    }
    Ok((Reply::KeyMaterialDeleted { material_id }, changes))
}

/// The material is one of the key's, and if its row goes, no other region decides about that.
fn check_may_delete(state: &State, key: &Key, arn: &KeyArn, id: &MaterialId) -> Result<(), KmsError> {
    if state.material(&key.name, id).is_none() {
        return Err(KmsError::Validation(format!(
            "Key material {id} is not associated with {arn}."
        )));
    }
    let waits = key.imported_pending() == Some(*id);
    if !waits || key.is_replica() || may_change_shared_state(state, key) {
        return Ok(());
    }
    Err(
        match key.multi_region.as_ref().and_then(|m| m.handover.as_ref()) {
            Some(_) => KmsError::InvalidState(arn.clone(), StateProblem::Updating),
            None => KmsError::KeyUnavailable(arn.clone()),
        },
    )
}
