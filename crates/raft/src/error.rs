//! What callers of a node are told when Raft cannot do what they ask. Refusals of the key-management
//! state machine are replies, never errors of this crate.

use std::io;

use crate::type_config::NodeId;

/// Why a proposal has no outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// This node does not lead, and the call asked not to be forwarded. Nothing was appended.
    #[error("this node does not lead; leader: {leader:?}")]
    NotLeader {
        /// The leader, if this node knows one.
        leader: Option<NodeId>,
    },
    /// The proposal may have been appended and may still commit; only its request id can tell.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// The proposal was not appended: no leader or quorum in time.
    #[error("not available: {0}")]
    Unavailable(String),
    /// The proposal was not appended: too many are waiting, here or on the leader. Not tried again: that would only
    /// add to them.
    #[error("too busy: {0}")]
    Overloaded(String),
    /// This node has stopped and will not answer again.
    #[error("the node has stopped: {0}")]
    Fatal(String),
}

/// Why a linearizable view could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No leader, no quorum, or the local log did not catch up in time.
    #[error("not available: {0}")]
    Unavailable(String),
    /// Too many reads are waiting, here or on the leader. Not tried again: that would only add to them.
    #[error("too busy: {0}")]
    Overloaded(String),
    /// This node has stopped and will not answer again.
    #[error("the node has stopped: {0}")]
    Fatal(String),
}

/// Why membership was not changed, or leadership not moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    /// Only the leader changes membership.
    #[error("this node does not lead; leader: {leader:?}")]
    NotLeader {
        /// The leader, if this node knows one.
        leader: Option<NodeId>,
    },
    /// The change makes no sense in the present membership; nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// The node to add could not be asked for its store, or did not catch up in time.
    #[error("{0}")]
    Unreachable(String),
    /// The change may or may not have happened; look at the status.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// This node has stopped and will not answer again.
    #[error("the node has stopped: {0}")]
    Fatal(String),
}

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings contradict each other.
    #[error("settings: {0}")]
    Settings(String),
    /// The disk cannot serve this node any more, or not yet.
    #[error(transparent)]
    Storage(#[from] kms_storage::StorageError),
    /// The state could not be rebuilt.
    #[error("{0}")]
    State(String),
    /// Reading the log or a snapshot failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Why a region was not bootstrapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    /// The members given are not a region with this node in it.
    #[error("{0}")]
    Refused(String),
    /// A member did not tell its store.
    #[error("{0}")]
    Unreachable(String),
    /// The first command was not applied.
    #[error(transparent)]
    Propose(#[from] ProposeError),
}
