//! Founding a region: its first membership and its first command. Only an operator asks for it.

use std::collections::BTreeMap;

use kms_domain::Proposal;
use kms_proto::internal::raft::v1 as pb;
use openraft::errors::{InitializeError, RaftError};
use tokio::time::Instant;

use super::{Applied, Node};
use crate::error::{BootstrapError, ProposeError};
use crate::network::CallError;
use crate::type_config::{Member, NodeId};

/// What a node told of itself.
pub(super) struct Identified {
    pub(super) member: Member,
    pub(super) initialized: bool,
    /// Why it cannot be of this region, if it holds another root key.
    pub(super) other_root_key: Option<String>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Node {
    /// Founds the region with these voters, (node id, `host:port` of its raft listener), this node
    /// among them, and proposes the region's first command. Every other voter must be running and
    /// part of no group. On a region that was founded before, only the command is proposed, which
    /// the state machine refuses if the region exists; so a broken-off bootstrap can be repeated.
    ///
    /// # Errors
    /// [`BootstrapError`].
    pub async fn bootstrap(
        &self,
        members: &BTreeMap<NodeId, String>,
        first: &Proposal,
        deadline: Instant,
    ) -> Result<Applied, BootstrapError> {
        let own_id = self.node_id();
        if !members.contains_key(&own_id) {
            return Err(BootstrapError::Refused(format!(
                "node {own_id} is not among the members"
            )));
        }
        let raft = &self.inner.core.raft;
        let stopped = |error: String| BootstrapError::Propose(ProposeError::Fatal(error));
        if !raft
            .is_initialized()
            .await
            .map_err(|error| stopped(error.to_string()))?
        {
            let voters = self.identify_all(members, deadline).await?;
            match raft.initialize(voters).await {
                Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => {}
                Err(RaftError::APIError(error)) => return Err(BootstrapError::Refused(error.to_string())),
                Err(RaftError::Fatal(error)) => return Err(stopped(error.to_string())),
            }
        }
        Ok(self.propose(first, deadline).await?)
    }

    async fn identify_all(
        &self,
        members: &BTreeMap<NodeId, String>,
        deadline: Instant,
    ) -> Result<BTreeMap<NodeId, Member>, BootstrapError> {
        let mut voters = BTreeMap::new();
        for (node_id, address) in members {
            let member = if *node_id == self.node_id() {
                Member {
                    store_id: self.store_id(),
                    address: address.clone(),
                }
            } else {
                let found = self
                    .identify(*node_id, address, deadline)
                    .await
                    .map_err(|error| BootstrapError::Unreachable(error.to_string()))?;
                if let Some(problem) = found.other_root_key {
                    return Err(BootstrapError::Refused(problem));
                }
                if found.initialized {
                    let text = format!("node {node_id} belongs to a group already");
                    return Err(BootstrapError::Refused(text));
                }
                found.member
            };
            voters.insert(*node_id, member);
        }
        Ok(voters)
    }

    /// Why a node cannot be of this region, if it holds another root key: it could open nothing of what the region
    /// keeps, and as the leader would end rotation and shipping.
    fn other_root_key(&self, node_id: NodeId, found: &[u8]) -> Option<String> {
        let own = &self.inner.core.root_key_id;
        (found != own).then(|| {
            format!(
                "node {node_id} holds root key {}, this node {}: make the root key once, copy its file to every node \
                 of the region, and empty the data folder of a node that was started with another one",
                hex(found),
                hex(own)
            )
        })
    }

    /// Asks a node for its store, its root key, and whether it belongs to a group already. A node id
    /// that was met with another store before is refused.
    pub(super) async fn identify(
        &self,
        node_id: NodeId,
        address: &str,
        deadline: Instant,
    ) -> Result<Identified, CallError> {
        let core = &self.inner.core;
        let peer = core.peers.connect(node_id, &Member::unidentified(address));
        let (answer, header) = loop {
            let message = pb::IdentifyRequest {
                header: peer.header(),
            };
            let timeout = deadline.saturating_duration_since(Instant::now());
            let asked = peer.exchange(message, timeout, |mut client, request| async move {
                client.identify(request).await
            });
            let asked: Result<(pb::IdentifyResponse, _), _> = asked.await;
            match asked {
                Ok(answer) => break answer,
                // It may be starting.
                Err(CallError::NotSent(..)) if core.pause_before_retry(None, deadline).await => {}
                Err(error) => return Err(error),
            }
        };
        let refused = |error: crate::network::Refused| CallError::AnswerRefused(node_id, error.to_string());
        let other_root_key = self.other_root_key(node_id, &answer.root_key_id);
        let store_id = match other_root_key {
            None => core.local.check_life(&header, None).await.map_err(refused)?,
            // Not remembered: the node is to come again with another disk.
            Some(_) => Member::unidentified(address).store_id,
        };
        Ok(Identified {
            member: Member {
                store_id,
                address: address.to_owned(),
            },
            initialized: answer.initialized,
            other_root_key,
        })
    }
}
