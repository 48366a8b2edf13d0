//! Ending without a gap: the leader hands over, calls under way finish, then the group and the disk close.

use super::listeners::Listeners;
use super::{Running, key_usages};
use kms_raft::Node;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long the leader waits for another node to take over.
const HANDOVER_PATIENCE: Duration = Duration::from_secs(2);

/// Ends the node in order. Takes at most the hand-over's patience, twice the configured drain, the patience
/// for last uses of keys, and the disk's time.
pub(super) async fn shut_down(running: &Running, mut listeners: Listeners) {
    running.readiness.close();
    hand_over(&running.raft).await;
    let drain = running.config.limits.drain();
    if timeout(drain, listeners.drain_public()).await.is_err() {
        tracing::warn!("calls under way did not finish in time and are cut off");
    }
    key_usages::flush_at_end(running).await;
    running.replication.shutdown().await;
    running.raft.shutdown().await;
    if timeout(drain, listeners.drain_internal()).await.is_err() {
        tracing::debug!("peers did not close their connections in time");
    }
    listeners.abort();
    tracing::info!("the node has ended");
}

/// Gives the lead to the voter that has the most of the log among those that answer, if there is one.
async fn hand_over(node: &Node) {
    if !node.is_leader() {
        return;
    }
    let Some(successor) = node.successor() else {
        return;
    };
    let deadline = Instant::now() + HANDOVER_PATIENCE;
    match node.transfer_leader(successor, deadline).await {
        Ok(()) => tracing::info!(successor, "the lead is handed over"),
        Err(error) => tracing::warn!(%error, "the lead could not be handed over"),
    }
}
