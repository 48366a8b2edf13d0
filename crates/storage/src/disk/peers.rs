//! What this node remembers of its peers, durably: the disk each node id had and the highest boot
//! count seen from it. This is what keeps an old disk image or an emptied disk from voting again.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use prost::Message;

use super::StoreId;
use crate::error::StorageError;
use crate::log::LogStore;

const PREFIX: &str = "peer/";

/// What a peer says about itself in an internal call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerPresence {
    /// The id of its disk.
    pub store_id: StoreId,
    /// Its boot count.
    pub boot_count: u64,
    /// Its boot nonce.
    pub boot_nonce: [u8; 16],
}

/// Why a peer must not be answered.
#[derive(Debug, thiserror::Error)]
pub enum PeerRefused {
    /// The node id is known with another disk.
    #[error("node {node_id} came with store {found}, but its store is {expected}")]
    OtherStore {
        /// Which node.
        node_id: u64,
        /// The store it had.
        expected: StoreId,
        /// The store it came with.
        found: StoreId,
    },
    /// It showed a boot count below the highest one seen: an old copy of its disk, or a call that
    /// was overtaken by its next raise (the peer repeats that one with its new count).
    #[error("node {node_id} came with boot count {found}, but {highest} has been seen")]
    OlderBoot {
        /// Which node.
        node_id: u64,
        /// The highest count seen.
        highest: u64,
        /// The count it came with.
        found: u64,
    },
    /// Two different lives claim one boot count: copies of one disk are running.
    #[error(
        "node {node_id} came with boot count {count} under another nonce: two copies of its disk are running"
    )]
    OtherNonce {
        /// Which node.
        node_id: u64,
        /// The count both claim.
        count: u64,
    },
    /// The change could not be remembered, so it must not be answered.
    #[error("cannot remember node {node_id}: {source}")]
    Storage {
        /// Which node.
        node_id: u64,
        /// What failed.
        source: StorageError,
    },
}

/// A peer row. Field numbers only grow.
#[derive(Clone, PartialEq, Message)]
struct PeerRow {
    #[prost(bytes = "vec", tag = "1")]
    store_id: Vec<u8>,
    #[prost(uint64, tag = "2")]
    boot_count: u64,
    #[prost(bytes = "vec", tag = "3")]
    boot_nonce: Vec<u8>,
}

/// The table of all peers ever met.
pub(super) struct PeerTable {
    known: RwLock<BTreeMap<u64, PeerPresence>>,
    changing: tokio::sync::Mutex<()>,
}

impl PeerTable {
    pub(super) fn open(log: &LogStore) -> Result<Self, StorageError> {
        let mut known = BTreeMap::new();
        for (name, row) in log.rows(PREFIX)? {
            let damaged = || StorageError::Corrupt(format!("row {name:?} does not decode"));
            let node_id = name
                .strip_prefix(PREFIX)
                .and_then(|id| id.parse().ok())
                .ok_or_else(damaged)?;
            let row = PeerRow::decode(row).map_err(|_| damaged())?;
            let presence = PeerPresence {
                store_id: StoreId::from_slice(&row.store_id)?,
                boot_count: row.boot_count,
                boot_nonce: row.boot_nonce.as_slice().try_into().map_err(|_| damaged())?,
            };
            known.insert(node_id, presence);
        }
        Ok(Self {
            known: RwLock::new(known),
            changing: tokio::sync::Mutex::new(()),
        })
    }

    /// Judges a peer; what changes is durable before it is answered, and one change is made at a
    /// time so that the highest count on disk never goes back.
    pub(super) async fn check(
        &self,
        log: &LogStore,
        node_id: u64,
        presence: PeerPresence,
        expected: Option<StoreId>,
    ) -> Result<(), PeerRefused> {
        if !self.judge(node_id, presence, expected)? {
            return Ok(());
        }
        let _one_at_a_time = self.changing.lock().await;
        if !self.judge(node_id, presence, expected)? {
            return Ok(());
        }
        let row = PeerRow {
            store_id: presence.store_id.0.to_vec(),
            boot_count: presence.boot_count,
            boot_nonce: presence.boot_nonce.to_vec(),
        };
        log.put_row(format!("{PREFIX}{node_id}"), Some(row.encode_to_vec().into()))
            .await
            .map_err(|source| PeerRefused::Storage { node_id, source })?;
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(node_id, presence);
        Ok(())
    }

    /// Whether the presence is new and must be remembered, or why it is refused. Membership is the
    /// authority on a node's store; without it the first store met counts.
    fn judge(
        &self,
        node_id: u64,
        presence: PeerPresence,
        expected: Option<StoreId>,
    ) -> Result<bool, PeerRefused> {
        let known = self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&node_id)
            .copied();
        let found = presence.store_id;
        let refused = |expected| PeerRefused::OtherStore {
            node_id,
            expected,
            found,
        };
        if let Some(expected) = expected
            && expected != found
        {
            return Err(refused(expected));
        }
        let Some(known) = known else { return Ok(true) };
        if known.store_id != found {
            // Only membership can say that the node has another store now.
            return if expected.is_some() {
                Ok(true)
            } else {
                Err(refused(known.store_id))
            };
        }
        if presence.boot_count < known.boot_count {
            let (highest, found) = (known.boot_count, presence.boot_count);
            return Err(PeerRefused::OlderBoot {
                node_id,
                highest,
                found,
            });
        }
        if presence.boot_count > known.boot_count {
            return Ok(true);
        }
        if presence.boot_nonce != known.boot_nonce {
            return Err(PeerRefused::OtherNonce {
                node_id,
                count: known.boot_count,
            });
        }
        Ok(false)
    }
}
