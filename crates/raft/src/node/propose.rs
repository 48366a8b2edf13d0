//! Writes: through the leader, wherever the caller is, and never more than one hop.

use std::time::Duration;

use bytes::Bytes;
use kms_domain::{KmsError, Proposal, Reply};
use kms_proto::internal::raft::v1 as pb;
use openraft::errors::{ClientWriteError, RaftError};
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::Core;
use crate::encoding;
use crate::error::ProposeError;
use crate::network::CallError;
use crate::type_config::{NodeId, ProposalBytes};

/// How long a forwarded proposal is waited for after another leader has been seen.
const GRACE_AFTER_LEADER_CHANGE: Duration = Duration::from_millis(500);

/// The outcome of a proposal that was committed and applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its place in the log. A view at or past it shows the change.
    pub log_index: u64,
    /// What the state machine answered.
    pub reply: Result<Reply, KmsError>,
}

/// What one try came to when it did not come to an end.
enum Attempt {
    /// Nothing was appended: another try is safe.
    NotSent(String),
    /// Nothing was appended, and the leader has more than it can do: another try would make it worse.
    Full(String),
    /// It may commit.
    Unknown(String),
    Fatal(String),
}

impl Core {
    /// Proposes through whoever leads, until `deadline`.
    pub(super) async fn propose(
        &self,
        proposal: &Proposal,
        deadline: Instant,
    ) -> Result<Applied, ProposeError> {
        let bytes = encoding::encode_proposal(proposal);
        self.propose_bytes(bytes, deadline).await
    }

    async fn propose_bytes(&self, bytes: Bytes, deadline: Instant) -> Result<Applied, ProposeError> {
        let _waiting = self.admit_proposal(bytes.len())?;
        loop {
            let leader = self.observed.leadership.borrow().leader;
            let attempt = match leader {
                None => Err(Attempt::NotSent("there is no leader".to_owned())),
                Some(node_id) if node_id == self.local.node_id() => {
                    self.append(bytes.clone(), deadline).await
                }
                Some(node_id) => self.forward(node_id, bytes.clone(), deadline).await,
            };
            match attempt {
                Ok(applied) => return Ok(applied),
                Err(Attempt::Full(reason)) => return Err(ProposeError::Overloaded(reason)),
                Err(Attempt::Unknown(reason)) => return Err(ProposeError::Unknown(reason)),
                Err(Attempt::Fatal(reason)) => return Err(ProposeError::Fatal(reason)),
                Err(Attempt::NotSent(reason)) => {
                    if !self.pause_before_retry(leader, deadline).await {
                        return Err(ProposeError::Unavailable(reason));
                    }
                }
            }
        }
    }

    /// Proposes if this node leads; never forwards.
    pub(crate) async fn propose_as_leader(
        &self,
        bytes: Bytes,
        deadline: Instant,
    ) -> Result<Applied, ProposeError> {
        let _waiting = self.admit_proposal(bytes.len())?;
        let leadership = *self.observed.leadership.borrow();
        if !leadership.leads {
            return Err(ProposeError::NotLeader {
                leader: leadership.leader,
            });
        }
        self.append(bytes, deadline)
            .await
            .map_err(|attempt| match attempt {
                Attempt::NotSent(_) => {
                    let leader = self.observed.leadership.borrow().leader;
                    ProposeError::NotLeader {
                        leader: leader.filter(|leader| *leader != self.local.node_id()),
                    }
                }
                Attempt::Full(reason) => ProposeError::Overloaded(reason),
                Attempt::Unknown(reason) => ProposeError::Unknown(reason),
                Attempt::Fatal(reason) => ProposeError::Fatal(reason),
            })
    }

