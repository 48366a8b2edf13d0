//! AddNode, RemoveNode and TransferLeader. The leader does them; another node says who leads.

use super::fold::members;
use super::{QUORUM_PATIENCE, TRANSFER_PATIENCE};
use crate::errors::OperationError;
use crate::node::Running;
use kms_domain::KmsError;
use kms_proto::admin::v1;
use kms_raft::{MembershipError, NewNode, NodeId, StoreId};
use tokio::time::Instant;

/// Adds a node and returns when it is a voter.
pub(super) async fn add_node(
    running: &Running,
    request: v1::AddNodeRequest,
) -> Result<v1::AddNodeResponse, OperationError> {
    let node = request
        .node
        .ok_or_else(|| KmsError::Validation("node is missing".to_owned()))?;
    let new = NewNode {
        node_id: node.node_id,
        address: node.raft_address,
        store_id: node.store_id.as_deref().map(store_id).transpose()?,
    };
    let deadline = Instant::now() + TRANSFER_PATIENCE;
    running.raft.add_node(&new, deadline).await?;
    let members = members(&running.raft.status());
    Ok(v1::AddNodeResponse { members })
}

/// Removes a node for good. A leader that is asked to remove itself hands over first, and the operator asks again.
pub(super) async fn remove_node(
    running: &Running,
    request: v1::RemoveNodeRequest,
) -> Result<v1::RemoveNodeResponse, OperationError> {
    let deadline = Instant::now() + TRANSFER_PATIENCE;
    running.raft.remove_node(request.node_id, deadline).await?;
    let members = members(&running.raft.status());
    Ok(v1::RemoveNodeResponse { members })
}

/// Makes another voter the leader.
pub(super) async fn transfer_leader(
    running: &Running,
    request: v1::TransferLeaderRequest,
) -> Result<v1::TransferLeaderResponse, OperationError> {
    let target = match request.target_node_id {
        Some(target) => target,
        None => furthest(running)?,
    };
    let deadline = Instant::now() + QUORUM_PATIENCE;
    running.raft.transfer_leader(target, deadline).await?;
    let term = running.raft.status().term;
    Ok(v1::TransferLeaderResponse {
        leader_id: target,
        term,
    })
}

/// The other voter that holds most of the log among those that answer.
fn furthest(running: &Running) -> Result<NodeId, OperationError> {
    let status = running.raft.status();
    if !running.raft.is_leader() {
        return Err(MembershipError::NotLeader {
            leader: status.leader,
        }
        .into());
    }
    let successor = running.raft.successor();
    successor.ok_or_else(|| KmsError::Validation("no other voter answers".to_owned()).into())
}

fn store_id(text: &str) -> Result<StoreId, OperationError> {
    text.parse::<kms_domain::vocabulary::StoreId>()
        .map(|id| StoreId(id.0))
        .map_err(|e| KmsError::Validation(format!("store_id: {e}")).into())
}
