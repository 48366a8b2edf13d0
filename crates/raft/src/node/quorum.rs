//! Whether the region can answer through this node: a leader that hears no majority, and a follower that hears no leader,
//! know of each other's end only by silence.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use openraft::Instant as _;
use openraft::async_runtime::watch::WatchReceiver;
use tokio::time::Instant;

use super::Node;
use crate::type_config::{Membership, NodeId};

/// Leases of silence after which there is no quorum for this node. Longer than a fail-over takes.
const SILENT_LEASES: u32 = 4;

/// Whether `nodes` hold a majority of the voters; during a joint change, of both sets of voters.
pub(super) fn is_quorum(membership: &Membership, nodes: &BTreeSet<NodeId>) -> bool {
    let majority = |voters: &BTreeSet<NodeId>| voters.intersection(nodes).count() > voters.len() / 2;
    membership.get_joint_config().iter().all(majority)
}

/// The last sign of a quorum: a follower heard its leader, or a leader was seen to hear a majority.
#[derive(Debug)]
pub(crate) struct QuorumHeard {
    begin: Instant,
    /// Milliseconds after `begin`.
    last: AtomicU64,
}

impl Default for QuorumHeard {
    fn default() -> Self {
        Self {
            begin: Instant::now(),
            last: AtomicU64::new(0),
        }
    }
}

impl QuorumHeard {
    /// Notes that there is a quorum now.
    pub(crate) fn now(&self) {
        self.last.fetch_max(self.elapsed_ms(), Ordering::Relaxed);
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Time since there was a quorum, or since the start.
    fn silence(&self) -> Duration {
        let last = self.last.load(Ordering::Relaxed);
        Duration::from_millis(self.elapsed_ms().saturating_sub(last))
    }
}

impl Node {
    /// Whether this node has had a sign of a quorum within the last few leases: as a leader, answers of a majority of
    /// the voters; as any other node, a message of the leader. To be called at least once a lease, since a leader's
    /// answers are looked at here. Reads memory only.
    pub fn hears_quorum(&self) -> bool {
        let core = &self.inner.core;
        let lease = self.lease();
        if self.is_leader() {
            let alive = self.heard_within(lease);
            let membership = Arc::clone(&core.observed.membership.borrow());
            if is_quorum(membership.membership(), &alive) {
                core.quorum_heard.now();
            }
        }
        core.quorum_heard.silence() < lease * SILENT_LEASES
    }

    /// After this long without a quorum's answer a leader has lost its lease.
    pub fn lease(&self) -> Duration {
        self.inner.core.settings.lease()
    }

    /// The nodes that this leader has heard lately, itself included.
    pub(super) fn heard_within(&self, within: Duration) -> BTreeSet<NodeId> {
        let metrics = self.inner.core.raft.metrics().borrow_watched().clone();
        let heard = metrics.heartbeat.unwrap_or_default().into_iter();
        let lately = heard.filter(|(_, at)| at.as_ref().is_some_and(|at| at.elapsed() < within));
        let own_id = self.node_id();
        lately.map(|(id, _)| id).chain(std::iter::once(own_id)).collect()
    }
}
