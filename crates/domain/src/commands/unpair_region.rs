//! An administrator unpins a region that nothing here depends on.

use super::Outcome;
use crate::key::Key;
use crate::rows::{AccountStatus, RowKey};
use crate::vocabulary::RegionName;
use crate::{Changes, KmsError, Proposal, Reply, State};

/// Says what the command changes. Unpinning an unknown region changes nothing. What accounts and access keys of this
/// region it was still to be told is dropped; pinned again, it is told all of them.
pub(crate) fn handle(state: &State, _proposal: &Proposal, peer: &RegionName) -> Outcome {
    let mut changes = Changes::none();
    if state.peer(peer).is_none() {
        return Ok((Reply::Done, changes));
    }
    if let Some(key) = state.keys().find(|key| has_copy_in(key, peer)) {
        return Err(KmsError::Validation(format!(
            "region {peer} holds a copy of key {}",
            key.name.key_id
        )));
    }
    if let Some(tombstone) = state.tombstones_to_tell().find(|t| t.tell.as_ref() == Some(peer)) {
        return Err(KmsError::Validation(format!(
            "region {peer} has not yet been told that the replica of key {} is gone",
            tombstone.key.key_id
        )));
    }
    if let Some(account) = state
        .accounts()
        .find(|row| row.home == *peer && row.status != AccountStatus::Deleted)
    {
        return Err(KmsError::Validation(format!(
            "region {peer} is the home of account {}, which nobody else can disable",
            account.id
        )));
    }
    for row in state.outbox_of(peer, None) {
        changes.remove(RowKey::Outbox(peer.clone(), row.record));
    }
    changes.remove(RowKey::Peer(peer.clone()));
    Ok((Reply::Done, changes))
}

fn has_copy_in(key: &Key, peer: &RegionName) -> bool {
    key.multi_region
        .as_ref()
        .is_some_and(|m| m.epoch.region == *peer || m.replicas.contains_key(peer))
}
