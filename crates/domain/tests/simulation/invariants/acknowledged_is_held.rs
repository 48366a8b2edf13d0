//! What a primary believes a replica to hold, that replica holds, unless its life has ended since. A primary whose role
//! was taken over may not have heard yet that imported material, which was never current, has been deleted for good.

use super::{Invariant, Seen, copy_in, has_ended};
use kms_domain::key::Key;
use kms_domain::multi_region::Role;
use kms_domain::rows::Row;
use std::sync::Arc;

pub(crate) struct AcknowledgedIsHeld;

impl Invariant for AcknowledgedIsHeld {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for change in seen.changes {
            let Some(Row::Material(material)) = &change.after else {
                continue;
            };
            let Some(copy) = copy_in(seen.here, &material.key).filter(|c| c.role == Role::Primary) else {
                continue;
            };
            let waits = |key: &Arc<Key>| key.imported_pending() == Some(material.material_id);
            if !copy.decides_shared_state() && seen.here.state.key(&material.key).is_some_and(waits) {
                continue;
            }
            for name in &material.held_by {
                let (Some(replica), Some(there)) = (
                    copy.replicas.get(name),
                    seen.regions.iter().find(|r| r.name == *name && !r.restored),
                ) else {
                    continue;
                };
                let held = there.state.material(&material.key, &material.material_id);
                if held.is_none() && !has_ended(there, &material.key, replica.incarnation) {
                    return Err(format!(
                        "{} believes that {name} holds a material of {}",
                        seen.here.name, material.key.key_id
                    ));
                }
            }
        }
        Ok(())
    }
}
