//! The operators' service: forming a region, its members, its trust in other regions, and how all of it is doing.
//! One file a call or a pair of calls; what a node cannot know is left out of the answer, never guessed.

mod bootstrap;
mod describe_replication;
mod fold;
mod list_wrapping_keys;
mod membership;
mod refusal;
mod region_identity;
mod region_pairs;
mod region_status;
mod trigger_snapshot;

use crate::errors::{OperationError, status};
use crate::identity::Operator;
use crate::node::Running;
use kms_proto::admin::v1;
use kms_proto::admin::v1::admin_server::Admin;
use kms_raft::View;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

/// Longest wait for what needs a quorum.
const QUORUM_PATIENCE: Duration = Duration::from_secs(5);

/// Longest wait for what moves data: a learner that catches up, a snapshot.
const TRANSFER_PATIENCE: Duration = Duration::from_secs(120);

/// `concord.kms.admin.v1.Admin` over one node.
pub struct AdminService {
    running: Arc<Running>,
}

impl AdminService {
    /// Serves operators of this node.
    pub const fn new(running: Arc<Running>) -> Self {
        Self { running }
    }
}

/// Runs one call, and logs who asked for it and what became of it.
async fn run<Q, A, F>(
    call: &'static str,
    request: Request<Q>,
    carry_out: impl FnOnce(Q) -> F,
) -> Result<Response<A>, Status>
where
    F: Future<Output = Result<A, OperationError>>,
{
    let operator = request.extensions().get::<Operator>().cloned();
    let Some(Operator { name }) = operator else {
        return Err(Status::unauthenticated(
            "the caller has no operator's certificate",
        ));
    };
    match carry_out(request.into_inner()).await {
        Ok(answer) => {
            tracing::info!(call, operator = %name, "operator call");
            Ok(Response::new(answer))
        }
        Err(error) => {
            tracing::info!(call, operator = %name, %error, "operator call refused");
            Err(status(&error))
        }
    }
}

/// A linearizable view of the region.
async fn read(running: &Running) -> Result<Arc<View>, OperationError> {
    Ok(running.raft.read(Instant::now() + QUORUM_PATIENCE).await?)
}

#[tonic::async_trait]
impl Admin for AdminService {
    async fn bootstrap(
        &self,
        request: Request<v1::BootstrapRequest>,
    ) -> Result<Response<v1::BootstrapResponse>, Status> {
        run("Bootstrap", request, |q| bootstrap::bootstrap(&self.running, q)).await
    }

    async fn region_status(
        &self,
        request: Request<v1::RegionStatusRequest>,
    ) -> Result<Response<v1::RegionStatusResponse>, Status> {
        // Not logged: it is asked for every few seconds.
        if request.extensions().get::<Operator>().is_none() {
            return Err(Status::unauthenticated(
                "the caller has no operator's certificate",
            ));
        }
        Ok(Response::new(region_status::region_status(&self.running).await))
    }

    async fn add_node(
        &self,
        request: Request<v1::AddNodeRequest>,
    ) -> Result<Response<v1::AddNodeResponse>, Status> {
        run("AddNode", request, |q| membership::add_node(&self.running, q)).await
    }

    async fn remove_node(
        &self,
        request: Request<v1::RemoveNodeRequest>,
    ) -> Result<Response<v1::RemoveNodeResponse>, Status> {
        run("RemoveNode", request, |q| {
            membership::remove_node(&self.running, q)
        })
        .await
    }

    async fn transfer_leader(
        &self,
        request: Request<v1::TransferLeaderRequest>,
    ) -> Result<Response<v1::TransferLeaderResponse>, Status> {
        run("TransferLeader", request, |q| {
            membership::transfer_leader(&self.running, q)
        })
        .await
    }

    async fn trigger_snapshot(
        &self,
        request: Request<v1::TriggerSnapshotRequest>,
    ) -> Result<Response<v1::TriggerSnapshotResponse>, Status> {
        run("TriggerSnapshot", request, |_| {
            trigger_snapshot::trigger_snapshot(&self.running)
        })
        .await
    }

    async fn pair_region(
        &self,
        request: Request<v1::PairRegionRequest>,
    ) -> Result<Response<v1::PairRegionResponse>, Status> {
        run("PairRegion", request, |q| {
            region_pairs::pair_region(&self.running, q)
        })
        .await
    }

    async fn unpair_region(
        &self,
        request: Request<v1::UnpairRegionRequest>,
    ) -> Result<Response<v1::UnpairRegionResponse>, Status> {
        run("UnpairRegion", request, |q| {
            region_pairs::unpair_region(&self.running, q)
        })
        .await
    }

    async fn list_region_pairs(
        &self,
        request: Request<v1::ListRegionPairsRequest>,
    ) -> Result<Response<v1::ListRegionPairsResponse>, Status> {
        run("ListRegionPairs", request, |_| {
            region_pairs::list_region_pairs(&self.running)
        })
        .await
    }

    async fn get_region_identity(
        &self,
        request: Request<v1::GetRegionIdentityRequest>,
    ) -> Result<Response<v1::GetRegionIdentityResponse>, Status> {
        run("GetRegionIdentity", request, |_| {
            region_identity::get_region_identity(&self.running)
        })
        .await
    }

    async fn describe_replication(
        &self,
        request: Request<v1::DescribeReplicationRequest>,
    ) -> Result<Response<v1::DescribeReplicationResponse>, Status> {
        run("DescribeReplication", request, |q| {
            describe_replication::describe_replication(&self.running, q)
        })
        .await
    }

    async fn list_wrapping_keys(
        &self,
        request: Request<v1::ListWrappingKeysRequest>,
    ) -> Result<Response<v1::ListWrappingKeysResponse>, Status> {
        run("ListWrappingKeys", request, |_| {
            list_wrapping_keys::list_wrapping_keys(&self.running)
        })
        .await
    }
}
