//! A new HPKE key pair of this region.

use super::{Outcome, current_region};
use crate::rows::{HpkeKeyRow, Region, Row};
use crate::{Changes, KmsError, Proposal, Reply, State};
use std::sync::Arc;

/// Says what the command changes. Earlier pairs stay, because messages in flight may name them.
pub(crate) fn handle(state: &State, _proposal: &Proposal, hpke_key: &HpkeKeyRow) -> Outcome {
    let region = current_region(state)?;
    if let Some(known) = state.hpke_key(hpke_key.id)
        && **known == *hpke_key
    {
        return Ok((Reply::Done, Changes::none()));
    }
    if hpke_key.id <= region.hpke_key {
        return Err(KmsError::Validation(format!(
            "HPKE key {} is not newer than key {}",
            hpke_key.id, region.hpke_key
        )));
    }
    let mut changes = Changes::none();
    changes.put(Row::HpkeKey(Arc::new(hpke_key.clone())));
    changes.put(Row::Region(Arc::new(Region {
        hpke_key: hpke_key.id,
        ..region.clone()
    })));
    Ok((Reply::Done, changes))
}
