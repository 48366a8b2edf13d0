//! Ships everything to a peer again.

use super::{Outcome, current_region};
use crate::multi_region::{mark_dirty_if_told, mark_identities_dirty};
use crate::vocabulary::RegionName;
use crate::{Changes, KmsError, Proposal, Reply, State};

/// Says what the command changes. Materials that the peer has acknowledged are not sent again.
pub(crate) fn handle(state: &State, _proposal: &Proposal, peer: &RegionName) -> Outcome {
    if state.peer(peer).is_none() {
        return Err(KmsError::RegionNotPaired(peer.clone()));
    }
    let region = current_region(state)?;
    let mut changes = Changes::none();
    for key in state.keys() {
        mark_dirty_if_told(state, &mut changes, key, peer);
    }
    mark_identities_dirty(state, &mut changes, region, peer);
    Ok((Reply::Done, changes))
}
