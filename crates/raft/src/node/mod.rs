//! A node of a region: the state, the log and the group, behind one handle.

mod bootstrap;
mod clocks;
mod confirm;
mod membership;
mod observe;
mod presence;
mod propose;
mod quorum;
mod read;
mod read_queue;
mod start;
mod status;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use bytes::Bytes;
use kms_domain::Proposal;
use kms_domain::vocabulary::Timestamp;
use kms_proto::internal::raft::v1::raft_internal_server::RaftInternalServer;
use kms_storage::{DataFolder, LogStore, SnapshotStore, StoreId};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use membership::NewNode;
pub use observe::Leadership;
pub(crate) use observe::Observed;
pub use propose::Applied;
pub(crate) use quorum::QuorumHeard;
pub(crate) use read::LeaderAnswer;
pub use start::{NodeOptions, Started};
pub use status::{MemberStatus, NodeStatus, Role};

use crate::error::{ProposeError, ReadError};
use crate::network::{Admission, LocalIdentity, Peer, Peers, RaftService, SnapshotInbox, VoteLine};
use crate::settings::RaftSettings;
use crate::state_machine::{StateMachine, View};
use crate::type_config::{NodeId, TypeConfig};

pub(crate) type RaftHandle = openraft::Raft<TypeConfig, StateMachine>;

/// The wall clock, injected.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The wait between two tries while nobody leads or the leader does not answer.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// The longest that a shutdown waits for the Raft core, and for the log.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// The longest that a shutdown waits for another node to take the lead.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(2);

/// A node of a region. Cheap to clone; all clones are one node.
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

/// What all parts of a node share.
pub(crate) struct Inner {
    pub(crate) core: Arc<Core>,
    pub(crate) admission: Admission,
    pub(crate) inbox: SnapshotInbox,
    disk: Arc<DataFolder>,
    snapshots: SnapshotStore,
    pub(crate) cancel: CancellationToken,
}

/// What proposals and reads need.
pub(crate) struct Core {
    pub(crate) raft: RaftHandle,
    pub(crate) local: Arc<LocalIdentity>,
    pub(crate) clock: Clock,
    pub(crate) settings: RaftSettings,
    peers: Arc<Peers>,
    observed: Observed,
    views: watch::Receiver<Arc<View>>,
    readers: read_queue::ReadQueue,
    /// Which of the others a leader asks for its vote: counted up when one did not confirm.
    confirming_turn: AtomicUsize,
    pub(crate) vote_line: VoteLine,
    log: LogStore,
    proposals_waiting: Semaphore,
    proposals_waiting_bytes: Semaphore,
    /// Which root key this node holds; not secret.
    pub(crate) root_key_id: [u8; 16],
    /// When there was last a sign of a quorum.
    pub(crate) quorum_heard: QuorumHeard,
}

impl Core {
    /// A member to call, if the membership names it.
    pub(crate) fn peer(&self, node_id: NodeId) -> Option<Peer> {
        let membership = Arc::clone(&self.observed.membership.borrow());
        let member = membership.get_node(&node_id)?;
        Some(self.peers.shared(node_id, member))
    }

    /// Waits until another try may go better: another leader, or a little time. `false` if the
    /// deadline comes first.
    async fn pause_before_retry(&self, tried: Option<NodeId>, deadline: Instant) -> bool {
        let retry_at = Instant::now() + RETRY_PAUSE;
        // A try that has no time to be answered would only leave open what is certain now.
        if retry_at + RETRY_PAUSE >= deadline {
            tokio::time::sleep_until(deadline).await;
            return false;
        }
        let mut leadership = self.observed.leadership.clone();
        let changed = leadership.wait_for(|seen| seen.leader != tried);
        let _ = tokio::time::timeout_at(retry_at, changed).await;
        true
    }
}

impl Node {
    /// Proposes a command through the leader, at most one hop away, and waits until it is applied
    /// there. The state machine's refusal is a reply.
    ///
    /// # Errors
    /// [`ProposeError::Unknown`] if it may still commit; [`ProposeError::Unavailable`] if it was not
    /// appended by `deadline`; [`ProposeError::Overloaded`] if a queue is full, here or on the leader;
    /// [`ProposeError::Fatal`] if this node has stopped.
    pub async fn propose(&self, proposal: &Proposal, deadline: Instant) -> Result<Applied, ProposeError> {
        self.inner.core.propose(proposal, deadline).await
    }

