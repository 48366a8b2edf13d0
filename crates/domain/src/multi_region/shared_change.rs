//! The one way to change what a primary and its replicas have in common.

use super::identity_record::RecordId;
use crate::key::Key;
use crate::rows::{OutboxRow, Row, RowKey};
use crate::vocabulary::RegionName;
use crate::{Changes, Effect, Reply, State};
use std::sync::Arc;

/// Writes `key` with its shared state changed: raises the shared revision and makes every replica's outbox row dirty.
///
/// Answers the new stamp. On a key that is not multi-Region this only writes the key. The caller has checked that this copy may decide
/// ([`crate::multi_region::MultiRegion::decides_shared_state`]), or is itself the step that moves the role.
pub(crate) fn shared_change(state: &State, changes: &mut Changes, mut key: Key) -> Reply {
    let mut reply = Reply::Done;
    if let Some(multi_region) = &mut key.multi_region {
        multi_region.shared_revision = multi_region.shared_revision.saturating_add(1);
        for peer in multi_region.replicas.keys() {
            mark_dirty(state, changes, peer, key.name.into());
        }
        reply = Reply::SharedChanged(multi_region.stamp());
    }
    changes.put(Row::Key(Arc::new(key)));
    reply
}

/// Makes one outbox row dirty and asks the leader to ship. A row that is dirty already keeps the time since which it
/// is, so that the lag shown is true; an earlier refusal is forgotten, because it answered another record.
pub(crate) fn mark_dirty(state: &State, changes: &mut Changes, peer: &RegionName, record: RecordId) {
    let row_key = RowKey::Outbox(peer.clone(), record);
    let since = match changes.pending(&row_key) {
        Some(Some(Row::Outbox(row))) => row.since,
        Some(_) => state.log_time(),
        None => state
            .outbox_row(peer, &record)
            .map_or(state.log_time(), |row| row.since),
    };
    changes.put(Row::Outbox(Arc::new(OutboxRow {
        peer: peer.clone(),
        record,
        since,
        refusal: None,
    })));
    changes.effect(Effect::Ship { peer: peer.clone() });
}
