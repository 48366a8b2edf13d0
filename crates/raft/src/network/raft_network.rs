//! openraft's messages over the connections to peers.

use std::sync::Arc;
use std::time::Duration;

use kms_proto::internal::raft::v1 as pb;
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError};
use openraft::network::RPCOption;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderError,
    TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::{OptionalSend, RaftNetworkFactory, RaftNetworkV2, Snapshot};

use super::dial::Peers;
use super::peer::{CallError, Peer, RaftPeer};
use super::snapshot_sender;
use crate::state_machine::SnapshotData;
use crate::type_config::{CommittedLeaderId, Member, NodeId, TypeConfig, Vote};
use crate::wire::{Malformed, entry_to_pb, log_id_from_pb, log_id_to_pb, vote_from_pb, vote_to_pb};

/// Makes the connections on which openraft replicates.
pub(crate) struct NetworkFactory {
    peers: Arc<Peers>,
}

impl NetworkFactory {
    pub(crate) fn new(peers: Arc<Peers>) -> Self {
        Self { peers }
    }
}

impl RaftNetworkFactory<TypeConfig> for NetworkFactory {
    type Network = RaftPeer;

    /// Replication, heartbeats and snapshots each get a connection of their own, so that bytes in
    /// flight never hold up a heartbeat.
    async fn new_client(&mut self, target: NodeId, node: &Member) -> RaftPeer {
        self.peers.for_raft(target, node)
    }
}

fn malformed(error: &Malformed) -> RPCError<TypeConfig> {
    RPCError::Network(NetworkError::new(error))
}

impl Peer {
    async fn ask_vote(
        &self,
        rpc: VoteRequest<TypeConfig>,
        timeout: Duration,
        pre_vote: bool,
    ) -> Result<VoteResponse<TypeConfig>, RPCError<TypeConfig>> {
        let message = pb::VoteRequest {
            header: self.header(),
            vote: Some(vote_to_pb(&rpc.vote)),
            last_log_id: rpc.last_log_id.as_ref().map(log_id_to_pb),
            leadership_transfer: rpc.leadership_transfer,
        };
        let reply: pb::VoteResponse = if pre_vote {
            self.call(message, timeout, |mut client, request| async move {
                client.pre_vote(request).await
            })
            .await?
        } else {
            self.call(message, timeout, |mut client, request| async move {
                client.vote(request).await
            })
            .await?
        };
        let vote = vote_from_pb(reply.vote.as_ref()).map_err(|error| malformed(&error))?;
        Ok(VoteResponse::new(
            vote,
            reply.last_log_id.as_ref().map(log_id_from_pb),
            reply.granted,
        ))
    }
}

impl RaftNetworkV2<TypeConfig> for RaftPeer {
    type SnapshotData = SnapshotData;

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<TypeConfig>, RPCError<TypeConfig>> {
        let timeout = if rpc.entries.is_empty() {
            option.hard_ttl()
        } else {
            self.replication.append_timeout
        };
        let message = pb::AppendEntriesRequest {
            header: self.replication.header(),
            vote: Some(vote_to_pb(&rpc.vote)),
            previous: rpc.prev_log_id.as_ref().map(log_id_to_pb),
            entries: rpc.entries.iter().map(entry_to_pb).collect(),
            leader_committed: rpc.leader_commit.as_ref().map(log_id_to_pb),
        };
        let reply: pb::AppendEntriesResponse = self
            .replication
            .call(message, timeout, |mut client, request| async move {
                client.append_entries(request).await
            })
            .await?;
        use pb::append_entries_response::Outcome;
        match reply.outcome {
            Some(Outcome::Success(_)) => Ok(AppendEntriesResponse::Success),
            Some(Outcome::PartialSuccess(id)) => {
                Ok(AppendEntriesResponse::PartialSuccess(Some(log_id_from_pb(&id))))
            }
            Some(Outcome::PartialSuccessNone(_)) => Ok(AppendEntriesResponse::PartialSuccess(None)),
            Some(Outcome::Conflict(_)) => Ok(AppendEntriesResponse::Conflict),
            Some(Outcome::HigherVote(vote)) => {
                let vote = vote_from_pb(Some(&vote)).map_err(|error| malformed(&error))?;
                Ok(AppendEntriesResponse::HigherVote(vote))
            }
            None => Err(malformed(&Malformed("append answer"))),
        }
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RPCError<TypeConfig>> {
        self.votes.ask_vote(rpc, option.hard_ttl(), false).await
    }

    async fn pre_vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RPCError<TypeConfig>> {
        self.votes.ask_vote(rpc, option.hard_ttl(), true).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot<CommittedLeaderId, NodeId, Member, SnapshotData>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let sending = snapshot_sender::send(&self.replication, vote, snapshot, option.hard_ttl());
        tokio::select! {
            sent = sending => sent,
            closed = cancel => Err(StreamingError::Closed(closed)),
        }
    }

    async fn transfer_leader(
        &mut self,
        req: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<TypeConfig>, RPCError<TypeConfig>> {
        let message = pb::TransferLeaderRequest {
            header: self.votes.header(),
            from_leader: Some(vote_to_pb(req.from_leader())),
            to_node_id: *req.to_node_id(),
            last_log_id: req.last_log_id().map(log_id_to_pb),
        };
        let reply: pb::TransferLeaderResponse = self
            .votes
            .call(message, option.hard_ttl(), |mut client, request| async move {
                client.transfer_leader(request).await
            })
            .await?;
        transfer_outcome(reply.outcome).map_err(|error| malformed(&error))
    }
}

fn transfer_outcome(
    outcome: Option<pb::transfer_leader_response::Outcome>,
) -> Result<TransferLeaderResponse<TypeConfig>, Malformed> {
    use pb::transfer_leader_response::Outcome;
    Ok(match outcome.ok_or(Malformed("transfer answer"))? {
        Outcome::Accepted(_) => Ok(()),
        Outcome::VoteChanged(changed) => Err(TransferLeaderError::VoteChanged {
            expected: vote_from_pb(changed.expected.as_ref())?,
            actual: vote_from_pb(changed.actual.as_ref())?,
        }),
        Outcome::LogNotFlushed(not_flushed) => Err(TransferLeaderError::LogNotFlushed {
            expected: not_flushed.expected.as_ref().map(log_id_from_pb),
            actual: not_flushed.actual.as_ref().map(log_id_from_pb),
        }),
    })
}

/// What openraft understands as a broken snapshot transfer, to be tried again.
pub(super) fn broken_transfer(error: CallError) -> StreamingError<TypeConfig> {
    RPCError::from(error).into()
}
