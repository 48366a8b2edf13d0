//! DeleteImportedKeyMaterial.

use super::{Outcome, key_whose_rights_end};
use crate::command::DeleteImportedKeyMaterial;
use crate::import::delete_materials;
use crate::key_states::wrong_origin;
use crate::vocabulary::KeyOrigin;
use crate::{Changes, KmsError, Operation, Reply, State};

/// Deletes the bytes of one material in this region. Of material that was never current the primary also forgets the
/// row, and its replicas with it; while its role is being moved the bytes go at once and the row stays, because taking a
/// right away waits for no other region. Bytes that are not here are no error.
pub(crate) fn handle(state: &State, command: &DeleteImportedKeyMaterial) -> Outcome {
    let key = key_whose_rights_end(state, &command.key, Operation::DeleteImportedKeyMaterial)?;
    let (_, arn) = state.existing_key(&command.key)?;
    if key.origin != KeyOrigin::External {
        return Err(wrong_origin(key, &arn));
    }
    let material_id = command.material_id.or(key.current_material);
    let mut changes = Changes::none();
    if let Some(id) = material_id {
        if state.material(&key.name, &id).is_none() {
            return Err(KmsError::Validation(format!(
                "Key material {id} is not associated with {arn}."
            )));
        }
        delete_materials(state, &mut changes, &key.name, &[id]);
    }
    Ok((Reply::KeyMaterialDeleted { material_id }, changes))
}
