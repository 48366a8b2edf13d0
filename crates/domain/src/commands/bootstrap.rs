//! Bootstrap: the first command of a region's life.

use super::Outcome;
use crate::command::Bootstrap;
use crate::rows::{Region, Row};
use crate::vocabulary::Timestamp;
use crate::{Changes, KmsError, Reply, State};
use std::sync::Arc;

/// Makes the region, its first wrapping key and its first HPKE key pair. Log time starts at zero, so that no clock is
/// believed before the first Pulse has heard a majority.
pub(crate) fn handle(state: &State, command: &Bootstrap) -> Outcome {
    if state.region().is_some() {
        return Err(KmsError::Bootstrap("the region is bootstrapped already".into()));
    }
    if !is_cluster_name(&command.cluster) {
        return Err(KmsError::Validation(
            "a cluster name is 1 to 64 characters of a-z, 0-9 and hyphen".into(),
        ));
    }
    if command.wrapping_key.retired {
        return Err(KmsError::Validation("wrapping key 1 must not be retired".into()));
    }
    let mut changes = Changes::none();
    changes.put(Row::Region(Arc::new(Region {
        cluster: command.cluster.clone(),
        name: command.region.clone(),
        incarnation: command.incarnation,
        feature_level: command.feature_level,
        log_time: Timestamp::default(),
        wrapping_key: command.wrapping_key.id,
        hpke_key: command.hpke_key.id,
        signing_public: command.signing_public,
        signing_private_wrapped: command.signing_private_wrapped.clone(),
        alias_revision: 0,
        fenced: false,
    })));
    changes.put(Row::WrappingKey(Arc::new(command.wrapping_key.clone())));
    changes.put(Row::HpkeKey(Arc::new(command.hpke_key.clone())));
    Ok((Reply::Done, changes))
}

fn is_cluster_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}
