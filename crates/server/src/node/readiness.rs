//! Whether a node serves callers: it leads a majority or hears its leader, has recovered what it knew before it was
//! started, holds the root key of its region, and is not about to end.

use kms_domain::State;
use kms_raft::{Leadership, Node};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::keyring::Keyring;

/// How long one question for recovery may wait before it is asked again.
const RECOVERY_PATIENCE: Duration = Duration::from_secs(10);

/// Pause between two questions.
const RECOVERY_PAUSE: Duration = Duration::from_millis(200);

/// Whether the node serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Calls are answered.
    Serving,
    /// They are not, for this reason.
    NotServing(String),
}

/// Tells everybody whether the node serves.
#[derive(Clone)]
pub struct Readiness {
    standing: Arc<watch::Sender<Standing>>,
    closing: Arc<AtomicBool>,
}

impl Default for Readiness {
    fn default() -> Self {
        let (standing, _) = watch::channel(not("the node is starting"));
        Self {
            standing: Arc::new(standing),
            closing: Arc::default(),
        }
    }
}

impl Readiness {
    /// Whether the node serves now.
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// Tells of every change.
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Serves no more, whatever is found out later: the process ends, and its last change of leadership must not call
    /// callers back.
    pub(super) fn close(&self) {
        let last = not("the node is shutting down");
        self.closing.store(true, Ordering::SeqCst);
        self.standing.send_if_modified(|known| replace(known, last));
    }

    pub(super) fn set(&self, standing: Standing) {
        // Looked at under the lock of the value: what comes after the last word is dropped.
        self.standing
            .send_if_modified(|known| !self.closing.load(Ordering::SeqCst) && replace(known, standing));
    }
}

fn replace(known: &mut Standing, standing: Standing) -> bool {
    let changed = *known != standing;
    if changed {
        match &standing {
            Standing::Serving => tracing::info!("serving"),
            Standing::NotServing(reason) => tracing::info!(%reason, "not serving"),
        }
        *known = standing;
    }
    changed
}

fn not(reason: &str) -> Standing {
    Standing::NotServing(reason.to_owned())
}

/// Keeps `readiness` true to the node, for ever.
pub(super) async fn follow(node: Node, keyring: Arc<Keyring>, readiness: Readiness) {
    readiness.set(not(
        "the region has not been bootstrapped, or this node has not heard from it",
    ));
    recover(&node).await;
    let mut leadership = node.watch_leadership();
    let mut views = node.watch_views();
    let mut proven = false;
    loop {
        let known = *leadership.borrow_and_update();
        let view = Arc::clone(&views.borrow_and_update());
        let proof = match proven {
            true => Ok(()),
            false => keyring.prove(&view.state).map_err(|error| error.to_string()),
        };
        proven = proof.is_ok();
        readiness.set(judge(known, node.hears_quorum(), &view.state, proof));
        // Once the root key has proved itself, views change nothing any more.
        let changed = tokio::select! {
            changed = leadership.changed() => changed,
            changed = views.changed(), if !proven => changed,
            // Silence is announced by nobody.
            () = tokio::time::sleep(node.lease()) => Ok(()),
        };
        if changed.is_err() {
            return;
        }
    }
}

async fn recover(node: &Node) {
    while node
        .wait_for_recovery(Instant::now() + RECOVERY_PATIENCE)
        .await
        .is_err()
    {
        tokio::time::sleep(RECOVERY_PAUSE).await;
    }
}

/// `proof` says whether this node's root key opens the region's wrapping key, or why it does not.
fn judge(leadership: Leadership, hears_quorum: bool, state: &State, proof: Result<(), String>) -> Standing {
    if state.region().is_none() {
        return not("the region has not been bootstrapped, or this node has not received its state yet");
    }
    if let Err(reason) = proof {
        return Standing::NotServing(format!("this node's root key does not open the region: {reason}"));
    }
    match leadership.leader {
        None => not("no leader is known"),
        Some(_) if hears_quorum => Standing::Serving,
        Some(_) if leadership.leads => not("no majority of the region's voters answers"),
        Some(leader) => Standing::NotServing(format!("nothing is heard of node {leader}, the leader")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::founded_state;

    const LED: Leadership = Leadership {
        term: 1,
        leader: Some(2),
        leads: false,
    };

    fn reason(standing: Standing) -> String {
        match standing {
            Standing::Serving => String::new(),
            Standing::NotServing(reason) => reason,
        }
    }

    #[test]
    fn a_node_serves_when_it_has_a_region_its_root_key_and_a_leader() {
        assert_eq!(judge(LED, true, &founded_state(), Ok(())), Standing::Serving);
    }

    #[test]
    fn whatever_is_missing_is_named() {
        let founded = founded_state();
        let no_region = judge(LED, true, &State::default(), Ok(()));
        assert!(reason(no_region).contains("bootstrapped"));
        let other_root_key = judge(LED, true, &founded, Err("it does not open".to_owned()));
        assert!(reason(other_root_key).contains("root key"));
        let no_leader = judge(Leadership { leader: None, ..LED }, true, &founded, Ok(()));
        assert!(reason(no_leader).contains("leader"));
        let silent_leader = judge(LED, false, &founded, Ok(()));
        assert!(reason(silent_leader).contains("node 2"));
        let silent_followers = judge(Leadership { leads: true, ..LED }, false, &founded, Ok(()));
        assert!(reason(silent_followers).contains("majority"));
    }

    #[test]
    fn a_node_that_is_closing_never_serves_again() {
        let readiness = Readiness::default();
        readiness.set(Standing::Serving);
        readiness.close();
        readiness.set(Standing::Serving);
        assert!(reason(readiness.standing()).contains("shutting down"));
    }
}
