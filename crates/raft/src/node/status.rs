//! What an operator sees of a node and, on the leader, of its followers.

use kms_storage::{StateHash, StoreId};
use openraft::async_runtime::watch::WatchReceiver;
use openraft::{Instant, ServerState};

use super::Node;
use crate::state_machine::AppliedId;
use crate::type_config::NodeId;

/// What a node is in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It receives the log and does not vote.
    Learner,
    /// It votes and follows.
    Follower,
    /// It asks to be elected.
    Candidate,
    /// It leads.
    Leader,
    /// It has stopped.
    Stopped,
}

/// A member as this node knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberStatus {
    /// Its id.
    pub node_id: NodeId,
    /// Its disk.
    pub store_id: StoreId,
    /// `host:port` of its raft listener.
    pub address: String,
    /// Whether it votes.
    pub voter: bool,
    /// On the leader: the last entry known to be on the member's disk.
    pub matched_index: Option<u64>,
    /// On the leader: milliseconds since the member last answered.
    pub last_heard_ms: Option<u64>,
}

/// A node's own account of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStatus {
    /// Its id.
    pub node_id: NodeId,
    /// Its disk.
    pub store_id: StoreId,
    /// How often the disk has been started or has lived on for a minute.
    pub boot_count: u64,
    /// What it is.
    pub role: Role,
    /// The newest term it has seen.
    pub term: u64,
    /// The leader, if known.
    pub leader: Option<NodeId>,
    /// The last entry of its log.
    pub last_log_index: Option<u64>,
    /// The last entry it knows to be committed.
    pub committed_index: Option<u64>,
    /// The last entry in its state.
    pub applied: Option<AppliedId>,
    /// The hash of its state at that entry.
    pub state_hash: StateHash,
    /// The last entry in its snapshot.
    pub snapshot_index: Option<u64>,
    /// The last entry purged from its log.
    pub purged_index: Option<u64>,
    /// Size of its snapshot, in bytes.
    pub snapshot_bytes: u64,
    /// All members, in node order.
    pub members: Vec<MemberStatus>,
    /// Why the node has stopped, if it has.
    pub stopped: Option<String>,
}

impl Node {
    /// How this node stands. Reads memory only.
    pub fn status(&self) -> NodeStatus {
        let core = &self.inner.core;
        let metrics = core.raft.metrics().borrow_watched().clone();
        let view = self.view();
        let stopped = core.observed.stopped.borrow().clone();
        let membership = &metrics.membership_config;
        let voters: Vec<NodeId> = membership.voter_ids().collect();
        let matched = |id: &NodeId| metrics.replication.as_ref()?.get(id).copied().flatten();
        let heard = |id: &NodeId| {
            let at = metrics.heartbeat.as_ref()?.get(id)?.as_ref()?;
            u64::try_from(at.elapsed().as_millis()).ok()
        };
        let members = membership.nodes().map(|(node_id, member)| MemberStatus {
            node_id: *node_id,
            store_id: member.store_id,
            address: member.address.clone(),
            voter: voters.contains(node_id),
            matched_index: matched(node_id).map(|id| id.index),
            last_heard_ms: heard(node_id),
        });
        let snapshot = self.inner.snapshots.current();
        NodeStatus {
            node_id: self.node_id(),
            store_id: self.store_id(),
            boot_count: self.inner.disk.boot().count,
            role: if stopped.is_some() {
                Role::Stopped
            } else {
                role_of(metrics.state)
            },
            term: metrics.current_term,
            leader: core.observed.leadership.borrow().leader,
            last_log_index: metrics.last_log_index,
            committed_index: metrics.local_committed.map(|id| id.index),
            applied: view.applied,
            state_hash: view.hash,
            snapshot_index: snapshot.as_ref().map(|info| info.last.index),
            purged_index: self.inner.disk.log().purged().map(|mark| mark.index),
            snapshot_bytes: snapshot.as_ref().map_or(0, |info| info.size_bytes),
            members: members.collect(),
            stopped,
        }
    }
}

fn role_of(state: ServerState) -> Role {
    match state {
        ServerState::Learner => Role::Learner,
        ServerState::Follower => Role::Follower,
        ServerState::Candidate => Role::Candidate,
        ServerState::Leader => Role::Leader,
        ServerState::Shutdown => Role::Stopped,
    }
}
