//! What a primary believes a replica to hold, that replica holds, unless its life has ended since.

use super::{Invariant, Seen, copy_in, has_ended};
use kms_domain::multi_region::Role;
use kms_domain::rows::Row;

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
