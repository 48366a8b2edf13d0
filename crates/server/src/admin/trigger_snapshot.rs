//! TriggerSnapshot: on the node that is asked.

use super::TRANSFER_PATIENCE;
use crate::errors::OperationError;
use crate::node::Running;
use kms_proto::admin::v1;
use tokio::time::Instant;

/// Makes a snapshot and answers what it holds.
pub(super) async fn trigger_snapshot(
    running: &Running,
) -> Result<v1::TriggerSnapshotResponse, OperationError> {
    let deadline = Instant::now() + TRANSFER_PATIENCE;
    running.raft.trigger_snapshot(deadline).await?;
    let status = running.raft.status();
    Ok(v1::TriggerSnapshotResponse {
        snapshot_index: status.snapshot_index.unwrap_or(0),
        purged_index: status.purged_index.unwrap_or(0),
        snapshot_bytes: status.snapshot_bytes,
    })
}
