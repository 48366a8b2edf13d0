//! One peer as this node calls it. Every answer is checked for who gave it before it counts.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use kms_proto::internal::raft::v1 as pb;
use kms_proto::internal::raft::v1::raft_internal_client::RaftInternalClient;
use openraft::errors::{NetworkError, RPCError, Unreachable};
use prost::Message as _;
use tonic::transport::Channel;
use tonic::{Code, ConnectError, Request, Response, Status};

use super::dial::DialError;
use super::identity::LocalIdentity;
use crate::settings::RaftSettings;
use crate::type_config::{Member, NodeId, TypeConfig};

/// Why a call to a peer gave nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CallError {
    /// The call was never sent, so it had no effect.
    #[error("node {0} is not reachable: {1}")]
    NotSent(NodeId, String),
    /// The peer looked at the caller and refused it, so the call had no effect.
    #[error("node {0} refuses this node: {1}")]
    RefusedByPeer(NodeId, String),
    /// It may have been carried out.
    #[error("no answer from node {0}: {1}")]
    NoAnswer(NodeId, String),
    /// The answer came from something that is not the peer.
    #[error("answer in the name of node {0} refused: {1}")]
    AnswerRefused(NodeId, String),
}

impl From<CallError> for RPCError<TypeConfig> {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotSent(..) | CallError::RefusedByPeer(..) => {
                Self::Unreachable(Unreachable::new(&error))
            }
            CallError::NoAnswer(..) | CallError::AnswerRefused(..) => {
                Self::Network(NetworkError::new(&error))
            }
        }
    }
}

/// An answer that says who gave it.
pub(crate) trait Answer {
    fn header(&self) -> Option<&pb::CallHeader>;
}

macro_rules! answers {
    ($($message:ident),+ $(,)?) => {
        $(impl Answer for pb::$message {
            fn header(&self) -> Option<&pb::CallHeader> {
                self.header.as_ref()
            }
        })+
    };
}

answers!(
    IdentifyResponse,
    AppendEntriesResponse,
    VoteResponse,
    SnapshotProgress,
    InstallSnapshotResponse,
    TransferLeaderResponse,
    ForwardProposalResponse,
    ReadIndexResponse,
    ReadVoteResponse,
    ReadClockResponse,
    ConfirmMemberResponse,
);

/// A peer as openraft calls it.
pub(crate) struct RaftPeer {
    pub(super) replication: Peer,
    pub(super) votes: Peer,
}

/// A peer and a connection to it. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub(crate) struct Peer {
    local: Arc<LocalIdentity>,
    node_id: NodeId,
    member: Member,
    client: Result<RaftInternalClient<Channel>, DialError>,
    pub(super) append_timeout: Duration,
}

impl Peer {
    pub(crate) fn new(
        local: Arc<LocalIdentity>,
        node_id: NodeId,
        member: Member,
        client: Result<RaftInternalClient<Channel>, DialError>,
        settings: &RaftSettings,
    ) -> Self {
        // Longer than an election, so that a slow disk is not taken for a lost message; heartbeats
        // have a connection and a time limit of their own.
        let append_timeout = 2 * settings.lease();
        Self {
            local,
            node_id,
            member,
            client,
            append_timeout,
        }
    }

    pub(crate) fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// The header of a call to this peer.
    pub(crate) fn header(&self) -> Option<pb::CallHeader> {
        Some(self.local.header(self.node_id))
    }

    /// Calls the peer and checks that the answer is given by the disk that membership names.
    pub(crate) async fn call<Message, Reply, Calling>(
        &self,
        message: Message,
        timeout: Duration,
        rpc: impl FnOnce(RaftInternalClient<Channel>, Request<Message>) -> Calling,
    ) -> Result<Reply, CallError>
    where
        Reply: Answer,
        Calling: Future<Output = Result<Response<Reply>, Status>>,
    {
        let (reply, header) = self.exchange(message, timeout, rpc).await?;
        self.check_disk(&header).await?;
        Ok(reply)
    }

    /// Calls a peer whose store is not known yet, and checks nothing but cluster, region and node id.
    /// Also gives the header of the answer, for the caller to judge.
    pub(crate) async fn exchange<Message, Reply, Calling>(
        &self,
        message: Message,
        timeout: Duration,
        rpc: impl FnOnce(RaftInternalClient<Channel>, Request<Message>) -> Calling,
    ) -> Result<(Reply, pb::CallHeader), CallError>
    where
        Reply: Answer,
        Calling: Future<Output = Result<Response<Reply>, Status>>,
    {
        let client = self.client()?;
        let calling = tokio::time::timeout(timeout, rpc(client, Request::new(message)));
        let reply = match calling.await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) => return Err(self.failed(&status).await),
            Err(_) => return Err(self.no_answer_within(timeout)),
        };
        let header = self.header_of(&reply)?;
        Ok((reply, header))
    }

    pub(super) fn client(&self) -> Result<RaftInternalClient<Channel>, CallError> {
        let client = self.client.clone();
        client.map_err(|error| CallError::NotSent(self.node_id, error.to_string()))
    }

    pub(super) fn no_answer_within(&self, timeout: Duration) -> CallError {
        CallError::NoAnswer(self.node_id, format!("nothing within {timeout:?}"))
    }

    /// Whether both mean the same node, disk and address.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.node_id == other.node_id && self.member == other.member
    }

    /// Checks that an answer is given by the disk that membership names.
    pub(super) async fn check(&self, reply: &impl Answer) -> Result<(), CallError> {
        self.check_disk(&self.header_of(reply)?).await
    }

    async fn check_disk(&self, header: &pb::CallHeader) -> Result<(), CallError> {
        let checked = self.local.check_life(header, Some(self.member.store_id)).await;
        checked.map_err(|error| CallError::AnswerRefused(self.node_id, error.text))?;
        Ok(())
    }

    /// The header of an answer that comes from this peer's cluster, region and node.
    fn header_of(&self, reply: &impl Answer) -> Result<pb::CallHeader, CallError> {
        let refused = |text: String| CallError::AnswerRefused(self.node_id, text);
        let header = reply
            .header()
            .cloned()
            .ok_or_else(|| refused("it has no header".to_owned()))?;
        self.local
            .check_place(&header, 0)
            .map_err(|error| refused(error.text))?;
        if header.node_id != self.node_id {
            return Err(refused(format!("it is from node {}", header.node_id)));
        }
        Ok(header)
    }

    /// What a failed call means; a refusal is listened to first.
    pub(super) async fn failed(&self, status: &Status) -> CallError {
        self.hear_refusal(status).await;
        self.error_of(status)
    }

    /// A peer that calls this node's disk an old copy is listened to, before anything else is done.
    async fn hear_refusal(&self, status: &Status) {
        if status.code() != Code::PermissionDenied || status.details().is_empty() {
            return;
        }
        if let Ok(refusal) = pb::LifeRefused::decode(status.details()) {
            self.local
                .hear_refusal(self.node_id, self.member.store_id, &refusal)
                .await;
        }
    }

    fn error_of(&self, status: &Status) -> CallError {
        if was_not_sent(status) {
            return CallError::NotSent(self.node_id, status.message().to_owned());
        }
        match status.code() {
            Code::PermissionDenied | Code::Unauthenticated => {
                CallError::RefusedByPeer(self.node_id, status.message().to_owned())
            }
            code => CallError::NoAnswer(self.node_id, format!("{code:?}: {}", status.message())),
        }
    }
}

/// Whether the call failed while the connection was being made. Everything else, a connection that
/// broke in particular, leaves open whether the peer has seen the call.
fn was_not_sent(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}
