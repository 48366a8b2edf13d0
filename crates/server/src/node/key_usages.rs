//! Making known to the region when keys were last used, in batches.

use super::Running;
use crate::operations::usage::FLUSH_INTERVAL;
use kms_domain::command::NoteKeyUsage;
use kms_domain::{Command, Guard, Proposal};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Longest wait for one batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest wait for one batch when the node ends; without a quorum there is nobody to tell.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// Makes uses known until the node ends.
pub(super) async fn flush_for_ever(running: Arc<Running>) {
    let mut tick = interval_at(Instant::now() + FLUSH_INTERVAL, FLUSH_INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        flush(&running, PATIENCE).await;
    }
}

/// Makes uses known before the node ends.
pub(super) async fn flush_at_end(running: &Running) {
    flush(running, LAST_PATIENCE).await;
}

/// Makes known what is remembered now. What could not be told is kept for the next time; the newest use of a key wins,
/// so that a batch told twice does no harm.
async fn flush(running: &Running, patience: Duration) {
    loop {
        let usages = running.usage.take_batch();
        if usages.is_empty() {
            return;
        }
        let proposal = Proposal {
            time: running.clock.now(),
            principal: None,
            request: None,
            guard: Guard::default(),
            command: Command::NoteKeyUsage(NoteKeyUsage {
                usages: usages.clone(),
            }),
        };
        let told = running.raft.propose(&proposal, Instant::now() + patience).await;
        if let Err(error) = told {
            tracing::debug!(%error, "last uses of keys are made known later");
            running.usage.put_back(usages);
            return;
        }
    }
}
