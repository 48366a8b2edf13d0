//! Messages from other regions never touch what is regional: enabled state, policy, tags, description, and a deletion
//! that is scheduled, except that one waiting for replicas goes on when they are gone.

use super::{Invariant, Seen, key_changes};
use kms_domain::Command;
use kms_domain::key::{Deletion, DeletionDeadline, Key};

pub(crate) struct RegionalStateIsRegional;

impl Invariant for RegionalStateIsRegional {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        if !matches!(
            seen.proposal.command,
            Command::AcceptShipment(_) | Command::NoteReceipt(_)
        ) {
            return Ok(());
        }
        for (before, after) in key_changes(seen) {
            let Some(before) = before else { continue };
            let Some(after) = after else {
                return Err(format!(
                    "a message removed {} in {}",
                    before.name.key_id, seen.here.name
                ));
            };
            if regional(before) != regional(after) || !may_follow(before.deletion, after.deletion) {
                return Err(format!(
                    "a message changed what is regional of {} in {}",
                    before.name.key_id, seen.here.name
                ));
            }
        }
        Ok(())
    }
}

fn regional(key: &Key) -> impl PartialEq + use<> {
    (
        key.enabled,
        key.policy.clone(),
        key.tags.clone(),
        key.description.clone(),
        key.creation_date,
    )
}

fn may_follow(before: Option<Deletion>, after: Option<Deletion>) -> bool {
    let waited = before.is_some_and(|d| d.deadline == DeletionDeadline::AwaitingReplicas);
    let starts = after.is_some_and(|d| d.deadline == DeletionDeadline::StartsAtNextPulse);
    before == after || (waited && starts)
}
