//! ImportKeyMaterial.

use super::rules::check_material_description;
use super::{Outcome, current_region};
use crate::command::ImportKeyMaterial;
use crate::error::StateProblem;
use crate::import::{check_wrapping_key, evict, import_of, report_imports};
use crate::key::{Imported, Key, Material};
use crate::multi_region::shared_change;
use crate::rotation::check_new_material;
use crate::rows::{ImportParameters, Row, UsedFor};
use crate::vocabulary::{ImportType, KeyArn, KeySpec, MaterialId};
use crate::{Changes, KmsError, Operation, Reply, State, UsableKey};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Takes the bytes over: as the key's first material, as one that waits for a rotation, or as those of a material that
/// the key has. A token serves one import; the same request again gets the same answer.
pub(crate) fn handle(state: &State, command: &ImportKeyMaterial) -> Outcome {
    let usable = UsableKey::check(state, &command.key, Operation::ImportKeyMaterial)?;
    let (key, arn) = (usable.key(), usable.arn());
    let parameters = valid_parameters(state, command)?;
    if let Some(used) = &parameters.used {
        return repeated(used, command);
    }
    check_request(state, command)?;
    let mut changes = Changes::none();
    match command.import_type {
        ImportType::Existing => import_again(state, key, arn, command, &mut changes)?,
        ImportType::New => import_new(state, key, arn, command, &mut changes)?,
    }
    let material_id = command.material.material_id;
    changes.put(Row::ImportParameters(Arc::new(ImportParameters {
        used: Some(UsedFor {
            request_sha256: command.request_sha256,
            material_id,
        }),
        ..parameters.clone()
    })));
    Ok((Reply::KeyMaterialImported { material_id }, changes))
}

/// What the token names. Log time decides when it is worth nothing more; the server's clock has asked before.
fn valid_parameters<'a>(
    state: &'a State,
    command: &ImportKeyMaterial,
) -> Result<&'a ImportParameters, KmsError> {
    let row = state
        .import_parameters(&command.key, &command.token)
        .ok_or(KmsError::InvalidImportToken)?;
    if row.expires <= state.log_time() {
        return Err(KmsError::ExpiredImportToken);
    }
    Ok(row)
}

fn repeated(used: &UsedFor, command: &ImportKeyMaterial) -> Outcome {
    if used.request_sha256 != command.request_sha256 {
        return Err(KmsError::InvalidImportToken);
    }
    let material_id = used.material_id;
    Ok((Reply::KeyMaterialImported { material_id }, Changes::none()))
}

fn check_request(state: &State, command: &ImportKeyMaterial) -> Result<(), KmsError> {
    if let Some(description) = &command.description {
        check_material_description(description)?;
    }
    if command.expires.is_some_and(|at| at <= state.log_time()) {
        return Err(KmsError::Validation("ValidTo must be in the future".into()));
    }
    check_wrapping_key(state, &command.material.wrapped)?;
    check_wrapping_key(state, &command.commitment)
}

/// The bytes of a material that the key has, whether they are here still or not. Only this region changes.
fn import_again(
    state: &State,
    held: &Key,
    arn: &KeyArn,
    command: &ImportKeyMaterial,
    changes: &mut Changes,
) -> Result<(), KmsError> {
    let id = command.matched.ok_or_else(|| incorrect(arn, "is not"))?;
    // It was there when the decision was made.
    let material = state.material(&held.name, &id).ok_or(KmsError::StaleGuard)?;
    let Some(imported) = &material.imported else {
        return Err(KmsError::Internal("the key material is not imported".into()));
    };
    check_id(command, id)?;
    let description = command.description.as_ref().unwrap_or(&imported.description);
    changes.put(Row::Material(Arc::new(Material {
        wrapped: Some(command.material.wrapped.clone()),
        revision: material.revision.saturating_add(1),
        imported: Some(Imported {
            commitment: command.commitment.clone(),
            expires: command.expires,
            description: description.clone(),
            imported_in: imported.imported_in.clone(),
        }),
        ..material.as_ref().clone()
    })));
    evict(changes, material);
    let mut key = changed(held);
    import_of(&mut key).absent.remove(&id);
    report_imports(state, changes, &mut key);
    changes.put(Row::Key(Arc::new(key)));
    Ok(())
}

/// Bytes that the key has not had. The first become current; others wait for a rotation.
fn import_new(
    state: &State,
    held: &Key,
    arn: &KeyArn,
    command: &ImportKeyMaterial,
    changes: &mut Changes,
) -> Result<(), KmsError> {
    if command.matched.is_some() {
        return Err(incorrect(arn, "is already"));
    }
    check_may_have_more(state, held, arn)?;
    check_new_material(state, held, &command.material)?;
    let mut key = changed(held);
    let id = command.material.material_id;
    if key.current_material.is_none() {
        key.current_material = Some(id);
    } else {
        import_of(&mut key).pending = Some(id);
    }
    changes.put(Row::Material(Arc::new(Material {
        key: key.name,
        material_id: id,
        sequence: key.next_material_sequence,
        wrapped: Some(command.material.wrapped.clone()),
        revision: 0,
        rotation_date: None,
        rotation_kind: None,
        held_by: BTreeSet::new(),
        imported: Some(Imported {
            commitment: command.commitment.clone(),
            expires: command.expires,
            description: command.description.clone().unwrap_or_default(),
            imported_in: BTreeSet::new(),
        }),
    })));
    key.next_material_sequence = key.next_material_sequence.saturating_add(1);
    shared_change(state, changes, key);
    Ok(())
}

/// Only the primary's region adds material, one that waits at a time, and only where a key can rotate.
fn check_may_have_more(state: &State, key: &Key, arn: &KeyArn) -> Result<(), KmsError> {
    if key.is_replica() {
        return Err(KmsError::UnsupportedOperation(format!(
            "{arn} is a multi-Region replica key; new key material is imported into its primary key first."
        )));
    }
    if key.multi_region.as_ref().is_some_and(|m| m.handover.is_some()) {
        return Err(KmsError::InvalidState(arn.clone(), StateProblem::Updating));
    }
    if current_region(state)?.fenced {
        return Err(KmsError::KeyUnavailable(arn.clone()));
    }
    if key.current_material.is_some() && key.spec != KeySpec::SymmetricDefault {
        return Err(incorrect(arn, "is not the"));
    }
    if key.imported_pending().is_some() {
        return Err(KmsError::InvalidState(
            arn.clone(),
            StateProblem::ImportedMaterialPending,
        ));
    }
    Ok(())
}

/// The deciding node gives bytes that it recognized the id that they have.
fn check_id(command: &ImportKeyMaterial, matched: MaterialId) -> Result<(), KmsError> {
    if command.material.material_id == matched {
        return Ok(());
    }
    Err(KmsError::Internal(
        "the key material is imported under another id than it has".into(),
    ))
}

fn incorrect(arn: &KeyArn, relation: &str) -> KmsError {
    KmsError::IncorrectKeyMaterial(format!(
        "The key material in the request {relation} key material of {arn}."
    ))
}

/// The key with what every import changes: a decision on other materials is stale from now on.
fn changed(held: &Key) -> Key {
    let mut key = held.clone();
    key.raise_authz_revision();
    key.revisions.material = key.revisions.material.saturating_add(1);
    key
}
