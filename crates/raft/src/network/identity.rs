//! Who this node is to its peers, and whether a peer is who it must be. What the certificate proves
//! is checked by the listener's TLS; this is about disks: cluster, store and life.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kms_proto::internal::raft::v1 as pb;
use kms_storage::{DataFolder, PeerPresence, PeerRefused, StoreId};
use tokio::sync::watch;

use crate::type_config::NodeId;
use crate::wire::store_id_from_pb;

/// What the TLS layer of the raft listener found in the peer's certificate. The server puts it into
/// the extensions of every request; a request without it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIdentity {
    /// Region named by the certificate.
    pub region: String,
    /// Node named by the certificate.
    pub node_id: NodeId,
}

/// Why a peer is not spoken with. The text is safe to send: it names ids and counts only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Refused {
    pub(crate) text: String,
    /// The boot count that was seen of the same disk, if it is the life that is refused: the disk is an old copy.
    pub(crate) seen_boot_count: Option<u64>,
}

impl Refused {
    fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            seen_boot_count: None,
        }
    }
}

impl From<PeerRefused> for Refused {
    fn from(error: PeerRefused) -> Self {
        let seen_boot_count = match error {
            PeerRefused::OlderBoot { highest, .. } => Some(highest),
            PeerRefused::OtherNonce { count, .. } => Some(count),
            // Membership names the store, so another one does not become right with time; and a member that lags
            // behind may still name the one before.
            PeerRefused::OtherStore { .. } | PeerRefused::Storage { .. } => None,
        };
        Self {
            text: error.to_string(),
            seen_boot_count,
        }
    }
}

/// How long a life still counts that its successor has overtaken: a call or an answer that was under
/// way when its node raised the boot count.
const OVERTAKEN_FOR: Duration = Duration::from_secs(5);

/// The last two lives of a peer that were accepted since this process started.
struct Lives {
    current: PeerPresence,
    overtaken: Option<(PeerPresence, Instant)>,
}

/// The local side of every internal call.
pub(crate) struct LocalIdentity {
    disk: Arc<DataFolder>,
    met: Mutex<BTreeMap<NodeId, Lives>>,
    superseded: watch::Sender<Option<String>>,
}

impl LocalIdentity {
    pub(crate) fn new(disk: Arc<DataFolder>) -> Self {
        Self {
            disk,
            met: Mutex::new(BTreeMap::new()),
            superseded: watch::Sender::new(None),
        }
    }

    pub(crate) fn node_id(&self) -> NodeId {
        self.disk.identity().node_id
    }

    pub(crate) fn region(&self) -> &str {
        &self.disk.identity().region
    }

    pub(crate) fn store_id(&self) -> StoreId {
        self.disk.store_id()
    }

    /// The header of a call to `target`, or of an answer (`target` 0), in this node's present life.
    pub(crate) fn header(&self, target: NodeId) -> pb::CallHeader {
        let identity = self.disk.identity();
        let boot = self.disk.boot();
        pb::CallHeader {
            cluster_id: identity.cluster.clone(),
            region: identity.region.clone(),
            node_id: identity.node_id,
            store_id: Bytes::copy_from_slice(&self.disk.store_id().0),
            boot_count: boot.count,
            boot_nonce: Bytes::copy_from_slice(&boot.nonce),
            target_node_id: target,
        }
    }

    /// Checks that `header` comes from this cluster and region and is meant for `target`.
    pub(crate) fn check_place(&self, header: &pb::CallHeader, target: NodeId) -> Result<(), Refused> {
        let identity = self.disk.identity();
        if header.cluster_id != identity.cluster {
            return Err(Refused::plain(format!(
                "cluster {:?} is not this cluster",
                header.cluster_id
            )));
        }
        if header.region != identity.region {
            return Err(Refused::plain(format!(
                "region {:?} is not this region",
                header.region
            )));
        }
        if header.target_node_id != target {
            return Err(Refused::plain(format!(
                "the call is for node {}, not {target}",
                header.target_node_id
            )));
        }
        Ok(())
    }

