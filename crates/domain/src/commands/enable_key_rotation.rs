//! EnableKeyRotation.

use super::Outcome;
use crate::command::EnableKeyRotation;
use crate::limits::ROTATION_PERIOD_DAYS;
use crate::multi_region::shared_change;
use crate::rotation::check_decides;
use crate::vocabulary::Timestamp;
use crate::{Changes, KmsError, Operation, Reply, State, UsableKey};

/// Switches automatic rotation on, or changes its period, which then starts anew.
pub(crate) fn handle(state: &State, command: &EnableKeyRotation) -> Outcome {
    let usable = UsableKey::check(state, &command.key, Operation::EnableKeyRotation)?;
    check_decides(usable.key(), usable.arn())?;
    let days = command.period_days;
    if !ROTATION_PERIOD_DAYS.contains(&days) {
        return Err(KmsError::Validation(format!(
            "RotationPeriodInDays must be between {} and {}",
            ROTATION_PERIOD_DAYS.start(),
            ROTATION_PERIOD_DAYS.end()
        )));
    }
    // Before the first Pulse log time is zero; a period that starts there would be over at once.
    if state.log_time() == Timestamp::default() {
        return Err(KmsError::DependencyTimeout(
            "the region's nodes have not agreed on the time yet; try again".into(),
        ));
    }
    let rotation = &usable.key().rotation;
    if rotation.automatic && rotation.period_days == days {
        return Ok((Reply::Done, Changes::none()));
    }
    let mut key = usable.key().as_ref().clone();
    key.rotation.automatic = true;
    key.rotation.period_days = days;
    key.rotation.next_date = Some(state.log_time().plus_days(days));
    key.revisions.material = key.revisions.material.saturating_add(1);
    let mut changes = Changes::none();
    let reply = shared_change(state, &mut changes, key);
    Ok((reply, changes))
}
