//! CreateKey.

use super::rules::{check_description, check_policy, check_tags, check_text_bytes};
use super::{Outcome, current_region};
use crate::command::CreateKey;
use crate::key::{Import, Key, KeyName, Material, Revisions, Rotation};
use crate::limits::KEYS_PER_ACCOUNT_MAX;
use crate::multi_region::{MultiRegion, Role};
use crate::rotation::check_new_material;
use crate::rows::{Region, Row};
use crate::vocabulary::{Epoch, Incarnation, KeyOrigin};
use crate::{Changes, KmsError, Proposal, Reply, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Makes the key, and its first material unless that is to be imported.
pub(crate) fn handle(state: &State, proposal: &Proposal, command: &CreateKey) -> Outcome {
    let region = current_region(state)?;
    check_shape(command)?;
    check_description(&command.description)?;
    check_policy(&command.policy)?;
    check_tags(&command.tags)?;
    check_free(state, &command.name)?;
    let key = new_key(region, proposal, command);
    check_text_bytes(&key)?;
    let mut changes = Changes::none();
    if let Some(material) = &command.material {
        check_new_material(state, &key, material)?;
        changes.put(Row::Material(Arc::new(Material {
            key: key.name,
            material_id: material.material_id,
            sequence: 0,
            wrapped: Some(material.wrapped.clone()),
            revision: 0,
            rotation_date: None,
            rotation_kind: None,
            held_by: BTreeSet::new(),
            imported: None,
        })));
    }
    changes.put(Row::Key(Arc::new(key)));
    let key_id = command.name.key_id;
    Ok((Reply::KeyCreated { key_id }, changes))
}

/// Spec, usage, origin, kind of id and presence of material fit each other.
fn check_shape(command: &CreateKey) -> Result<(), KmsError> {
    let CreateKey {
        spec, usage, origin, ..
    } = command;
    if !spec.usages().contains(usage) {
        return Err(KmsError::Validation(format!(
            "KeyUsage {usage} is not compatible with KeySpec {spec}"
        )));
    }
    if matches!(origin, KeyOrigin::AwsCloudHsm | KeyOrigin::ExternalKeyStore) {
        return Err(KmsError::UnsupportedOperation(format!(
            "Origin {origin} needs a custom key store; this service has none."
        )));
    }
    let imported = *origin == KeyOrigin::External;
    if imported && !spec.can_be_imported() {
        return Err(KmsError::UnsupportedOperation(format!(
            "KeySpec {spec} is not supported for Origin {origin}."
        )));
    }
    if command.name.key_id.is_multi_region() != command.multi_region.is_some() {
        return Err(KmsError::Internal(
            "the key id's kind does not fit the key".into(),
        ));
    }
    if command.material.is_some() == imported {
        return Err(KmsError::Internal(
            "key material was made for an imported key, or not made".into(),
        ));
    }
    Ok(())
}

fn check_free(state: &State, name: &KeyName) -> Result<(), KmsError> {
    let quota = u64::try_from(KEYS_PER_ACCOUNT_MAX).unwrap_or(u64::MAX);
    if state.key_count_of(name.account) >= quota {
        return Err(KmsError::LimitExceeded(format!(
            "account {} has reached its quota of {KEYS_PER_ACCOUNT_MAX} keys",
            name.account
        )));
    }
    // A destroyed multi-Region key's id stays taken: old records of it may still be on their way.
    if state.key(name).is_some() || state.tombstone(name).is_some() {
        return Err(KmsError::AlreadyExists(format!(
            "key id {} is taken",
            name.key_id
        )));
    }
    Ok(())
}

fn new_key(region: &Region, proposal: &Proposal, command: &CreateKey) -> Key {
    Key {
        name: command.name,
        spec: command.spec,
        usage: command.usage,
        origin: command.origin,
        creation_date: proposal.time,
        description: command.description.clone(),
        policy: command.policy.clone(),
        tags: command.tags.clone(),
        enabled: true,
        deletion: None,
        rotation: Rotation::default(),
        current_material: command.material.as_ref().map(|m| m.material_id),
        import: (command.origin == KeyOrigin::External).then(Import::default),
        next_material_sequence: u64::from(command.material.is_some()),
        multi_region: command.multi_region.map(|life| first_primary(region, life)),
        revisions: Revisions::default(),
    }
}

fn first_primary(region: &Region, incarnation: Incarnation) -> MultiRegion {
    MultiRegion {
        role: Role::Primary,
        epoch: Epoch {
            counter: 1,
            region: region.name.clone(),
            incarnation: region.incarnation,
        },
        shared_revision: 1,
        epoch_promised: 1,
        incarnation,
        replicas: BTreeMap::new(),
        creating: false,
        handover: None,
        proofs: Vec::new(),
    }
}
