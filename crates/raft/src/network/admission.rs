//! Who may call this node. Certificate first, then cluster and region, then current membership with
//! its store ids, then the life of the disk; only then is the call looked at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kms_proto::internal::raft::v1 as pb;
use kms_storage::StoreId;
use prost::Message;
use tokio::sync::watch;
use tonic::{Code, Request, Status};

use super::dial::Peers;
use super::identity::{LocalIdentity, PeerIdentity};
use crate::type_config::{Member, NodeId, StoredMembership};
use crate::wire::store_id_from_pb;

/// How long a member's word counts that this node has not read in its own log yet.
const CONFIRMED_FOR: Duration = Duration::from_secs(10);

/// How long other members are asked about a caller that this node does not know.
const CONFIRM_TIMEOUT: Duration = Duration::from_millis(500);

/// Unknown callers remembered at once.
const CONFIRMED_MAX: usize = 16;

/// A call that says who makes it.
pub(crate) trait Call {
    fn header(&self) -> Option<&pb::CallHeader>;
}

macro_rules! calls {
    ($($message:ident),+ $(,)?) => {
        $(impl Call for pb::$message {
            fn header(&self) -> Option<&pb::CallHeader> {
                self.header.as_ref()
            }
        })+
    };
}

calls!(
    IdentifyRequest,
    AppendEntriesRequest,
    VoteRequest,
    OfferSnapshotRequest,
    SnapshotChunk,
    InstallSnapshotRequest,
    TransferLeaderRequest,
    ForwardProposalRequest,
    ReadIndexRequest,
    ReadClockRequest,
    ReadVoteRequest,
    ConfirmMemberRequest,
);

/// What a call may ask of a caller.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A member, learners included; or any node of the region while this node has no membership.
    Member,
    /// Any node of the region.
    RegionNode,
}

/// The doorkeeper of the raft listener.
pub(crate) struct Admission {
    local: Arc<LocalIdentity>,
    peers: Arc<Peers>,
    membership: watch::Receiver<Arc<StoredMembership>>,
    confirmed: Mutex<BTreeMap<(NodeId, StoreId), Instant>>,
}

impl Admission {
    pub(crate) fn new(
        local: Arc<LocalIdentity>,
        peers: Arc<Peers>,
        membership: watch::Receiver<Arc<StoredMembership>>,
    ) -> Self {
        Self {
            local,
            peers,
            membership,
            confirmed: Mutex::new(BTreeMap::new()),
        }
    }

    /// Lets a call in, or answers why not.
    pub(crate) async fn admit<Asked: Call>(
        &self,
        request: Request<Asked>,
        standing: Standing,
    ) -> Result<(NodeId, Asked), Status> {
        let identity = identity_of(&request)?;
        let message = request.into_inner();
        self.admit_message(&identity, &message, standing).await?;
        Ok((identity.node_id, message))
    }

    /// Lets one message of a stream in, or answers why not.
    pub(crate) async fn admit_message(
        &self,
        identity: &PeerIdentity,
        message: &impl Call,
        standing: Standing,
    ) -> Result<(), Status> {
        if self.local.is_superseded() {
            return Err(Status::unavailable("this node's data folder is an old copy"));
        }
        match message.header() {
            Some(header) => self.check(identity, header, standing).await,
            None => Err(self.refuse_without_header(identity, standing)),
        }
    }

    /// A stranger is told that it is one, whatever it sends.
    fn refuse_without_header(&self, identity: &PeerIdentity, standing: Standing) -> Status {
        let membership = Arc::clone(&self.membership.borrow());
        let knows_members = membership.nodes().next().is_some();
        let is_member = membership.get_node(&identity.node_id).is_some();
        if identity.region != self.local.region() {
            return denied(format!("region {:?} is not this region", identity.region));
        }
        if standing == Standing::Member && knows_members && !is_member {
            return denied(format!(
                "node {} is not a member of this region",
                identity.node_id
            ));
        }
        Status::invalid_argument("the call has no header")
    }

