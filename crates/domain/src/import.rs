//! Imported key material: whose bytes are where.
//!
//! A key of origin EXTERNAL has a row for each material that was ever current, as any other key has, and for one more
//! that waits to be. What differs is that the bytes come and go: they are deleted by their owner or when their time is
//! over, and only the same bytes come back. A key that lacks the bytes of any material but the waiting one is
//! PendingImport.
//!
//! Bytes never travel between regions. The primary's record names the materials and carries commitments to them; each
//! region imports by itself, and each replica tells the primary which bytes it has, because a rotation waits for them.

use crate::key::{Import, Imported, Key, KeyName, Material, WrappedMaterial};
use crate::multi_region::{Role, mark_dirty, material_after, shared_change};
use crate::rows::{Row, RowKey};
use crate::vocabulary::{KeyOrigin, MaterialId};
use crate::{Changes, Effect, KmsError, State};
use std::sync::Arc;

/// Checks that what a command brings is wrapped under the present wrapping key; else it is to be wrapped again.
pub(crate) fn check_wrapping_key(state: &State, wrapped: &WrappedMaterial) -> Result<(), KmsError> {
    let present = state.region().map(|region| region.wrapping_key);
    if present == Some(wrapped.wrapping_key) {
        Ok(())
    } else {
        Err(KmsError::StaleGuard)
    }
}

/// Whether this copy may change what the key's copies have in common.
pub(crate) fn may_change_shared_state(state: &State, key: &Key) -> bool {
    let decides = key.multi_region.as_ref().is_none_or(|m| m.decides_shared_state());
    decides && state.region().is_some_and(|region| !region.fenced)
}

/// A key as it will be once `changes` are written.
pub(crate) fn key_after(state: &State, changes: &Changes, name: &KeyName) -> Option<Arc<Key>> {
    match changes.pending(&RowKey::Key(*name)) {
        Some(Some(Row::Key(key))) => Some(Arc::clone(key)),
        Some(_) => None,
        None => state.key(name).cloned(),
    }
}

/// Deletes the bytes of imported materials of a key, and of the waiting material also the row where this copy may: it
/// was never current, so nobody needs it back. Materials whose bytes are not here stay as they are.
pub(crate) fn delete_materials(state: &State, changes: &mut Changes, name: &KeyName, ids: &[MaterialId]) {
    let (Some(before), Some(key)) = (state.key(name), key_after(state, changes, name)) else {
        return;
    };
    let mut key = key.as_ref().clone();
    let drops_row = may_change_shared_state(state, &key);
    let (mut changed, mut shared) = (false, false);
    for id in ids {
        let Some(material) = material_after(state, changes, name, id).filter(|m| m.imported.is_some()) else {
            continue;
        };
        let waits = key.imported_pending() == Some(*id);
        if waits && drops_row {
            remove_material(changes, &material);
            import_of(&mut key).pending = None;
            shared = true;
        } else if material.wrapped.is_some() {
            remove_bytes(changes, &material);
            // A key that imports nothing has nothing absent, whatever a damaged row says.
            if let Some(import) = key.import.as_mut().filter(|_| !waits) {
                import.absent.insert(*id);
            }
            changed = true;
        }
    }
    if !(changed || shared) {
        return;
    }
    // One log entry raises it once, whatever else in this entry did.
    key.revisions.authz = before.revisions.authz.saturating_add(1);
    key.revisions.material = key.revisions.material.saturating_add(1);
    if shared {
        shared_change(state, changes, key);
    } else {
        report_imports(state, changes, &mut key);
        changes.put(Row::Key(Arc::new(key)));
    }
}

/// Removes the row of a material, and its bytes wherever a node keeps them.
pub(crate) fn remove_material(changes: &mut Changes, material: &Material) {
    changes.remove(RowKey::Material(material.key, material.material_id));
    evict(changes, material);
}

fn remove_bytes(changes: &mut Changes, material: &Material) {
    changes.put(Row::Material(Arc::new(Material {
        wrapped: None,
        revision: material.revision.saturating_add(1),
        imported: material.imported.as_ref().map(|imported| Imported {
            expires: None,
            ..imported.clone()
        }),
        ..material.clone()
    })));
    evict(changes, material);
}

pub(crate) fn evict(changes: &mut Changes, material: &Material) {
    changes.effect(Effect::Evict {
        key: material.key,
        material: Some(material.material_id),
    });
}

/// Where the import of the key's materials stands, to be changed.
pub(crate) fn import_of(key: &mut Key) -> &mut Import {
    key.import.get_or_insert_with(Import::default)
}

/// The imported materials of a key whose bytes are here, ascending.
pub(crate) fn materials_with_bytes(state: &State, key: &KeyName) -> Vec<MaterialId> {
    let with_bytes = |m: &&Arc<Material>| m.wrapped.is_some();
    let mut ids: Vec<MaterialId> = state
        .materials_of(*key, 0)
        .filter(with_bytes)
        .map(|m| m.material_id)
        .collect();
    ids.sort_unstable();
    ids
}

/// Sees to it that the recorded primary is told which bytes are here, if `key` is a replica of an imported key. The
/// revision is raised each time: a receipt that is still on its way then settles nothing of what is said from now on.
pub(crate) fn report_imports(state: &State, changes: &mut Changes, key: &mut Key) {
    if key.origin != KeyOrigin::External {
        return;
    }
    let Some(copy) = key.multi_region.as_ref().filter(|m| m.role == Role::Replica) else {
        return;
    };
    mark_dirty(state, changes, &copy.epoch.region, key.name.into());
    key.revisions.material = key.revisions.material.saturating_add(1);
}
