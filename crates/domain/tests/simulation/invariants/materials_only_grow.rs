//! A key's materials are a grow-only union: no material goes before its key goes, and an id means the same secret in
//! every region for ever.

use super::super::model_reseal::unwrap;
use super::{Invariant, Seen};
use kms_domain::key::KeyName;
use kms_domain::rows::{Row, RowKey};
use kms_domain::vocabulary::MaterialId;
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct MaterialsOnlyGrow {
    secrets: BTreeMap<(KeyName, MaterialId), Vec<u8>>,
}

impl Invariant for MaterialsOnlyGrow {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for change in seen.changes {
            let RowKey::Material(key, id) = &change.key else {
                continue;
            };
            let Some(Row::Material(material)) = &change.after else {
                if seen.here.state.key(key).is_some() {
                    return Err(format!("{} dropped a material of {}", seen.here.name, key.key_id));
                }
                continue;
            };
            let secret = unwrap(&seen.here.name, &material.wrapped)
                .ok_or_else(|| format!("{} holds material wrapped elsewhere", seen.here.name))?;
            let known = self.secrets.entry((*key, *id)).or_insert_with(|| secret.clone());
            if *known != secret {
                return Err(format!(
                    "{} holds another secret under a material id of {}",
                    seen.here.name, key.key_id
                ));
            }
            if let Some(Row::Material(before)) = &change.before
                && !(before.sequence == material.sequence && before.wrapped == material.wrapped)
            {
                return Err(format!("{} changed a material of {}", seen.here.name, key.key_id));
            }
        }
        Ok(())
    }
}
