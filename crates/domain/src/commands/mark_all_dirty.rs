//! Ships everything to a peer again.

use super::Outcome;
use crate::multi_region::mark_dirty_if_told;
use crate::vocabulary::RegionName;
use crate::{Changes, KmsError, Proposal, Reply, State};

/// Says what the command changes. Materials that the peer has acknowledged are not sent again.
pub(crate) fn handle(state: &State, _proposal: &Proposal, peer: &RegionName) -> Outcome {
    if state.peer(peer).is_none() {
        return Err(KmsError::RegionNotPaired(peer.clone()));
    }
    let mut changes = Changes::none();
    for key in state.keys() {
        mark_dirty_if_told(state, &mut changes, key, peer);
    }
    Ok((Reply::Done, changes))
}