    async fn check(
        &self,
        identity: &PeerIdentity,
        header: &pb::CallHeader,
        standing: Standing,
    ) -> Result<(), Status> {
        if identity.region != self.local.region() {
            return Err(denied(format!("region {:?} is not this region", identity.region)));
        }
        if identity.node_id != header.node_id {
            return Err(denied(format!("the certificate names node {}", identity.node_id)));
        }
        self.local
            .check_place(header, self.local.node_id())
            .map_err(|error| denied(error.text))?;
        let expected = match standing {
            Standing::Member => self.expected_store(header).await?,
            Standing::RegionNode => None,
        };
        if standing == Standing::RegionNode {
            return Ok(());
        }
        let checked = self.local.check_life(header, expected).await;
        checked.map(|_| ()).map_err(|error| {
            tracing::warn!(peer = header.node_id, %error, "a peer is refused");
            match error.seen_boot_count {
                Some(seen) => {
                    let details = self.local.life_refused(header, seen).encode_to_vec();
                    Status::with_details(Code::PermissionDenied, error.text, details.into())
                }
                None => denied(error.text),
            }
        })
    }

    /// The store that the caller must have; none while this node knows no membership at all, as
    /// before bootstrap and on a new node, where the certificate and the first store met count.
    async fn expected_store(&self, header: &pb::CallHeader) -> Result<Option<StoreId>, Status> {
        let membership = Arc::clone(&self.membership.borrow());
        if membership.nodes().next().is_none() {
            return Ok(None);
        }
        if let Some(member) = membership.get_node(&header.node_id) {
            return Ok(Some(member.store_id));
        }
        let store_id = store_id_from_pb(&header.store_id)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        if self.is_confirmed(header.node_id, store_id, &membership).await {
            return Ok(Some(store_id));
        }
        Err(denied(format!("node {} is not a member", header.node_id)))
    }

    /// Whether a member vouches for a caller that this node's own log does not name. A node that was
    /// away while another joined would otherwise never again hear from a leader that joined since.
    async fn is_confirmed(&self, node_id: NodeId, store_id: StoreId, membership: &StoredMembership) -> bool {
        if let Some(until) = self.confirmed().get(&(node_id, store_id))
            && *until > Instant::now()
        {
            return true;
        }
        let mut asking = tokio::task::JoinSet::new();
        for (member_id, member) in membership.nodes() {
            if *member_id != self.local.node_id() {
                let message = pb::ConfirmMemberRequest {
                    header: None,
                    node_id,
                    store_id: store_id.0.to_vec().into(),
                    membership_index: index_of(membership),
                };
                asking.spawn(self.ask_member(*member_id, member, message));
            }
        }
        while let Some(answer) = asking.join_next().await {
            if matches!(answer, Ok(true)) {
                let mut confirmed = self.confirmed();
                confirmed.retain(|_, until| *until > Instant::now());
                if confirmed.len() < CONFIRMED_MAX {
                    confirmed.insert((node_id, store_id), Instant::now() + CONFIRMED_FOR);
                }
                return true;
            }
        }
        false
    }

    fn ask_member(
        &self,
        member_id: NodeId,
        member: &Member,
        mut message: pb::ConfirmMemberRequest,
    ) -> impl Future<Output = bool> + Send + use<> {
        let peer = self.peers.shared(member_id, member);
        message.header = peer.header();
        async move {
            let answer: Result<pb::ConfirmMemberResponse, _> = peer
                .call(message, CONFIRM_TIMEOUT, |mut client, request| async move {
                    client.confirm_member(request).await
                })
                .await;
            answer.is_ok_and(|answer| answer.is_member)
        }
    }

    fn confirmed(&self) -> std::sync::MutexGuard<'_, BTreeMap<(NodeId, StoreId), Instant>> {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers another member that asks about a caller it does not know.
    pub(crate) fn confirm(&self, question: &pb::ConfirmMemberRequest) -> bool {
        let membership = self.membership.borrow();
        let Some(member) = membership.get_node(&question.node_id) else {
            return false;
        };
        // An older membership than the asker's may still name a node that has been removed since.
        index_of(&membership) > question.membership_index && member.store_id.0[..] == question.store_id[..]
    }
}

/// Who the peer is by its certificate.
pub(crate) fn identity_of<Asked>(request: &Request<Asked>) -> Result<PeerIdentity, Status> {
    let identity = request.extensions().get::<PeerIdentity>().cloned();
    identity.ok_or_else(|| Status::unauthenticated("the peer has no identity"))
}

fn index_of(membership: &StoredMembership) -> u64 {
    membership.log_id().as_ref().map_or(0, |id| id.index)
}

fn denied(text: String) -> Status {
    Status::permission_denied(text)
}
