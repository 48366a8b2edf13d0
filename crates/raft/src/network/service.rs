//! The raft listener's service. Every call is admitted first; what it asks is done by openraft or by
//! the node.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use kms_proto::internal::raft::v1 as pb;
use kms_proto::internal::raft::v1::raft_internal_server::{RaftInternal, RaftInternalServer};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderError, TransferLeaderRequest, VoteRequest,
    VoteResponse,
};
use tokio::time::Instant;
use tonic::{Request, Response, Status, Streaming};

use super::admission::{Standing, identity_of};
use super::identity::PeerIdentity;
use crate::encoding;
use crate::error::ProposeError;
use crate::node::{Inner, LeaderAnswer};
use crate::settings::MESSAGE_BYTES_MAX;
use crate::state_machine::{RaftSnapshot, SnapshotData};
use crate::type_config::{NodeId, SnapshotMeta, TypeConfig, Vote};
use crate::wire::{
    entry_from_pb, log_id_from_pb, log_id_to_pb, stored_membership_from_pb, vote_from_pb, vote_to_pb,
};

/// The longest that a peer may have this node wait on its behalf.
const PEER_TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// Serves the calls of peers. Add it to a tonic server whose TLS layer puts a
/// [`crate::PeerIdentity`] into the extensions of every request.
pub struct RaftService {
    node: Arc<Inner>,
}

impl RaftService {
    pub(crate) fn server(node: Arc<Inner>) -> RaftInternalServer<Self> {
        RaftInternalServer::new(Self { node })
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
    }

    fn header(&self) -> Option<pb::CallHeader> {
        Some(self.node.core.local.header(0))
    }

    /// When a call that gives itself `timeout_ms` has to be answered.
    fn deadline(timeout_ms: u64) -> Instant {
        Instant::now() + Duration::from_millis(timeout_ms).min(PEER_TIMEOUT_MAX)
    }

    async fn vote_request(
        &self,
        request: Request<pb::VoteRequest>,
    ) -> Result<VoteRequest<TypeConfig>, Status> {
        let (caller, message) = self.node.admission.admit(request, Standing::Member).await?;
        let vote = vote_from_pb(message.vote.as_ref()).map_err(malformed)?;
        if vote.leader_id.voted_for != caller {
            return Err(Status::permission_denied("a node asks for votes for itself only"));
        }
        let mut rpc = VoteRequest::new(vote, message.last_log_id.as_ref().map(log_id_from_pb));
        rpc.leadership_transfer = message.leadership_transfer;
        Ok(rpc)
    }

    fn vote_response(&self, answer: &VoteResponse<TypeConfig>) -> Response<pb::VoteResponse> {
        Response::new(pb::VoteResponse {
            header: self.header(),
            vote: Some(vote_to_pb(&answer.vote)),
            granted: answer.vote_granted,
            last_log_id: answer.last_log_id.as_ref().map(log_id_to_pb),
        })
    }
}

impl Inner {
    async fn tell_vote(
        &self,
        asker: &PeerIdentity,
        question: pb::ReadVoteRequest,
    ) -> Result<pb::ReadVoteResponse, Status> {
        let admitted = self.admission.admit_message(asker, &question, Standing::Member);
        admitted.await?;
        let vote = self.core.vote_now();
        let vote = vote.ok_or_else(|| Status::unavailable("the node has no vote to tell"))?;
        Ok(pb::ReadVoteResponse {
            header: Some(self.core.local.header(0)),
            vote: Some(vote_to_pb(&vote)),
        })
    }
}

fn malformed(error: impl std::fmt::Display) -> Status {
    Status::invalid_argument(error.to_string())
}

/// This node has stopped; its peers treat it as unreachable.
fn stopped(error: impl std::fmt::Display) -> Status {
    Status::unavailable(error.to_string())
}

/// What only a leader may ask for, it asks for in its own name.
fn must_lead(caller: NodeId, vote: &Vote) -> Result<(), Status> {
    if vote.leader_id.voted_for == caller && vote.committed {
        return Ok(());
    }
    Err(Status::permission_denied(
        "only a leader asks for this, and in its own name",
    ))
}

fn append_outcome(answer: AppendEntriesResponse<TypeConfig>) -> pb::append_entries_response::Outcome {
    use pb::append_entries_response::Outcome;
    match answer {
        AppendEntriesResponse::Success => Outcome::Success(true),
        AppendEntriesResponse::PartialSuccess(Some(id)) => Outcome::PartialSuccess(log_id_to_pb(&id)),
        AppendEntriesResponse::PartialSuccess(None) => Outcome::PartialSuccessNone(true),
        AppendEntriesResponse::Conflict => Outcome::Conflict(true),
        AppendEntriesResponse::HigherVote(vote) => Outcome::HigherVote(vote_to_pb(&vote)),
    }
}

