//! Two-phase rotation: prepared material encrypts only once every replica has said that it holds it.

use super::role::Role;
use crate::key::{Key, KeyName, Material};
use crate::rotation::complete_pending;
use crate::rows::{Row, RowKey};
use crate::vocabulary::{KeyOrigin, MaterialId, RegionName, Timestamp};
use crate::{Changes, State};
use std::sync::Arc;

/// Makes the prepared material of `key` current if every replica, those still Creating included, holds it. Says
/// whether it did; the caller then writes the key as a change of shared state.
///
/// `time` is shown as the rotation date. Called wherever a holding is acknowledged or a replica leaves the set.
pub(crate) fn complete_rotation_if_held(
    state: &State,
    changes: &mut Changes,
    key: &mut Key,
    time: Timestamp,
) -> bool {
    let Some(pending) = key.rotation.pending.clone() else {
        return false;
    };
    let Some(material) = material_after(state, changes, &key.name, &pending.material_id) else {
        return false;
    };
    let held_everywhere = key.multi_region.as_ref().is_none_or(|m| {
        m.replicas
            .keys()
            .all(|replica| material.held_by.contains(replica))
    });
    if held_everywhere {
        complete_pending(state, changes, key, time);
    }
    held_everywhere
}

/// A material as it will be once `changes` are written.
pub(crate) fn material_after(
    state: &State,
    changes: &Changes,
    key: &KeyName,
    id: &MaterialId,
) -> Option<Arc<Material>> {
    match changes.pending(&RowKey::Material(*key, *id)) {
        Some(Some(Row::Material(material))) => Some(Arc::clone(material)),
        Some(_) => None,
        None => state.material(key, id).cloned(),
    }
}

/// Whether another region has acknowledged holding all materials of the key, of an imported key their bytes. False for
/// a key of one region, and on a replica of an imported key, which is not told what other regions have.
pub fn is_protected(state: &State, key: &KeyName) -> bool {
    let Some((held, multi_region)) = state.key(key).and_then(|k| Some((k, k.multi_region.as_ref()?))) else {
        return false;
    };
    match multi_region.role {
        // Whatever a complete replica holds came from the primary's region.
        Role::Replica => held.origin != KeyOrigin::External && !multi_region.creating,
        Role::Primary => multi_region
            .replicas
            .keys()
            .any(|region| state.materials_of(*key, 0).all(|m| has_bytes_of(region, m))),
    }
}

/// Whether that region has said that it has the material itself.
fn has_bytes_of(region: &RegionName, material: &Material) -> bool {
    match &material.imported {
        None => material.held_by.contains(region),
        Some(imported) => imported.imported_in.contains(region),
    }
}

/// The replicas that have not acknowledged the prepared material, on the primary; empty without a rotation under way. Of
/// an imported key, those into which the waiting material has not been imported.
pub fn rotation_blocked_by(state: &State, key: &KeyName) -> Vec<RegionName> {
    let Some(held) = state.key(key) else {
        return Vec::new();
    };
    let prepared = held
        .rotation
        .pending
        .as_ref()
        .map(|pending| pending.material_id)
        .or(held.imported_pending())
        .and_then(|id| state.material(key, &id));
    let (Some(material), Some(multi_region)) = (prepared, held.multi_region.as_ref()) else {
        return Vec::new();
    };
    if multi_region.role == Role::Replica {
        return Vec::new();
    }
    let missing = |region: &&RegionName| !has_bytes_of(region, material);
    multi_region.replicas.keys().filter(missing).cloned().collect()
}
