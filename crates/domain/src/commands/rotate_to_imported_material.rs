//! RotateKeyOnDemand of an imported key, which rotates to material imported before.

use super::Outcome;
use crate::error::StateProblem;
use crate::import::import_of;
use crate::key::{Key, KeyName, Material, RotationKind};
use crate::limits::ON_DEMAND_ROTATIONS_MAX;
use crate::multi_region::shared_change;
use crate::rotation::{check_decides, check_on_demand_quota};
use crate::rows::Row;
use crate::vocabulary::KeyOrigin;
use crate::{Changes, KmsError, Operation, Proposal, State, UsableKey};
use std::sync::Arc;

/// Rotates at once to the material that waits: its bytes are here, and in every replica's region, so that no region
/// ever meets a ciphertext for which its owner has not imported the material there.
pub(crate) fn handle(state: &State, proposal: &Proposal, name: &KeyName) -> Outcome {
    let usable = UsableKey::check(state, name, Operation::RotateKeyOnDemand)?;
    let (held, arn) = (usable.key(), usable.arn());
    check_decides(held, arn)?;
    if held.origin != KeyOrigin::External {
        return Err(KmsError::Internal(
            "only an imported key rotates to imported key material".into(),
        ));
    }
    let Some(material) = material_held_everywhere(state, held) else {
        return Err(KmsError::InvalidState(
            arn.clone(),
            StateProblem::NoImportedMaterialToRotateTo,
        ));
    };
    check_on_demand_quota(held, arn, ON_DEMAND_ROTATIONS_MAX)?;
    let mut changes = Changes::none();
    changes.put(Row::Material(Arc::new(Material {
        rotation_date: Some(proposal.time),
        rotation_kind: Some(RotationKind::OnDemand),
        ..material.clone()
    })));
    let mut key = held.as_ref().clone();
    key.current_material = Some(material.material_id);
    import_of(&mut key).pending = None;
    key.rotation.on_demand_count = key.rotation.on_demand_count.saturating_add(1);
    key.revisions.material = key.revisions.material.saturating_add(1);
    // Which material is the current one decides what a deletion that names none deletes.
    key.raise_authz_revision();
    let reply = shared_change(state, &mut changes, key);
    Ok((reply, changes))
}

/// The material that waits, if its bytes are wherever the key is.
fn material_held_everywhere<'a>(state: &'a State, key: &Key) -> Option<&'a Material> {
    let material = state.material(&key.name, &key.imported_pending()?)?;
    let imported = material.imported.as_ref()?;
    let in_every_replica = key.multi_region.as_ref().is_none_or(|m| {
        m.replicas
            .keys()
            .all(|replica| imported.imported_in.contains(replica))
    });
    (material.wrapped.is_some() && in_every_replica).then_some(material)
}
