//! What a leader does beside answering: it moves log time, rotates keys that are due, and renews the region's HPKE
//! key. Everything here is found by looking at the state once a second, so nothing is lost when the lead moves or an
//! effect is dropped. Evictions, which every node carries out, are here too.

mod effects;
mod pulse;
mod renewal;
mod rotation;

use crate::node::Running;
use kms_domain::{Command, Guard, Proposal};
use kms_raft::{EmittedEffect, ProposeError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often the leader looks.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Longest wait for one of the leader's own commands.
const PROPOSE_PATIENCE: Duration = Duration::from_secs(5);

/// The running duties.
pub(crate) struct Duties {
    stop: CancellationToken,
}

impl Duties {
    /// Ends them.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

/// Starts the duties; on a follower they only evict.
pub(crate) fn start(running: &Arc<Running>, effects: mpsc::Receiver<EmittedEffect>) -> Duties {
    let stop = CancellationToken::new();
    let evicting = effects::carry_out(Arc::clone(running), effects);
    tokio::spawn(stop.clone().run_until_cancelled_owned(evicting));
    let looking = look_for_ever(Arc::clone(running));
    tokio::spawn(stop.clone().run_until_cancelled_owned(looking));
    Duties { stop }
}

async fn look_for_ever(running: Arc<Running>) {
    let mut tick = interval(LOOK_INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if !running.raft.is_leader() || running.raft.view().state.region().is_none() {
            continue;
        }
        pulse::propose_if_wanted(&running).await;
        rotation::rotate_due(&running).await;
        renewal::renew_hpke_key(&running).await;
    }
}

/// Proposes one of the service's own commands while this node leads. They are idempotent, so an unknown outcome needs
/// nothing but another look.
async fn propose(running: &Running, guard: Guard, command: Command) {
    let proposal = Proposal {
        time: running.clock.now(),
        principal: None,
        request: None,
        guard,
        command,
    };
    let deadline = Instant::now() + PROPOSE_PATIENCE;
    match running.raft.propose_as_leader(&proposal, deadline).await {
        Ok(applied) => {
            if let Err(refusal) = applied.reply {
                tracing::warn!(%refusal, "a command of the leader was refused");
            }
        }
        Err(ProposeError::NotLeader { .. }) => {}
        Err(error) => tracing::warn!(%error, "a command of the leader has no outcome"),
    }
}