    /// Proposes only if this node leads.
    ///
    /// # Errors
    /// [`ProposeError::NotLeader`] if it does not; otherwise as [`Node::propose`].
    pub async fn propose_as_leader(
        &self,
        proposal: &Proposal,
        deadline: Instant,
    ) -> Result<Applied, ProposeError> {
        let bytes: Bytes = crate::encoding::encode_proposal(proposal);
        self.inner.core.propose_as_leader(bytes, deadline).await
    }

    /// A view that holds every write acknowledged, on any node of the region, before this was
    /// called. Everything that decides reads this way.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] if no quorum confirmed a leader by `deadline`;
    /// [`ReadError::Overloaded`] if the queue is full, here or on the leader; [`ReadError::Fatal`] if
    /// this node has stopped.
    pub async fn read(&self, deadline: Instant) -> Result<Arc<View>, ReadError> {
        self.inner.core.read(deadline).await
    }

    /// The newest local view, for what decides nothing: it may be behind.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.inner.core.views.borrow())
    }

    /// Tells of every new local view.
    pub fn watch_views(&self) -> watch::Receiver<Arc<View>> {
        self.inner.core.views.clone()
    }

    /// Tells who leads, as far as this node knows.
    pub fn watch_leadership(&self) -> watch::Receiver<Leadership> {
        self.inner.core.observed.leadership.clone()
    }

    /// Whether this node leads, as far as it knows. Another node may have been elected since.
    pub fn is_leader(&self) -> bool {
        self.inner.core.observed.leadership.borrow().leads
    }

    /// This node's id.
    pub fn node_id(&self) -> NodeId {
        self.inner.core.local.node_id()
    }

    /// The id of this node's disk.
    pub fn store_id(&self) -> StoreId {
        self.inner.core.local.store_id()
    }

    /// The service for the raft listener.
    pub fn service(&self) -> RaftInternalServer<RaftService> {
        RaftService::server(Arc::clone(&self.inner))
    }

    /// Returns the reason when the node has stopped by itself: its disk failed, or the log holds
    /// what this version does not understand. The process should end then.
    pub async fn stopped(&self) -> String {
        let mut stopped = self.inner.core.observed.stopped.clone();
        let reason = stopped
            .wait_for(Option::is_some)
            .await
            .map(|reason| reason.clone());
        match reason {
            Ok(Some(reason)) => reason,
            _ => "the node was shut down".to_owned(),
        }
    }

    /// Waits until this node has applied everything that was committed when it started, so that its
    /// views are not older than those it showed before a restart.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] if the group does not tell by `deadline`.
    pub async fn wait_for_recovery(&self, deadline: Instant) -> Result<(), ReadError> {
        let timeout = deadline.saturating_duration_since(Instant::now());
        let recovered = self.inner.core.raft.wait_for_recovery(Some(timeout)).await;
        recovered
            .map(|_| ())
            .map_err(|error| ReadError::Unavailable(error.to_string()))
    }

    /// Stops the node; a leader hands over first. When this returns everything acknowledged is on
    /// disk and the data folder can be closed once all clones of this handle are gone.
    pub async fn shutdown(&self) {
        if self.is_leader() {
            self.hand_over(Instant::now() + HANDOVER_TIMEOUT).await;
        }
        self.inner.cancel.cancel();
        // What was acknowledged is durable already, so a core that hangs must not keep the process alive.
        match tokio::time::timeout(SHUTDOWN_TIMEOUT, self.inner.core.raft.shutdown()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the Raft core did not end cleanly"),
            Err(_) => tracing::warn!("the Raft core did not end in time"),
        }
        match tokio::time::timeout(SHUTDOWN_TIMEOUT, self.inner.disk.log().flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the log was not flushed at shutdown"),
            Err(_) => tracing::warn!("the log was not flushed in time"),
        }
    }
}

#[cfg(test)]
impl Node {
    /// Stops without handing over, as a crash does.
    pub(crate) async fn abort_for_test(&self) {
        self.inner.cancel.cancel();
        self.inner.core.raft.shutdown().await.expect("the Raft core ends");
    }

    pub(crate) fn inner_for_test(&self) -> &Inner {
        &self.inner
    }
}

#[cfg(test)]
impl Inner {
    /// Takes every place for waiting proposals, for good, and for waiting reads.
    pub(crate) fn fill_queues_for_test(&self) {
        self.core.proposals_waiting.forget_permits(usize::MAX);
        self.core.readers.set_waiting_max_for_test(0);
    }

    /// Has places for waiting reads again.
    pub(crate) fn admit_reads_for_test(&self) {
        self.core.readers.set_waiting_max_for_test(1);
    }

    pub(crate) async fn raise_boot_count_for_test(&self) {
        self.disk.raise_boot_count().await.expect("the disk works");
    }
}
