//! A pinned region has renewed the key to which material is sealed for it.

use super::Outcome;
use super::pair_region::{check_hpke_bytes, check_hpke_key};
use crate::command::RenewPeerHpkeKey;
use crate::rows::{PeerRegion, Row};
use crate::{Changes, Effect, KmsError, Reply, State};
use std::sync::Arc;

/// Says what the command changes: the pinned HPKE key and nothing beside it. What could not be shipped because the
/// former key had expired is shipped again.
pub(crate) fn handle(state: &State, renewal: &RenewPeerHpkeKey) -> Outcome {
    let pinned = state
        .peer(&renewal.peer)
        .filter(|pinned| pinned.incarnation == renewal.incarnation)
        .ok_or_else(|| KmsError::Validation(format!("region {} is not paired in that life", renewal.peer)))?;
    check_hpke_bytes(&renewal.hpke_public)?;
    check_hpke_key(pinned, renewal.hpke_key, &renewal.hpke_public)?;
    let mut changes = Changes::none();
    if renewal.hpke_key == pinned.hpke_key {
        return Ok((Reply::Done, changes));
    }
    changes.put(Row::Peer(Arc::new(PeerRegion {
        hpke_key: renewal.hpke_key,
        hpke_public: Arc::clone(&renewal.hpke_public),
        hpke_valid_until: renewal.hpke_valid_until,
        ..PeerRegion::clone(pinned)
    })));
    changes.effect(Effect::Ship {
        peer: renewal.peer.clone(),
    });
    Ok((Reply::Done, changes))
}
