//! Who this node is to its peers, and whether a peer is who it must be. What the certificate proves
//! is checked by the listener's TLS; this is about disks: cluster, store and life.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kms_proto::internal::raft::v1 as pb;
use kms_storage::{DataFolder, PeerPresence, PeerRefused, StoreId};

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
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

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
}

impl LocalIdentity {
    pub(crate) fn new(disk: Arc<DataFolder>) -> Self {
        Self {
            disk,
            met: Mutex::new(BTreeMap::new()),
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
            return Err(Refused(format!(
                "cluster {:?} is not this cluster",
                header.cluster_id
            )));
        }
        if header.region != identity.region {
            return Err(Refused(format!("region {:?} is not this region", header.region)));
        }
        if header.target_node_id != target {
            return Err(Refused(format!(
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
        let store_id = store_id_from_pb(&header.store_id).map_err(|error| Refused(error.to_string()))?;
        let boot_nonce = header.boot_nonce.as_ref().try_into();
        let presence = PeerPresence {
            store_id,
            boot_count: header.boot_count,
            boot_nonce: boot_nonce.map_err(|_| Refused("malformed boot nonce".to_owned()))?,
        };
        match self.disk.check_peer(header.node_id, presence, expected).await {
            Ok(()) => self.note(header.node_id, presence),
            // The nonce lives in the peer's memory alone, so an old copy of its disk cannot show it.
            Err(PeerRefused::OlderBoot { .. }) if self.was_just_overtaken(header.node_id, presence) => {}
            Err(error) => return Err(Refused(error.to_string())),
        }
        Ok(store_id)
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
