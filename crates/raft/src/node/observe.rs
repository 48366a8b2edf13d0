//! What openraft's metrics say, as channels that the rest of this crate and the server can wait on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use openraft::async_runtime::watch::WatchReceiver;
use openraft::{RaftMetrics, ServerState};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::RaftHandle;
use crate::type_config::{NodeId, StoredMembership, TypeConfig};

/// Who leads, as this node knows it. A leader that died is still named until another is elected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leadership {
    /// The newest term this node has seen.
    pub term: u64,
    /// The leader of the term, if known.
    pub leader: Option<NodeId>,
    /// Whether this node leads.
    pub leads: bool,
}

/// The receiving ends.
#[derive(Clone)]
pub(crate) struct Observed {
    pub(crate) leadership: watch::Receiver<Leadership>,
    pub(crate) membership: watch::Receiver<Arc<StoredMembership>>,
    /// Why the Raft core has stopped; `None` while it runs.
    pub(crate) stopped: watch::Receiver<Option<String>>,
}

/// Starts to follow the metrics of `raft` until `cancel` or until the core stops, which `superseded` makes it do.
/// `leads` is for the state machine, which emits the leader's effects.
pub(crate) fn observe(
    raft: &RaftHandle,
    leads: Arc<AtomicBool>,
    mut superseded: watch::Receiver<Option<String>>,
    cancel: CancellationToken,
) -> Observed {
    let mut metrics = raft.metrics();
    let raft = raft.clone();
    let first = metrics.borrow_watched().clone();
    let (leadership, leadership_rx) = watch::channel(leadership_of(&first));
    let (membership, membership_rx) = watch::channel(Arc::clone(&first.membership_config));
    let (stopped, stopped_rx) = watch::channel(None);
    tokio::spawn(async move {
        loop {
            let now = metrics.borrow_watched().clone();
            let seen = leadership_of(&now);
            leads.store(seen.leads, Ordering::Relaxed);
            leadership.send_if_modified(|known| replace(known, seen));
            membership.send_if_modified(|known| {
                let changed = *known != now.membership_config;
                if changed {
                    known.clone_from(&now.membership_config);
                }
                changed
            });
            let superseded_by = superseded.borrow().clone();
            let fatal = now.running_state.as_ref().err().map(ToString::to_string);
            if let Some(reason) = superseded_by.clone().or(fatal) {
                leads.store(false, Ordering::Relaxed);
                leadership.send_if_modified(|known| {
                    replace(
                        known,
                        Leadership {
                            leads: false,
                            leader: None,
                            ..seen
                        },
                    )
                });
                stopped.send_replace(Some(reason));
                if superseded_by.is_some()
                    && let Err(error) = raft.shutdown().await
                {
                    tracing::warn!(%error, "the Raft core did not end cleanly");
                }
                return;
            }
            tokio::select! {
                changed = metrics.changed() => if changed.is_err() {
                    stopped.send_replace(Some("the Raft core has ended".to_owned()));
                    return;
                },
                _ = superseded.wait_for(Option::is_some) => {}
                () = cancel.cancelled() => return,
            }
        }
    });
    Observed {
        leadership: leadership_rx,
        membership: membership_rx,
        stopped: stopped_rx,
    }
}

fn replace<T: PartialEq>(known: &mut T, seen: T) -> bool {
    let changed = *known != seen;
    *known = seen;
    changed
}

fn leadership_of(metrics: &RaftMetrics<TypeConfig>) -> Leadership {
    Leadership {
        term: metrics.current_term,
        leader: metrics.current_leader,
        leads: metrics.state == ServerState::Leader,
    }
}
