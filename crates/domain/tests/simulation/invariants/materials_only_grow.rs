//! A key's materials are a grow-only union: no material goes before its key goes, but one that was imported and never
//! current; and an id means the same secret in every region for ever.

use super::super::model_reseal::unwrap;
use super::{Invariant, Seen, key_changes};
use kms_domain::key::KeyName;
use kms_domain::rows::{Row, RowKey};
use kms_domain::vocabulary::MaterialId;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(crate) struct MaterialsOnlyGrow {
    secrets: BTreeMap<(KeyName, MaterialId), Vec<u8>>,
    ever_current: BTreeSet<(KeyName, MaterialId)>,
}

impl Invariant for MaterialsOnlyGrow {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for (_, after) in key_changes(seen) {
            let current = after.and_then(|key| Some((key.name, key.current_material?)));
            self.ever_current.extend(current);
        }
        for change in seen.changes {
            let RowKey::Material(key, id) = &change.key else {
                continue;
            };
            let Some(Row::Material(material)) = &change.after else {
                let may_go = matches!(&change.before, Some(Row::Material(before)) if before.imported.is_some())
                    && !self.ever_current.contains(&(*key, *id));
                if seen.here.state.key(key).is_some() && !may_go {
                    return Err(format!("{} dropped a material of {}", seen.here.name, key.key_id));
                }
                continue;
            };
            let wrapped = match &material.imported {
                Some(imported) => Some(&imported.commitment),
                None => material.wrapped.as_ref(),
            };
            let secret = wrapped
                .and_then(|wrapped| unwrap(&seen.here.name, wrapped))
                .ok_or_else(|| format!("{} holds material wrapped elsewhere", seen.here.name))?;
            let known = self.secrets.entry((*key, *id)).or_insert_with(|| secret.clone());
            if *known != secret {
                return Err(format!(
                    "{} holds another secret under a material id of {}",
                    seen.here.name, key.key_id
                ));
            }
            if let Some(Row::Material(before)) = &change.before
                && !(before.sequence == material.sequence
                    && (before.wrapped == material.wrapped || material.imported.is_some()))
            {
                return Err(format!("{} changed a material of {}", seen.here.name, key.key_id));
            }
        }
        Ok(())
    }
}