    /// Takes a place among the waiting proposals, or refuses at once: a queue that only grows would
    /// answer nobody in time.
    fn admit_proposal(
        &self,
        bytes: usize,
    ) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>), ProposeError> {
        let bytes_max = self.settings.proposal_bytes_max;
        if bytes > bytes_max {
            let text = format!("the proposal has {bytes} bytes, at most {bytes_max} are allowed");
            return Err(ProposeError::Unavailable(text));
        }
        let full = |_| ProposeError::Overloaded("too many proposals are waiting".to_owned());
        let place = self.proposals_waiting.try_acquire().map_err(full)?;
        let size = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = self
            .proposals_waiting_bytes
            .try_acquire_many(size)
            .map_err(full)?;
        Ok((place, room))
    }

    /// Appends to the local log as leader and waits until it is applied.
    async fn append(&self, bytes: Bytes, deadline: Instant) -> Result<Applied, Attempt> {
        if let Some(reason) = self.observed.stopped.borrow().clone() {
            return Err(Attempt::Fatal(reason));
        }
        let writing = self.raft.client_write(ProposalBytes(bytes));
        let written = match tokio::time::timeout_at(deadline, writing).await {
            Ok(written) => written,
            Err(_) => return Err(Attempt::Unknown("not applied in time".to_owned())),
        };
        match written {
            Ok(response) => {
                let log_index = response.log_id.index;
                match response.data.0 {
                    Some(reply) => Ok(Applied { log_index, reply }),
                    None => Err(Attempt::Unknown(format!("entry {log_index} had no reply"))),
                }
            }
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(forward))) => Err(Attempt::NotSent(
                format!("this node does not lead: {:?}", forward.reason),
            )),
            Err(RaftError::APIError(error)) => Err(Attempt::Unknown(error.to_string())),
            // The core stopped while the entry was on its way.
            Err(RaftError::Fatal(error)) => Err(Attempt::Unknown(error.to_string())),
        }
    }

    /// Hands the proposal to the leader, one hop.
    async fn forward(&self, leader: NodeId, bytes: Bytes, deadline: Instant) -> Result<Applied, Attempt> {
        let Some(peer) = self.peer(leader) else {
            return Err(Attempt::NotSent(format!("node {leader} is not a member")));
        };
        let timeout = deadline.saturating_duration_since(Instant::now());
        let message = pb::ForwardProposalRequest {
            header: peer.header(),
            proposal: bytes,
            timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
        };
        let calling = peer.call(message, timeout, |mut client, request| async move {
            client.forward_proposal(request).await
        });
        let answer: Result<pb::ForwardProposalResponse, CallError> = tokio::select! {
            answer = calling => answer,
            () = self.another_leader(leader) => {
                return Err(Attempt::Unknown(format!("node {leader} lost the lead before it answered")));
            }
        };
        match answer {
            Ok(answer) => forwarded(answer),
            Err(error @ (CallError::NotSent(..) | CallError::RefusedByPeer(..))) => {
                Err(Attempt::NotSent(error.to_string()))
            }
            Err(error) => Err(Attempt::Unknown(error.to_string())),
        }
    }

    /// Returns some time after another node than `leader` was seen to lead.
    async fn another_leader(&self, leader: NodeId) {
        let mut leadership = self.observed.leadership.clone();
        let other = |seen: &super::Leadership| seen.leader.is_some_and(|now| now != leader);
        if leadership.wait_for(other).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(GRACE_AFTER_LEADER_CHANGE).await;
    }
}

fn forwarded(answer: pb::ForwardProposalResponse) -> Result<Applied, Attempt> {
    use pb::forward_proposal_response::Outcome;
    match answer.outcome {
        Some(Outcome::Applied(applied)) => match applied.result.as_ref().map(encoding::decode_outcome) {
            Some(Ok(reply)) => Ok(Applied {
                log_index: applied.log_index,
                reply,
            }),
            Some(Err(error)) => Err(Attempt::Unknown(format!("the reply does not decode: {error}"))),
            None => Err(Attempt::Unknown("the reply is missing".to_owned())),
        },
        Some(Outcome::NotLeader(_)) => Err(Attempt::NotSent("the node asked does not lead".to_owned())),
        Some(Outcome::Unavailable(reason) | Outcome::Fatal(reason)) => Err(Attempt::NotSent(reason)),
        Some(Outcome::Full(reason)) => Err(Attempt::Full(reason)),
        Some(Outcome::Unknown(reason)) => Err(Attempt::Unknown(reason)),
        None => Err(Attempt::Unknown("the answer says nothing".to_owned())),
    }
}
