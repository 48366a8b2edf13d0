//! The operators' service: forming a region, its members, its trust in other regions, and how all of it is doing.
//! One file a call or a pair of calls; what a node cannot know is left out of the answer, never guessed.

mod access_keys;
mod accounts;
mod bootstrap;
mod describe_replication;
mod fold;
mod identities;
mod list_wrapping_keys;
mod membership;
mod refusal;
mod region_identity;
mod region_pairs;
mod region_status;
mod trigger_snapshot;

use crate::errors::{OperationError, status};
use crate::grpc::request_id;
use crate::identity::Operator;
use crate::node::Running;
use crate::operations::RequestId;
use kms_domain::KmsError;
use kms_domain::vocabulary::{AccountId, Principal};
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

/// Who asks for a change, and how it is told from its repetitions.
pub(super) struct Asked {
    operator: Operator,
    request_id: Option<RequestId>,
}

impl Asked {
    /// The operator as one who makes requests. Operators belong to no account; account 000000000000 is nobody's.
    fn principal(&self) -> Result<Principal, OperationError> {
        format!(
            "arn:aws:iam::{}:operator/{}",
            AccountId::FIRST,
            self.operator.name
        )
        .parse()
        .map_err(|_| KmsError::Internal("an operator's name is no part of an ARN".to_owned()).into())
    }
}

/// [`run`] for a change that happens once for one request id.
async fn run_once<Q, A, F>(
    call: &'static str,
    request: Request<Q>,
    carry_out: impl FnOnce(Asked, Q) -> F,
) -> Result<Response<A>, Status>
where
    F: Future<Output = Result<A, OperationError>>,
{
    let operator = request.extensions().get::<Operator>().cloned();
    let request_id = request_id(request.metadata()).map_err(|error| status(&error))?;
    run(call, request, |message| async move {
        // `run` has refused a caller who is no operator.
        let operator = operator.ok_or_else(|| KmsError::Internal("nobody asks".to_owned()))?;
        let asked = Asked { operator, request_id };
        carry_out(asked, message).await
    })
    .await
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

    async fn create_account(
        &self,
        request: Request<v1::CreateAccountRequest>,
    ) -> Result<Response<v1::CreateAccountResponse>, Status> {
        run_once("CreateAccount", request, |asked, q| {
            accounts::create_account(&self.running, asked, q)
        })
        .await
    }

    async fn list_accounts(
        &self,
        request: Request<v1::ListAccountsRequest>,
    ) -> Result<Response<v1::ListAccountsResponse>, Status> {
        run("ListAccounts", request, |q| {
            accounts::list_accounts(&self.running, q)
        })
        .await
    }

    async fn set_account_status(
        &self,
        request: Request<v1::SetAccountStatusRequest>,
    ) -> Result<Response<v1::SetAccountStatusResponse>, Status> {
        run_once("SetAccountStatus", request, |asked, q| {
            accounts::set_account_status(&self.running, asked, q)
        })
        .await
    }

    async fn delete_account(
        &self,
        request: Request<v1::DeleteAccountRequest>,
    ) -> Result<Response<v1::DeleteAccountResponse>, Status> {
        run_once("DeleteAccount", request, |asked, q| {
            accounts::delete_account(&self.running, asked, q)
        })
        .await
    }

    async fn create_access_key(
        &self,
        request: Request<v1::CreateAccessKeyRequest>,
    ) -> Result<Response<v1::CreateAccessKeyResponse>, Status> {
        run_once("CreateAccessKey", request, |asked, q| {
            access_keys::create_access_key(&self.running, asked, q)
        })
        .await
    }

    async fn list_access_keys(
        &self,
        request: Request<v1::ListAccessKeysRequest>,
    ) -> Result<Response<v1::ListAccessKeysResponse>, Status> {
        run("ListAccessKeys", request, |q| {
            access_keys::list_access_keys(&self.running, q)
        })
        .await
    }

    async fn set_access_key_status(
        &self,
        request: Request<v1::SetAccessKeyStatusRequest>,
    ) -> Result<Response<v1::SetAccessKeyStatusResponse>, Status> {
        run_once("SetAccessKeyStatus", request, |asked, q| {
            access_keys::set_access_key_status(&self.running, asked, q)
        })
        .await
    }

    async fn delete_access_key(
        &self,
        request: Request<v1::DeleteAccessKeyRequest>,
    ) -> Result<Response<v1::DeleteAccessKeyResponse>, Status> {
        run_once("DeleteAccessKey", request, |asked, q| {
            access_keys::delete_access_key(&self.running, asked, q)
        })
        .await
    }
}
