//! What replication asks of its own region: read, propose, who leads. A door, so that the driver can be tested
//! without a group of nodes.

use std::future::Future;
use std::pin::Pin;

use kms_domain::{KmsError, Proposal, Reply, State};
use kms_raft::Node;
use tokio::time::Instant;

use crate::ReplicationError;

/// An answer that takes time.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReplicationError>> + Send + 'a>>;

/// The outcome of a proposal that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its place in the log.
    pub log_index: u64,
    /// What the state machine answered.
    pub reply: Result<Reply, KmsError>,
}

/// This node, as far as replication needs it.
pub trait LocalRegion: Send + Sync + 'static {
    /// The newest state on this node; it may be behind.
    fn state(&self) -> State;

    /// Whether this node leads, as far as it knows.
    fn leads(&self) -> bool;

    /// A state that holds every write acknowledged before the call.
    fn read(&self, deadline: Instant) -> Later<'_, State>;

    /// A state in which the log up to `log_index` is applied.
    fn state_at(&self, log_index: u64, deadline: Instant) -> Later<'_, State>;

    /// Proposes through the leader, wherever it is. Fails when the outcome is not known, too.
    fn propose(&self, proposal: Proposal, deadline: Instant) -> Later<'_, Outcome>;
}

impl LocalRegion for Node {
    fn state(&self) -> State {
        self.view().state.clone()
    }

    fn leads(&self) -> bool {
        self.is_leader()
    }

    fn read(&self, deadline: Instant) -> Later<'_, State> {
        Box::pin(async move {
            match Self::read(self, deadline).await {
                Ok(view) => Ok(view.state.clone()),
                Err(error) => Err(ReplicationError::Region(error.to_string())),
            }
        })
    }

    fn state_at(&self, log_index: u64, deadline: Instant) -> Later<'_, State> {
        Box::pin(async move {
            let mut views = self.watch_views();
            let reached = views.wait_for(|view| view.applied_index() >= Some(log_index));
            match tokio::time::timeout_at(deadline, reached).await {
                Ok(Ok(view)) => Ok(view.state.clone()),
                Ok(Err(_)) => Err(ReplicationError::Region("the node has stopped".to_owned())),
                Err(_) => Err(ReplicationError::Region(
                    "this node did not catch up in time".to_owned(),
                )),
            }
        })
    }

    fn propose(&self, proposal: Proposal, deadline: Instant) -> Later<'_, Outcome> {
        Box::pin(async move {
            match Self::propose(self, &proposal, deadline).await {
                Ok(applied) => Ok(Outcome {
                    log_index: applied.log_index,
                    reply: applied.reply,
                }),
                Err(error) => Err(ReplicationError::Region(error.to_string())),
            }
        })
    }
}
