//! Linearizable reads by ReadIndex, on every node. One question is under way at a time; it serves all who arrived before
//! it was sent, and whoever comes later is served by the next one: a caller must see every write that was acknowledged
//! before it came, which an answer on its way may have missed. So a busy node asks with many callers at a time, and a
//! lone caller does not wait for others.

use std::sync::Arc;
use std::time::Duration;

use kms_proto::internal::raft::v1 as pb;
use openraft::ReadPolicy;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Core;
use super::read_queue::{NoPlace, Waiter};
use crate::error::ReadError;
use crate::state_machine::View;
use crate::type_config::{NodeId, Vote};
use crate::wire::vote_to_pb;

/// The longest that one question is asked again and again, whatever its callers wait for.
const QUESTION_LIFE_MAX: Duration = Duration::from_secs(5);

/// The longest wait for one answer, after which the leader is looked up anew.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// Starts the task that asks for those who wait in the queue.
pub(super) fn start_asking(core: &Arc<Core>, cancel: CancellationToken) {
    let asking = ask_for_ever(Arc::clone(core));
    let core = Arc::clone(core);
    tokio::spawn(async move {
        cancel.run_until_cancelled(asking).await;
        core.readers.close();
    });
}

async fn ask_for_ever(core: Arc<Core>) {
    loop {
        let batch = core.readers.take().await;
        let core = Arc::clone(&core);
        // In a task of its own, so that a panic would cost this batch alone.
        let answering = tokio::spawn(async move { core.answer(batch).await });
        let _ = answering.await;
    }
}

impl Core {
    /// Asks one question for all of a batch who still wait.
    async fn answer(&self, mut batch: Vec<Waiter>) {
        batch.retain(|waiter| !waiter.answer.is_closed());
        let Some(latest) = batch.iter().map(|waiter| waiter.deadline).max() else {
            return;
        };
        let now = Instant::now();
        let answer = self.ask_until(latest.min(now + QUESTION_LIFE_MAX)).await;
        for waiter in batch {
            // A caller whose own deadline has passed is gone.
            let _ = waiter.answer.send(answer.clone());
        }
    }

    /// A view that holds every write acknowledged, on any node, before this was called.
    pub(super) async fn read(&self, deadline: Instant) -> Result<Arc<View>, ReadError> {
        let index = self.read_index(deadline).await?;
        let mut views = self.views.clone();
        let applied = views.wait_for(|view| view.applied_index() >= Some(index));
        match tokio::time::timeout_at(deadline, applied).await {
            Ok(Ok(view)) => Ok(Arc::clone(&view)),
            Ok(Err(_)) => Err(self.stopped_reading()),
            Err(_) => Err(ReadError::Unavailable(
                "the local log did not catch up in time".to_owned(),
            )),
        }
    }

    /// An index such that a state that has applied it holds every write acknowledged before now.
    pub(crate) async fn read_index(&self, deadline: Instant) -> Result<u64, ReadError> {
        let (answer, answered) = oneshot::channel();
        self.readers
            .join(Waiter { deadline, answer })
            .map_err(|refused| match refused {
                NoPlace::Full => ReadError::Overloaded("too many reads are waiting".to_owned()),
                NoPlace::Closed => self.stopped_reading(),
            })?;
        match tokio::time::timeout_at(deadline, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(self.stopped_reading()),
            Err(_) => Err(ReadError::Unavailable("no quorum answered in time".to_owned())),
        }
    }

    fn stopped_reading(&self) -> ReadError {
        let reason = self.observed.stopped.borrow().clone();
        ReadError::Fatal(reason.unwrap_or_else(|| "the node is shutting down".to_owned()))
    }

