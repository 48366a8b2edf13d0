//! ReplicateKey, on the primary.

use super::rules::{check_description, check_policy, check_tags, check_text_bytes};
use super::update_primary_region::deciding_primary;
use super::{Outcome, current_region};
use crate::command::ReplicateKey;
use crate::key::Key;
use crate::limits::REPLICAS_PER_KEY_MAX;
use crate::multi_region::{MultiRegion, Replica, ReplicaCreation, ReplicaPhase, shared_change};
use crate::vocabulary::{KeyArn, KeyOrigin};
use crate::{Changes, KmsError, Operation, Proposal, State, UsableKey};

/// Says what the command changes: the replica is Creating from now on, and its region is to be told.
pub(crate) fn handle(state: &State, proposal: &Proposal, command: &ReplicateKey) -> Outcome {
    let region = current_region(state)?;
    let usable = UsableKey::check(state, &command.key, Operation::ReplicateKey)?;
    let multi_region = deciding_primary(region, usable.key(), usable.arn())?;
    check_target(state, usable.key(), usable.arn(), multi_region, command)?;
    check_description(&command.description)?;
    check_policy(&command.policy)?;
    check_tags(&command.tags)?;
    let principal = proposal
        .principal
        .clone()
        .ok_or_else(|| KmsError::AccessDenied("ReplicateKey needs an authenticated caller".into()))?;
    let mut key = usable.key().as_ref().clone();
    if let Some(multi_region) = &mut key.multi_region {
        let replica = Replica {
            incarnation: command.incarnation,
            phase: ReplicaPhase::Creating,
            acknowledged: None,
            creation: Some(ReplicaCreation {
                principal,
                description: command.description.clone(),
                policy: command.policy.clone(),
                tags: command.tags.clone(),
            }),
            imports_revision: 0,
        };
        multi_region.replicas.insert(command.region.clone(), replica);
    }
    check_text_bytes(&key)?;
    let mut changes = Changes::none();
    let reply = shared_change(state, &mut changes, key);
    Ok((reply, changes))
}

fn check_target(
    state: &State,
    key: &Key,
    arn: &KeyArn,
    multi_region: &MultiRegion,
    command: &ReplicateKey,
) -> Result<(), KmsError> {
    if matches!(key.origin, KeyOrigin::AwsCloudHsm | KeyOrigin::ExternalKeyStore) {
        return Err(KmsError::UnsupportedOperation(format!(
            "{arn} origin is {} which is not valid for this operation.",
            key.origin
        )));
    }
    let target = &command.region;
    if *target == arn.region || multi_region.replicas.contains_key(target) {
        return Err(KmsError::AlreadyExists(format!(
            "Key {} already exists in region {target}.",
            key.name.key_id
        )));
    }
    if state.peer(target).is_none() {
        return Err(KmsError::RegionNotPaired(target.clone()));
    }
    if multi_region.replicas.len() >= REPLICAS_PER_KEY_MAX {
        return Err(KmsError::LimitExceeded(format!(
            "{arn} has {REPLICAS_PER_KEY_MAX} replicas, as many as it may have"
        )));
    }
    Ok(())
}
