//! An administrator pins a region, or renews what is pinned.

use super::{Outcome, current_region};
use crate::limits::PEER_REGIONS_MAX;
use crate::multi_region::{
    forget_holdings, forget_imports_revision, mark_dirty_if_told, mark_identities_dirty,
};
use crate::rows::{PeerRegion, Row};
use crate::vocabulary::HpkeKeyId;
use crate::{Changes, Effect, KmsError, Proposal, Reply, State};
use std::sync::Arc;

/// Replication endpoints pinned for one region.
const ENDPOINTS_MAX: usize = 32;
/// Characters of one endpoint.
const ENDPOINT_CHARS_MAX: usize = 256;
/// Bytes of an X-Wing public key.
const HPKE_PUBLIC_BYTES: usize = 1_216;

/// Says what the command changes.
///
/// A region pinned for the first time is told of every account and access key that has its home here. One pinned in a
/// new life is asked anew for everything: what its former life acknowledged counts no longer.
pub(crate) fn handle(state: &State, _proposal: &Proposal, peer: &PeerRegion) -> Outcome {
    check(state, peer)?;
    let mut changes = Changes::none();
    let is_new_life = state
        .peer(&peer.name)
        .is_some_and(|pinned| pinned.incarnation != peer.incarnation);
    if is_new_life {
        for key in state.keys() {
            forget_holdings(state, &mut changes, key, &peer.name);
            forget_imports_revision(&mut changes, key, &peer.name);
            mark_dirty_if_told(state, &mut changes, key, &peer.name);
        }
    }
    if is_new_life || state.peer(&peer.name).is_none() {
        mark_identities_dirty(state, &mut changes, current_region(state)?, &peer.name);
    }
    changes.put(Row::Peer(Arc::new(peer.clone())));
    changes.effect(Effect::Ship {
        peer: peer.name.clone(),
    });
    Ok((Reply::Done, changes))
}

fn check(state: &State, peer: &PeerRegion) -> Result<(), KmsError> {
    let region = current_region(state)?;
    if peer.name == region.name {
        return Err(KmsError::Validation(
            "a region cannot be paired with itself".into(),
        ));
    }
    let endpoints_fit = (1..=ENDPOINTS_MAX).contains(&peer.endpoints.len())
        && peer.endpoints.iter().all(|endpoint| {
            endpoint.starts_with("https://") && endpoint.chars().count() <= ENDPOINT_CHARS_MAX
        });
    if !endpoints_fit {
        return Err(KmsError::Validation(format!(
            "a region is paired by 1 to {ENDPOINTS_MAX} https:// endpoints of at most {ENDPOINT_CHARS_MAX} characters"
        )));
    }
    check_hpke_bytes(&peer.hpke_public)?;
    match state.peer(&peer.name) {
        None if state.peers().count() >= PEER_REGIONS_MAX => Err(KmsError::LimitExceeded(format!(
            "at most {PEER_REGIONS_MAX} regions are paired"
        ))),
        Some(pinned) if pinned.incarnation == peer.incarnation => {
            check_hpke_key(pinned, peer.hpke_key, &peer.hpke_public)
        }
        _ => Ok(()),
    }
}

/// An HPKE public key has the length of its suite.
pub(super) fn check_hpke_bytes(public: &[u8]) -> Result<(), KmsError> {
    if public.len() == HPKE_PUBLIC_BYTES {
        return Ok(());
    }
    Err(KmsError::Validation(format!(
        "an HPKE public key has {HPKE_PUBLIC_BYTES} bytes"
    )))
}

/// Within one life of a region its HPKE keys only go forward, and one counter names one key.
pub(super) fn check_hpke_key(pinned: &PeerRegion, id: HpkeKeyId, public: &[u8]) -> Result<(), KmsError> {
    let goes_back = id < pinned.hpke_key;
    let differs = id == pinned.hpke_key && *public != *pinned.hpke_public;
    if goes_back || differs {
        return Err(KmsError::Validation(format!(
            "HPKE key {id} of {} is not newer than the pinned key {}",
            pinned.name, pinned.hpke_key
        )));
    }
    Ok(())
}
