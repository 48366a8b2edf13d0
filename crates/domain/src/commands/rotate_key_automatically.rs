//! RotateKeyAutomatically: the rotation period ended and the leader made material.

use super::Outcome;
use crate::command::RotateKey;
use crate::key::{Key, RotationKind};
use crate::rotation::{begin, check_decides, check_makes_material, check_new_material};
use crate::{Changes, Operation, Proposal, Reply, State, UsableKey};

/// Rotates a key whose date has come. Two leaders may both have made material: the second changes nothing.
pub(crate) fn handle(state: &State, proposal: &Proposal, command: &RotateKey) -> Outcome {
    // The states that forbid a rotation are the same, whoever asks for it.
    let usable = UsableKey::check(state, &command.key, Operation::RotateKeyOnDemand)?;
    check_decides(usable.key(), usable.arn())?;
    check_makes_material(usable.key())?;
    let key = usable.key();
    if !is_due(state, key) {
        return Ok((Reply::Done, Changes::none()));
    }
    check_new_material(state, key, &command.material)?;
    let mut key = key.as_ref().clone();
    let next_date = state.log_time().plus_days(key.rotation.period_days);
    key.rotation.next_date = Some(next_date);
    Ok(begin(
        state,
        proposal,
        key,
        &command.material,
        RotationKind::Automatic,
    ))
}

fn is_due(state: &State, key: &Key) -> bool {
    let rotation = &key.rotation;
    let date_has_come = rotation.next_date.is_some_and(|date| date <= state.log_time());
    rotation.automatic && rotation.pending.is_none() && date_has_come
}
