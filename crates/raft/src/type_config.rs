//! The types that openraft is instantiated with. Nothing here leaves the crate except [`Member`].

use std::fmt;

use bytes::Bytes;
use kms_domain::{KmsError, Reply};
use openraft::vote::RaftLeaderId;

use crate::StoreId;

/// Identifies a node within its region; never used again for another disk.
pub type NodeId = u64;

/// What the membership says of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// The random identity of the node's disk.
    pub(crate) store_id: StoreId,
    /// `host:port` of the node's raft listener.
    pub(crate) address: String,
}

impl Member {
    /// A node whose store is not known yet.
    pub(crate) fn unidentified(address: &str) -> Self {
        Self {
            store_id: StoreId([0; 16]),
            address: address.to_owned(),
        }
    }
}

impl Default for Member {
    /// No node at all; openraft's storage tests ask for it.
    fn default() -> Self {
        Self::unidentified("")
    }
}

/// A proposal as it lies in the log. It stays encoded until it is applied, so that the leader, its
/// followers and a restarted node all decode the same bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ProposalBytes(pub(crate) Bytes);

impl fmt::Debug for ProposalBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for ProposalBytes {
    /// Shows the size alone: a log entry holds wrapped material and callers' words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proposal of {} bytes", self.0.len())
    }
}

/// What applying an entry answered; none for the entries that Raft itself makes.
#[derive(Debug, Clone)]
pub(crate) struct EntryReply(pub(crate) Option<Result<Reply, KmsError>>);

openraft::declare_raft_types!(
    /// One leader in a term, as the Raft paper has it: a log id is (term, index).
    pub(crate) TypeConfig:
        D = ProposalBytes,
        R = EntryReply,
        NodeId = u64,
        Node = Member,
        LeaderId = openraft::impls::leader_id_std::LeaderId<u64, u64>,
        AsyncRuntime = RaftRuntime,
);

/// openraft's own runtime binding; reached through its re-export to keep one version in the tree.
#[allow(deprecated)]
pub(crate) type RaftRuntime = openraft::impls::TokioRuntime;

pub(crate) type LeaderId = openraft::impls::leader_id_std::LeaderId<u64, u64>;
pub(crate) type CommittedLeaderId = <LeaderId as RaftLeaderId>::Committed;
pub(crate) type LogId = openraft::LogId<CommittedLeaderId>;
pub(crate) type Vote = openraft::Vote<LeaderId>;
pub(crate) type Membership = openraft::Membership<u64, Member>;
pub(crate) type StoredMembership = openraft::StoredMembership<CommittedLeaderId, u64, Member>;
pub(crate) type Payload = openraft::EntryPayload<ProposalBytes, u64, Member>;
pub(crate) type Entry = openraft::Entry<CommittedLeaderId, Payload>;
pub(crate) type SnapshotMeta = openraft::SnapshotMeta<CommittedLeaderId, u64, Member>;

/// The log id of an entry of `term` at `index`.
pub(crate) fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(LeaderId { term, voted_for: 0 }.to_committed(), index)
}

/// The term in which an entry was appended.
pub(crate) fn term_of(log_id: &LogId) -> u64 {
    *log_id.leader_id
}
