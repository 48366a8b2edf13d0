//! How connections to peers are made. This crate must not know certificates: the server supplies
//! channels that authenticate both ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kms_proto::internal::raft::v1::raft_internal_client::RaftInternalClient;
use tonic::transport::Channel;

use super::identity::LocalIdentity;
use super::peer::{Peer, RaftPeer};
use crate::settings::{MESSAGE_BYTES_MAX, RaftSettings};
use crate::type_config::{Member, NodeId};

/// Why there is no channel to a peer, for example an address that does not parse.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no channel: {0}")]
pub struct DialError(pub String);

/// Makes channels to the raft listeners of peers.
pub trait Dial: Send + Sync + 'static {
    /// A channel to `node` at `address` (`host:port`) that connects when first used, reconnects by
    /// itself, and refuses a peer whose certificate does not name this region and this node.
    ///
    /// # Errors
    /// When the address or the local certificate cannot be used.
    fn channel(&self, node: NodeId, address: &str) -> Result<Channel, DialError>;
}

/// Makes [`Peer`]s; keeps one for calls that any task makes (forwarding, reads, clocks).
pub(crate) struct Peers {
    dial: Arc<dyn Dial>,
    local: Arc<LocalIdentity>,
    settings: RaftSettings,
    shared: Mutex<HashMap<NodeId, (Member, Peer)>>,
}

impl Peers {
    pub(crate) fn new(dial: Arc<dyn Dial>, local: Arc<LocalIdentity>, settings: RaftSettings) -> Self {
        Self {
            dial,
            local,
            settings,
            shared: Mutex::new(HashMap::new()),
        }
    }

    /// A peer for replication: entries have a connection of their own, votes go over the shared one,
    /// which is there already when an election is urgent.
    pub(crate) fn for_raft(&self, node_id: NodeId, member: &Member) -> RaftPeer {
        RaftPeer {
            replication: self.connect(node_id, member),
            votes: self.shared(node_id, member),
        }
    }

    /// A peer with a connection of its own, which is made when it is first used.
    pub(crate) fn connect(&self, node_id: NodeId, member: &Member) -> Peer {
        let client = self.dial.channel(node_id, &member.address).map(|channel| {
            RaftInternalClient::new(channel)
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX)
        });
        Peer::new(
            Arc::clone(&self.local),
            node_id,
            member.clone(),
            client,
            &self.settings,
        )
    }

    /// A peer over the connection that all short calls to it share.
    pub(crate) fn shared(&self, node_id: NodeId, member: &Member) -> Peer {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, peer)) = shared.get(&node_id)
            && known == member
        {
            return peer.clone();
        }
        let peer = self.connect(node_id, member);
        shared.insert(node_id, (member.clone(), peer.clone()));
        peer
    }
}