    /// Asks whoever leads. A question can be asked again, since the answer is only ever newer.
    async fn ask_until(&self, deadline: Instant) -> Result<u64, ReadError> {
        loop {
            if let Some(reason) = self.observed.stopped.borrow().clone() {
                return Err(ReadError::Fatal(reason));
            }
            let leader = self.observed.leadership.borrow().leader;
            let asked = match leader {
                None => Err(NoIndex::Again("there is no leader".to_owned())),
                Some(node_id) if node_id == self.local.node_id() => self.ask_quorum(deadline).await,
                Some(node_id) => self.ask_leader(node_id, deadline).await,
            };
            match asked {
                Ok(index) => return Ok(index),
                Err(NoIndex::Full(reason)) => return Err(ReadError::Overloaded(reason)),
                Err(NoIndex::Again(reason)) => {
                    if !self.pause_before_retry(leader, deadline).await {
                        return Err(ReadError::Unavailable(reason));
                    }
                }
            }
        }
    }

    /// As leader: a quorum confirms that no other has been elected.
    async fn ask_quorum(&self, deadline: Instant) -> Result<u64, NoIndex> {
        if let Some(index) = self.ask_one_voter(deadline).await {
            return Ok(index);
        }
        let asking = self.raft.get_read_linearizer(ReadPolicy::ReadIndex);
        match tokio::time::timeout_at(deadline, asking).await {
            Ok(Ok(linearizer)) => Ok(linearizer.read_log_id().index()),
            Ok(Err(error)) => Err(NoIndex::Again(error.to_string())),
            Err(_) => Err(NoIndex::Again("no quorum answered in time".to_owned())),
        }
    }

    async fn ask_leader(&self, leader: NodeId, deadline: Instant) -> Result<u64, NoIndex> {
        let peer = self
            .peer(leader)
            .ok_or_else(|| NoIndex::Again(format!("node {leader} is not a member")))?;
        let timeout = deadline
            .saturating_duration_since(Instant::now())
            .min(ANSWER_TIMEOUT);
        let message = pb::ReadIndexRequest {
            header: peer.header(),
            timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            vote: self.vote_now().as_ref().map(vote_to_pb),
        };
        let calling = peer.call(message, timeout, |mut client, request| async move {
            client.read_index(request).await
        });
        let mut leadership = self.observed.leadership.clone();
        let answer: pb::ReadIndexResponse = tokio::select! {
            answer = calling => answer.map_err(|error| NoIndex::Again(error.to_string()))?,
            // Whoever leads now can be asked at once.
            _ = leadership.wait_for(|seen| seen.leader.is_some_and(|now| now != leader)) => {
                return Err(NoIndex::Again(format!("node {leader} lost the lead before it answered")));
            }
        };
        match answer.outcome {
            Some(pb::read_index_response::Outcome::LogIndex(index)) => Ok(index),
            Some(pb::read_index_response::Outcome::NotLeader(_)) => {
                Err(NoIndex::Again(format!("node {leader} does not lead")))
            }
            Some(pb::read_index_response::Outcome::Unavailable(reason)) => Err(NoIndex::Again(reason)),
            Some(pb::read_index_response::Outcome::Full(reason)) => Err(NoIndex::Full(reason)),
            None => Err(NoIndex::Again("the answer says nothing".to_owned())),
        }
    }

    /// For a follower that asks. Its vote confirms that this node leads, if the two are a quorum; otherwise others are
    /// asked too.
    pub(crate) async fn read_index_for(
        &self,
        follower: NodeId,
        vote: Option<Vote>,
        deadline: Instant,
    ) -> Result<u64, LeaderAnswer> {
        if let Some(vote) = vote
            && let Some(index) = self.index_confirmed_by(follower, vote).await
        {
            return Ok(index);
        }
        let leadership = *self.observed.leadership.borrow();
        if !leadership.leads {
            return Err(LeaderAnswer::NotLeader(leadership.leader));
        }
        let index = self.read_index(deadline).await;
        index.map_err(|error| match error {
            ReadError::Overloaded(reason) => LeaderAnswer::Full(reason),
            error => LeaderAnswer::Unavailable(error.to_string()),
        })
    }
}

/// Why a follower got no read index here.
pub(crate) enum LeaderAnswer {
    NotLeader(Option<NodeId>),
    Full(String),
    Unavailable(String),
}

/// Why one try gave no read index.
enum NoIndex {
    /// Another try may.
    Again(String),
    /// The leader has more than it can do: another try would make it worse.
    Full(String),
}
