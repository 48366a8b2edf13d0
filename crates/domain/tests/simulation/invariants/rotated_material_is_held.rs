//! Architecture invariant 9: when rotated material becomes what encrypts, every replica of the primary's set at that
//! moment, Creating ones included, holds it in truth, not only by the primary's book.

use super::{Invariant, Seen, copy_in, has_ended, key_changes};
use kms_domain::multi_region::Role;

pub(crate) struct RotatedMaterialIsHeld;

impl Invariant for RotatedMaterialIsHeld {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for (before, after) in key_changes(seen) {
            let Some((key, copy)) = after.and_then(|k| Some((k, k.multi_region.as_ref()?))) else {
                continue;
            };
            let Some(current) = key.current_material else {
                continue;
            };
            if seen.here.state.material(&key.name, &current).is_none() {
                return Err(format!(
                    "{} encrypts {} under material it lacks",
                    seen.here.name, key.name.key_id
                ));
            }
            let became_current = before.is_some_and(|b| b.current_material != key.current_material);
            if !became_current || copy.role == Role::Replica {
                continue;
            }
            for (name, replica) in &copy.replicas {
                let Some(there) = seen.regions.iter().find(|r| r.name == *name && !r.restored) else {
                    continue;
                };
                let lives = copy_in(there, &key.name).is_some_and(|c| c.incarnation == replica.incarnation);
                let holds = lives && there.state.material(&key.name, &current).is_some();
                if !holds && !has_ended(there, &key.name, replica.incarnation) {
                    return Err(format!(
                        "{} encrypts {} under material that {name} does not hold",
                        seen.here.name, key.name.key_id
                    ));
                }
            }
        }
        Ok(())
    }
}
