//! What a peer said to an identity shipped to it. It settles what is due only while the revision that it names is the
//! present one, and only if the life that says so is the pinned one.

use super::note_receipt::push_back;
use super::{Outcome, current_region};
use crate::identity::IdentityId;
use crate::multi_region::{IdentityOutcome, IdentityReceipt, RecordId};
use crate::rows::RowKey;
use crate::{Changes, Effect, KmsError, Reply, State};

/// Says what the command changes.
pub(crate) fn handle(state: &State, receipt: &IdentityReceipt) -> Outcome {
    current_region(state)?;
    let peer = state.peer(&receipt.from);
    let peer = peer.ok_or_else(|| KmsError::RegionNotPaired(receipt.from.clone()))?;
    let record = RecordId::Identity(receipt.id);
    let mut changes = Changes::none();
    let is_due = state.outbox_row(&receipt.from, &record).is_some();
    let is_current = receipt.from_incarnation == peer.incarnation
        && revision_of(state, receipt.id) == Some(receipt.revision);
    let mut settled = !is_due;
    if is_due && is_current {
        match &receipt.outcome {
            IdentityOutcome::Adopted { revision } if *revision == receipt.revision => {
                changes.remove(RowKey::Outbox(receipt.from.clone(), record));
                settled = true;
            }
            IdentityOutcome::Adopted { revision } | IdentityOutcome::Stale { revision } => {
                let reason = format!("the region holds revision {revision}");
                push_back(state, &receipt.from, &record, &reason, &mut changes);
            }
            IdentityOutcome::Refused { reason } => {
                push_back(state, &receipt.from, &record, reason, &mut changes);
            }
        }
    }
    if !settled {
        changes.effect(Effect::Ship {
            peer: receipt.from.clone(),
        });
    }
    Ok((Reply::AcknowledgementNoted { settled }, changes))
}

fn revision_of(state: &State, id: IdentityId) -> Option<u64> {
    match id {
        IdentityId::Account(id) => state.account(id).map(|row| row.revision),
        IdentityId::AccessKey(id) => state.access_key(&id).map(|row| row.revision),
    }
}