#[tonic::async_trait]
impl RaftInternal for RaftService {
    async fn identify(
        &self,
        request: Request<pb::IdentifyRequest>,
    ) -> Result<Response<pb::IdentifyResponse>, Status> {
        self.node.admission.admit(request, Standing::RegionNode).await?;
        let initialized = self.node.core.raft.is_initialized().await.map_err(stopped)?;
        Ok(Response::new(pb::IdentifyResponse {
            header: self.header(),
            initialized,
            root_key_id: Bytes::copy_from_slice(&self.node.core.root_key_id),
        }))
    }

    async fn append_entries(
        &self,
        request: Request<pb::AppendEntriesRequest>,
    ) -> Result<Response<pb::AppendEntriesResponse>, Status> {
        let (caller, message) = self.node.admission.admit(request, Standing::Member).await?;
        let vote = vote_from_pb(message.vote.as_ref()).map_err(malformed)?;
        must_lead(caller, &vote)?;
        let entries: Result<Vec<_>, _> = message.entries.into_iter().map(entry_from_pb).collect();
        let rpc = AppendEntriesRequest {
            vote,
            prev_log_id: message.previous.as_ref().map(log_id_from_pb),
            entries: entries.map_err(malformed)?,
            leader_commit: message.leader_committed.as_ref().map(log_id_from_pb),
        };
        let answer = self.node.core.raft.append_entries(rpc).await.map_err(stopped)?;
        if !matches!(answer, AppendEntriesResponse::HigherVote(_)) {
            self.node.core.quorum_heard.now();
        }
        let outcome = Some(append_outcome(answer));
        Ok(Response::new(pb::AppendEntriesResponse {
            header: self.header(),
            outcome,
        }))
    }

    async fn vote(&self, request: Request<pb::VoteRequest>) -> Result<Response<pb::VoteResponse>, Status> {
        let rpc = self.vote_request(request).await?;
        let answer = self.node.core.raft.vote(rpc).await.map_err(stopped)?;
        Ok(self.vote_response(&answer))
    }

    async fn pre_vote(
        &self,
        request: Request<pb::VoteRequest>,
    ) -> Result<Response<pb::VoteResponse>, Status> {
        let rpc = self.vote_request(request).await?;
        let answer = self.node.core.raft.pre_vote(rpc).await.map_err(stopped)?;
        Ok(self.vote_response(&answer))
    }

    async fn offer_snapshot(
        &self,
        request: Request<pb::OfferSnapshotRequest>,
    ) -> Result<Response<pb::SnapshotProgress>, Status> {
        let (caller, message) = self.node.admission.admit(request, Standing::Member).await?;
        let next_chunk = self.node.inbox.offer(caller, &message.snapshot_name).await;
        Ok(Response::new(pb::SnapshotProgress {
            header: self.header(),
            next_chunk,
        }))
    }

    async fn send_snapshot_chunk(
        &self,
        request: Request<pb::SnapshotChunk>,
    ) -> Result<Response<pb::SnapshotProgress>, Status> {
        let (caller, message) = self.node.admission.admit(request, Standing::Member).await?;
        let next_chunk = self.node.inbox.accept(caller, message).await.map_err(|error| {
            tracing::warn!(%error, "a part of a snapshot is refused");
            Status::data_loss(error.to_string())
        })?;
        Ok(Response::new(pb::SnapshotProgress {
            header: self.header(),
            next_chunk,
        }))
    }

    async fn install_snapshot(
        &self,
        request: Request<pb::InstallSnapshotRequest>,
    ) -> Result<Response<pb::InstallSnapshotResponse>, Status> {
        let (caller, message) = self.node.admission.admit(request, Standing::Member).await?;
        let vote = vote_from_pb(message.vote.as_ref()).map_err(malformed)?;
        must_lead(caller, &vote)?;
        let membership = message
            .membership
            .as_ref()
            .ok_or_else(|| malformed("no membership"))?;
        let meta = SnapshotMeta {
            last_log_id: message.last_log_id.as_ref().map(log_id_from_pb),
            last_membership: stored_membership_from_pb(membership).map_err(malformed)?,
        };
        let receiver = self.node.inbox.take(caller, &message.snapshot_name).await;
        let receiver =
            receiver.ok_or_else(|| Status::failed_precondition("parts of the snapshot are missing"))?;
        let snapshot = RaftSnapshot {
            meta,
            snapshot: SnapshotData::Received(receiver),
        };
        let installed = self
            .node
            .core
            .raft
            .install_full_snapshot(vote, snapshot)
            .await
            .map_err(stopped)?;
        let vote = Some(vote_to_pb(&installed.vote));
        Ok(Response::new(pb::InstallSnapshotResponse {
            header: self.header(),
            vote,
        }))
    }

