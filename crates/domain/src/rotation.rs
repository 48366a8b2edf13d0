//! Rotating a key to new material.
//!
//! A key that nobody else holds changes its material at once. Where replicas exist (Creating ones included), new
//! material is first prepared: it is offered to all, and becomes current when all have acknowledged holding it, so
//! that no region ever meets a ciphertext it cannot open.

use crate::command::NewMaterial;
use crate::error::StateProblem;
use crate::import::check_wrapping_key;
use crate::key::{Key, Material, PendingRotation, RotationKind};
use crate::multi_region::shared_change;
use crate::rows::{Row, RowKey};
use crate::vocabulary::{KeyArn, KeyOrigin, Timestamp};
use crate::{Changes, KmsError, Proposal, Reply, State};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Refuses what is true of automatic rotation settings and rotations alike: only the primary decides them.
pub(crate) fn check_decides(key: &Key, arn: &KeyArn) -> Result<(), KmsError> {
    if key.is_replica() {
        return Err(KmsError::UnsupportedOperation(format!(
            "{arn} is a multi-Region replica key; rotation is set on its primary key."
        )));
    }
    let moving = key.multi_region.as_ref().is_some_and(|m| m.handover.is_some());
    if moving {
        return Err(KmsError::InvalidState(arn.clone(), StateProblem::Updating));
    }
    Ok(())
}

/// Checks that the material can become one of this key's, and is wrapped under the present wrapping key.
pub(crate) fn check_new_material(state: &State, key: &Key, material: &NewMaterial) -> Result<(), KmsError> {
    check_wrapping_key(state, &material.wrapped)?;
    if state.material(&key.name, &material.material_id).is_some() {
        return Err(KmsError::Internal("the key material id is taken".into()));
    }
    Ok(())
}

/// Refuses material made here for a key whose material is imported.
pub(crate) fn check_makes_material(key: &Key) -> Result<(), KmsError> {
    if key.origin == KeyOrigin::External {
        return Err(KmsError::Internal(
            "key material was made for an imported key".into(),
        ));
    }
    Ok(())
}

/// Refuses one rotation on demand more than the `most` that a key may have.
///
/// # Errors
/// [`KmsError::LimitExceeded`].
pub fn check_on_demand_quota(key: &Key, arn: &KeyArn, most: u32) -> Result<(), KmsError> {
    if key.rotation.on_demand_count >= most {
        return Err(KmsError::LimitExceeded(format!(
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
             performed for this key: {arn}"
        )));
    }
    Ok(())
}

/// Rotates `key`, already checked, to `material`: at once without replicas, else by preparing it.
pub(crate) fn begin(
    state: &State,
    proposal: &Proposal,
    mut key: Key,
    material: &NewMaterial,
    kind: RotationKind,
) -> (Reply, Changes) {
    let mut changes = Changes::none();
    changes.put(Row::Material(Arc::new(Material {
        key: key.name,
        material_id: material.material_id,
        sequence: key.next_material_sequence,
        wrapped: Some(material.wrapped.clone()),
        revision: 0,
        rotation_date: None,
        rotation_kind: None,
        held_by: BTreeSet::new(),
        imported: None,
    })));
    key.next_material_sequence = key.next_material_sequence.saturating_add(1);
    key.rotation.pending = Some(PendingRotation {
        material_id: material.material_id,
        kind,
        started: proposal.time,
    });
    if kind == RotationKind::OnDemand {
        key.rotation.on_demand_count = key.rotation.on_demand_count.saturating_add(1);
    }
    if key.has_replicas() {
        key.revisions.material = key.revisions.material.saturating_add(1);
    } else {
        complete_pending(state, &mut changes, &mut key, proposal.time);
    }
    let reply = shared_change(state, &mut changes, key);
    (reply, changes)
}

/// Makes the prepared material current. The caller has seen that every replica holds it, writes the key, and makes
/// the change known ([`shared_change`]). Without a rotation under way nothing changes.
pub(crate) fn complete_pending(state: &State, changes: &mut Changes, key: &mut Key, time: Timestamp) {
    let Some(pending) = key.rotation.pending.take() else {
        return;
    };
    let row_key = RowKey::Material(key.name, pending.material_id);
    let row = match changes.pending(&row_key) {
        Some(Some(Row::Material(row))) => Some(row.clone()),
        Some(_) => None,
        None => state.material(&key.name, &pending.material_id).cloned(),
    };
    key.revisions.material = key.revisions.material.saturating_add(1);
    // Materials are never removed before their key; a pending one without a row would be a defect, and then the
    // old material goes on encrypting.
    let Some(mut row) = row else {
        return;
    };
    let material = Arc::make_mut(&mut row);
    material.rotation_date = Some(time);
    material.rotation_kind = Some(pending.kind);
    key.current_material = Some(pending.material_id);
    changes.put(Row::Material(row));
}
