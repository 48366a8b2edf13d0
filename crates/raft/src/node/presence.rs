//! Showing this node's present life to its peers, and going on to the next one. A peer that knows a newer life of this
//! disk refuses, which ends the node; the count is raised only when a peer has accepted the present one, so that an old
//! copy that is left running never counts its way past the disk it was copied from.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kms_proto::internal::raft::v1 as pb;
use kms_storage::DataFolder;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Core;
use crate::network::CallError;
use crate::type_config::NodeId;

/// Pause before members that have not answered are asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// How long one answer is waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// Starts the task, which ends with `cancel` or with the node.
pub(super) fn start(core: &Arc<Core>, disk: Arc<DataFolder>, cancel: CancellationToken) {
    let core = Arc::clone(core);
    tokio::spawn(async move {
        tokio::select! {
            () = live(&core, &disk) => {}
            () = cancel.cancelled() => {}
        }
    });
}

async fn live(core: &Core, disk: &DataFolder) {
    let interval = Duration::from_millis(core.settings.boot_count_interval_ms);
    while core.observed.stopped.borrow().is_none() {
        let raise_at = Instant::now() + interval;
        let mut accepted_by = BTreeSet::new();
        while accepted_by.is_empty() || Instant::now() < raise_at {
            show(core, &mut accepted_by).await;
            if core.observed.stopped.borrow().is_some() {
                return;
            }
            let now = Instant::now();
            let again_at = now + PAUSE;
            let wake_at = if now < raise_at {
                again_at.min(raise_at)
            } else {
                again_at
            };
            tokio::time::sleep_until(wake_at).await;
        }
        if let Err(error) = disk.raise_boot_count().await {
            // The log is poisoned then, which ends the node by itself.
            tracing::error!(%error, "the boot count could not be raised");
        }
    }
}

/// Calls every other member that has not accepted this life yet.
async fn show(core: &Core, accepted_by: &mut BTreeSet<NodeId>) {
    let membership = Arc::clone(&core.observed.membership.borrow());
    let mut asking = JoinSet::new();
    for (node_id, member) in membership.nodes() {
        if *node_id == core.local.node_id() || accepted_by.contains(node_id) {
            continue;
        }
        let peer = core.peers.shared(*node_id, member);
        asking.spawn(async move {
            let message = pb::ReadClockRequest {
                header: peer.header(),
            };
            let answer: Result<pb::ReadClockResponse, CallError> = peer
                .call(message, ANSWER_TIMEOUT, |mut client, request| async move {
                    client.read_clock(request).await
                })
                .await;
            answer.map(|_| peer.node_id())
        });
    }
    while let Some(answer) = asking.join_next().await {
        if let Ok(Ok(node_id)) = answer {
            accepted_by.insert(node_id);
        }
    }
}
