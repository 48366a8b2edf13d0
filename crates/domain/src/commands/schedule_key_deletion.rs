//! ScheduleKeyDeletion.

use super::{Outcome, key_whose_rights_end, replace_key};
use crate::command::ScheduleKeyDeletion;
use crate::key::{Deletion, DeletionDeadline};
use crate::limits::PENDING_WINDOW_DAYS;
use crate::{Changes, Effect, KmsError, Operation, Proposal, Reply, State};

/// Starts the waiting period, or, on a primary with replicas, the wait for them to go.
pub(crate) fn handle(state: &State, proposal: &Proposal, command: &ScheduleKeyDeletion) -> Outcome {
    let key = key_whose_rights_end(state, &command.key, Operation::ScheduleKeyDeletion)?;
    let days = command.pending_window_days;
    if !PENDING_WINDOW_DAYS.contains(&days) {
        return Err(KmsError::Validation(format!(
            "PendingWindowInDays must be between {} and {}",
            PENDING_WINDOW_DAYS.start(),
            PENDING_WINDOW_DAYS.end()
        )));
    }
    let deletion = if key.has_replicas() {
        Deletion {
            pending_window_days: days,
            shown_date: None,
            deadline: DeletionDeadline::AwaitingReplicas,
        }
    } else {
        Deletion {
            pending_window_days: days,
            shown_date: Some(proposal.time.plus_days(days)),
            deadline: DeletionDeadline::StartsAtNextPulse,
        }
    };
    let mut changes = Changes::none();
    replace_key(&mut changes, key, |key| {
        key.deletion = Some(deletion);
        key.raise_authz_revision();
    });
    changes.effect(Effect::Evict {
        key: command.key,
        material: None,
    });
    let deletion_date = deletion.shown_date;
    Ok((Reply::DeletionScheduled { deletion_date }, changes))
}
