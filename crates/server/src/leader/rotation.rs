//! Automatic rotation: the leader makes material for keys whose period has ended by log time.

use super::propose;
use crate::errors::OperationError;
use crate::node::Running;
use kms_domain::command::{NewMaterial, RotateKey};
use kms_domain::key::KeyName;
use kms_domain::state::Deadline;
use kms_domain::{Command, Guard, State};

/// Keys rotated at one look; the rest wait for the next.
const KEYS_PER_LOOK_MAX: usize = 100;

/// Rotates the keys that are due. A repeated command changes nothing, so two leaders do no harm.
pub(super) async fn rotate_due(running: &Running) {
    let view = running.raft.view();
    for key in due(&view.state) {
        match decide(running, &view.state, key) {
            Ok((guard, command)) => propose(running, guard, command).await,
            Err(error) => tracing::warn!(key = %key.key_id, %error, "no material for a rotation"),
        }
    }
}

fn due(state: &State) -> Vec<KeyName> {
    let Some(region) = state.region() else {
        return Vec::new();
    };
    state
        .due(region.log_time)
        .filter_map(|deadline| match deadline {
            Deadline::Rotation(key) => Some(*key),
            Deadline::Deletion(_)
            | Deadline::HandoverPatience(_)
            | Deadline::MaterialExpiry(..)
            | Deadline::ImportParametersExpiry(..) => None,
        })
        .take(KEYS_PER_LOOK_MAX)
        .collect()
}

fn decide(running: &Running, state: &State, name: KeyName) -> Result<(Guard, Command), OperationError> {
    let (key, _) = state.existing_key(&name)?;
    let (material_id, wrapped) = running.keyring.make_material(state, name, key.spec, key.origin)?;
    let guard = Guard {
        keys: vec![(name, Some(key.revisions.authz))],
        wrapping_key: Some(wrapped.wrapping_key),
        decided_at: running.clock.now(),
        ..Guard::default()
    };
    let material = NewMaterial { material_id, wrapped };
    let command = Command::RotateKeyAutomatically(RotateKey { key: name, material });
    Ok((guard, command))
}