    /// Checks the disk and the life that speak for a node, against `expected` if membership names a
    /// store for it. What is learned is durable when this returns.
    pub(crate) async fn check_life(
        &self,
        header: &pb::CallHeader,
        expected: Option<StoreId>,
    ) -> Result<StoreId, Refused> {
        let store_id =
            store_id_from_pb(&header.store_id).map_err(|error| Refused::plain(error.to_string()))?;
        let boot_nonce = header.boot_nonce.as_ref().try_into();
        let presence = PeerPresence {
            store_id,
            boot_count: header.boot_count,
            boot_nonce: boot_nonce.map_err(|_| Refused::plain("malformed boot nonce"))?,
        };
        match self.disk.check_peer(header.node_id, presence, expected).await {
            Ok(()) => self.note(header.node_id, presence),
            // The nonce lives in the peer's memory alone, so an old copy of its disk cannot show it.
            Err(PeerRefused::OlderBoot { .. }) if self.was_just_overtaken(header.node_id, presence) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(store_id)
    }

    /// The details of the status that refuses the life in `header`, for the caller to judge.
    pub(crate) fn life_refused(&self, header: &pb::CallHeader, seen_boot_count: u64) -> pb::LifeRefused {
        pb::LifeRefused {
            header: Some(self.header(0)),
            store_id: header.store_id.clone(),
            boot_count: header.boot_count,
            boot_nonce: header.boot_nonce.clone(),
            seen_boot_count,
        }
    }

    /// Judges the word of `member`, which TLS has authenticated, that this disk is an old copy. If it counts, the disk
    /// is marked durably, and the node stops.
    ///
    /// The word of one member is enough. A node that was refused by one member and accepted by another may be exactly
    /// the old copy whose second vote in a term loses acknowledged changes: the member that refuses it has seen the
    /// newer life, the other one was away. Asking for a majority would give up what the count is for; and a member
    /// that lies about this could as well lead the group and rewrite its log. So it matters who says it, and of what:
    /// - a member, on the disk that this node's membership names, in a life that this node does not know to be old;
    ///   not a removed node, an emptied disk or an old copy;
    /// - of the life that this node lives now; a call that an earlier life of the same disk left behind proves nothing.
    pub(crate) async fn hear_refusal(&self, from: NodeId, store_id: StoreId, refusal: &pb::LifeRefused) {
        let boot = self.disk.boot();
        let is_present_life = refusal.store_id[..] == self.disk.store_id().0[..]
            && refusal.boot_count == boot.count
            && refusal.boot_nonce[..] == boot.nonce[..];
        let Some(header) = &refusal.header else { return };
        if !is_present_life
            || refusal.seen_boot_count < boot.count
            || header.node_id != from
            || self.check_place(header, 0).is_err()
            || self.check_life(header, Some(store_id)).await.is_err()
        {
            tracing::debug!(
                peer = from,
                "a refusal that does not concern this life is ignored"
            );
            return;
        }
        let seen = refusal.seen_boot_count;
        let reason = format!("it has seen boot count {seen}, this disk is at {}", boot.count);
        tracing::error!(peer = from, %reason, "this data folder is an old copy; the node stops");
        if let Err(error) = self.disk.mark_superseded(from, reason.clone()).await {
            // The log is poisoned then, which ends the node by itself.
            tracing::error!(%error, "the data folder could not be marked as an old copy");
        }
        self.superseded.send_replace(Some(format!(
            "its data folder is an old copy, as node {from} said: {reason}"
        )));
    }

    /// Why this node must not speak any more; `None` while its disk is the newest that its peers know.
    pub(crate) fn watch_superseded(&self) -> watch::Receiver<Option<String>> {
        self.superseded.subscribe()
    }

    pub(crate) fn is_superseded(&self) -> bool {
        self.superseded.borrow().is_some()
    }

    fn note(&self, node_id: NodeId, presence: PeerPresence) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        match met.get_mut(&node_id) {
            Some(lives) if lives.current == presence => {}
            Some(lives) => {
                lives.overtaken = Some((lives.current, Instant::now()));
                lives.current = presence;
            }
            None => {
                let lives = Lives {
                    current: presence,
                    overtaken: None,
                };
                met.insert(node_id, lives);
            }
        }
    }

    fn was_just_overtaken(&self, node_id: NodeId, presence: PeerPresence) -> bool {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let overtaken = met.get(&node_id).and_then(|lives| lives.overtaken);
        overtaken.is_some_and(|(life, since)| life == presence && since.elapsed() < OVERTAKEN_FOR)
    }
}
