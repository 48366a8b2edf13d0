//! Calls between the nodes of a region: who may speak, and how openraft's messages travel.

mod admission;
mod dial;
mod identity;
mod peer;
mod raft_network;
mod service;
mod snapshot_inbox;
mod snapshot_sender;
mod vote_line;

pub(crate) use admission::Admission;
pub(crate) use dial::Peers;
pub use dial::{Dial, DialError};
pub use identity::PeerIdentity;
pub(crate) use identity::{LocalIdentity, Refused};
pub(crate) use peer::{CallError, Peer};
pub(crate) use raft_network::NetworkFactory;
pub use service::RaftService;
pub(crate) use snapshot_inbox::SnapshotInbox;
pub(crate) use vote_line::VoteLine;
