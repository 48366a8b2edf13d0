//! Imported bytes are where their owner brought them and nowhere else: they come only by ImportKeyMaterial, a message of
//! another region takes them only with material that was never current, a key is usable only with the bytes of what
//! encrypts, and what rotated material is has been in every replica's region.

use super::super::model_reseal::{commit, unwrap};
use super::{Invariant, Seen, copy_in, has_ended, key_changes};
use kms_domain::key::{Key, KeyName, Material};
use kms_domain::multi_region::Role;
use kms_domain::rows::{Row, RowChange};
use kms_domain::vocabulary::{Incarnation, KeyOrigin, MaterialId, RegionName};
use kms_domain::{Command, KeyState};
use std::collections::BTreeSet;

#[derive(Default)]
pub(crate) struct ImportedBytes {
    /// Every life of a copy in a region that ever had the bytes.
    had: BTreeSet<(RegionName, Incarnation, KeyName, MaterialId)>,
}

impl Invariant for ImportedBytes {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for change in seen.changes {
            let (before, after) = (imported_row(&change.before), imported_row(&change.after));
            if let Some(after) = after {
                self.arrived(seen, before, after)?;
            }
            if let Some(before) = before {
                left(seen, change, before, after)?;
            }
        }
        for (before, after) in key_changes(seen) {
            let Some(key) = after.filter(|key| key.origin == KeyOrigin::External) else {
                continue;
            };
            usable_with_bytes(seen, key)?;
            let rotated = before
                .is_some_and(|b| b.current_material.is_some() && b.current_material != key.current_material);
            if rotated {
                self.rotated(seen, key)?;
            }
        }
        Ok(())
    }
}

fn imported_row(row: &Option<Row>) -> Option<&Material> {
    match row {
        Some(Row::Material(material)) if material.imported.is_some() => Some(material),
        _ => None,
    }
}

impl ImportedBytes {
    fn arrived(
        &mut self,
        seen: &Seen<'_>,
        before: Option<&Material>,
        after: &Material,
    ) -> Result<(), String> {
        let here = &seen.here.name;
        let Some(wrapped) = &after.wrapped else {
            return Ok(());
        };
        if before.is_none_or(|row| row.wrapped.as_ref() != Some(wrapped))
            && !matches!(seen.proposal.command, Command::ImportKeyMaterial(_))
        {
            return Err(format!("imported bytes came to {here} without an import"));
        }
        let commitment = after.imported.as_ref().map(|imported| &imported.commitment);
        let committed = commitment.and_then(|commitment| unwrap(here, commitment));
        if unwrap(here, wrapped).map(|secret| commit(&secret)) != committed {
            return Err(format!("{here} holds other bytes than were committed to"));
        }
        if let Some(copy) = copy_in(seen.here, &after.key) {
            self.had
                .insert((here.clone(), copy.incarnation, after.key, after.material_id));
        }
        Ok(())
    }

    /// On the primary, where a rotation is decided; a restored region's word counts for nothing.
    fn rotated(&self, seen: &Seen<'_>, key: &Key) -> Result<(), String> {
        let (Some(copy), Some(current)) = (&key.multi_region, key.current_material) else {
            return Ok(());
        };
        if copy.role == Role::Replica {
            return Ok(());
        }
        for (name, replica) in &copy.replicas {
            let had = (name.clone(), replica.incarnation, key.name, current);
            let Some(there) = seen.regions.iter().find(|r| r.name == *name && !r.restored) else {
                continue;
            };
            if !self.had.contains(&had) && !has_ended(there, &key.name, replica.incarnation) {
                return Err(format!(
                    "{} rotated {} to bytes that never were in {name}",
                    seen.here.name, key.name.key_id
                ));
            }
        }
        Ok(())
    }
}

fn left(
    seen: &Seen<'_>,
    change: &RowChange,
    before: &Material,
    after: Option<&Material>,
) -> Result<(), String> {
    let by_message = matches!(
        seen.proposal.command,
        Command::AcceptShipment(_) | Command::NoteReceipt(_)
    );
    let bytes_only = before.wrapped.is_some() && after.is_some_and(|row| row.wrapped.is_none());
    if by_message && bytes_only {
        return Err(format!("a message took the bytes of {:?}", change.key));
    }
    Ok(())
}

fn usable_with_bytes(seen: &Seen<'_>, key: &Key) -> Result<(), String> {
    if !matches!(
        key.state(),
        KeyState::Enabled | KeyState::Updating | KeyState::Disabled
    ) {
        return Ok(());
    }
    let waits = key.imported_pending();
    let lacking = seen
        .here
        .state
        .materials_of(key.name, 0)
        .find(|row| row.wrapped.is_none() && Some(row.material_id) != waits);
    match lacking {
        Some(row) => Err(format!(
            "{} is {:?} in {} without the bytes of {}",
            key.name.key_id,
            key.state(),
            seen.here.name,
            row.material_id
        )),
        None => Ok(()),
    }
}