    async fn transfer_leader(
        &self,
        request: Request<pb::TransferLeaderRequest>,
    ) -> Result<Response<pb::TransferLeaderResponse>, Status> {
        let (caller, message) = self.node.admission.admit(request, Standing::Member).await?;
        let from = vote_from_pb(message.from_leader.as_ref()).map_err(malformed)?;
        must_lead(caller, &from)?;
        let last_log_id = message.last_log_id.as_ref().map(log_id_from_pb);
        let rpc = TransferLeaderRequest::new(from, message.to_node_id, last_log_id);
        let answer = self
            .node
            .core
            .raft
            .handle_transfer_leader(rpc)
            .await
            .map_err(stopped)?;
        use pb::transfer_leader_response::Outcome;
        let outcome = Some(match answer {
            Ok(()) => Outcome::Accepted(true),
            Err(TransferLeaderError::VoteChanged { expected, actual }) => {
                Outcome::VoteChanged(pb::VoteChanged {
                    expected: Some(vote_to_pb(&expected)),
                    actual: Some(vote_to_pb(&actual)),
                })
            }
            Err(TransferLeaderError::LogNotFlushed { expected, actual }) => {
                Outcome::LogNotFlushed(pb::LogNotFlushed {
                    expected: expected.as_ref().map(log_id_to_pb),
                    actual: actual.as_ref().map(log_id_to_pb),
                })
            }
        });
        Ok(Response::new(pb::TransferLeaderResponse {
            header: self.header(),
            outcome,
        }))
    }

    async fn forward_proposal(
        &self,
        request: Request<pb::ForwardProposalRequest>,
    ) -> Result<Response<pb::ForwardProposalResponse>, Status> {
        let (_, message) = self.node.admission.admit(request, Standing::Member).await?;
        let deadline = Self::deadline(message.timeout_ms);
        let proposed = self.node.core.propose_as_leader(message.proposal, deadline).await;
        use pb::forward_proposal_response::Outcome;
        let outcome = Some(match proposed {
            Ok(applied) => Outcome::Applied(pb::AppliedProposal {
                log_index: applied.log_index,
                result: Some(encoding::encode_outcome(&applied.reply)),
            }),
            Err(ProposeError::NotLeader { leader }) => Outcome::NotLeader(leader.unwrap_or(0)),
            Err(ProposeError::Unknown(reason)) => Outcome::Unknown(reason),
            Err(ProposeError::Overloaded(reason)) => Outcome::Full(reason),
            Err(ProposeError::Unavailable(reason)) => Outcome::Unavailable(reason),
            Err(ProposeError::Fatal(reason)) => Outcome::Fatal(reason),
        });
        Ok(Response::new(pb::ForwardProposalResponse {
            header: self.header(),
            outcome,
        }))
    }

    async fn read_index(
        &self,
        request: Request<pb::ReadIndexRequest>,
    ) -> Result<Response<pb::ReadIndexResponse>, Status> {
        let (caller, message) = self.node.admission.admit(request, Standing::Member).await?;
        let deadline = Self::deadline(message.timeout_ms);
        use pb::read_index_response::Outcome;
        let vote = message.vote.as_ref().map(|vote| vote_from_pb(Some(vote)));
        let vote = vote.transpose().map_err(malformed)?;
        let outcome = Some(
            match self.node.core.read_index_for(caller, vote, deadline).await {
                Ok(index) => Outcome::LogIndex(index),
                Err(LeaderAnswer::NotLeader(leader)) => Outcome::NotLeader(leader.unwrap_or(0)),
                Err(LeaderAnswer::Full(reason)) => Outcome::Full(reason),
                Err(LeaderAnswer::Unavailable(reason)) => Outcome::Unavailable(reason),
            },
        );
        Ok(Response::new(pb::ReadIndexResponse {
            header: self.header(),
            outcome,
        }))
    }

    type ReadVotesStream = BoxStream<'static, Result<pb::ReadVoteResponse, Status>>;

    /// Ends when the node does, for a stream that stayed open would keep the listener from closing, and after a while, for
    /// it would keep its connection open beyond the connection's age, when both certificates are checked again.
    async fn read_votes(
        &self,
        request: Request<Streaming<pb::ReadVoteRequest>>,
    ) -> Result<Response<Self::ReadVotesStream>, Status> {
        let asker = Arc::new(identity_of(&request)?);
        let node = Arc::clone(&self.node);
        let answers = request.into_inner().then(move |question| {
            let (node, asker) = (Arc::clone(&node), Arc::clone(&asker));
            async move { node.tell_vote(&asker, question?).await }
        });
        let stopping = self.node.cancel.clone().cancelled_owned();
        let life = Duration::from_millis(self.node.core.settings.vote_stream_ms);
        let ended = tokio::time::timeout(life, stopping);
        let answers = answers.take_until(ended);
        Ok(Response::new(answers.boxed()))
    }

    async fn read_clock(
        &self,
        request: Request<pb::ReadClockRequest>,
    ) -> Result<Response<pb::ReadClockResponse>, Status> {
        self.node.admission.admit(request, Standing::Member).await?;
        let unix_ms = (self.node.core.clock)().0;
        Ok(Response::new(pb::ReadClockResponse {
            header: self.header(),
            unix_ms,
        }))
    }

    async fn confirm_member(
        &self,
        request: Request<pb::ConfirmMemberRequest>,
    ) -> Result<Response<pb::ConfirmMemberResponse>, Status> {
        let (_, message) = self.node.admission.admit(request, Standing::Member).await?;
        let is_member = self.node.admission.confirm(&message);
        Ok(Response::new(pb::ConfirmMemberResponse {
            header: self.header(),
            is_member,
        }))
    }
}
