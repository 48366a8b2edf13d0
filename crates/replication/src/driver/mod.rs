//! The sending side: while this node leads, one task for each pinned region ships what is dirty for it.
//!
//! The state says what is due and the protocol says what to send; nothing here decides. Back-off, what is on its way
//! and what failed last are kept in memory: another leader finds everything in its state.

mod back_off;
mod batch;
mod board;
mod flight;
mod peer_task;
mod schedule;
mod sealing_key;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kms_domain::key::KeyName;
use kms_domain::multi_region::RecordId;
use kms_domain::vocabulary::{RegionName, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use board::{Failure, PeerStatus};
pub(crate) use flight::outcome_name;
#[cfg(test)]
pub(crate) use {
    back_off::BackOff,
    batch::Shipped,
    schedule::{Fate, Schedule, Version},
};

use crate::dial::DialRegion;
use crate::key_ring::KeyRing;
use crate::limits::Limits;
use crate::local_region::LocalRegion;
use board::Board;
use peer_task::PeerTask;

/// How soon a change of leader or of the pinned regions is noticed.
const LEADERSHIP_INTERVAL: Duration = Duration::from_millis(50);

/// The wall clock, injected.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the driver needs.
pub struct Options {
    /// This node.
    pub region: Arc<dyn LocalRegion>,
    /// This region's keys.
    pub key_ring: Arc<dyn KeyRing>,
    /// Makes connections to peer regions.
    pub dial: Arc<dyn DialRegion>,
    /// The wall clock, for times that are shown.
    pub clock: Clock,
    /// Bounds and times.
    pub limits: Limits,
}

/// What all tasks of the driver share.
pub(crate) struct Shared {
    pub(crate) region: Arc<dyn LocalRegion>,
    pub(crate) key_ring: Arc<dyn KeyRing>,
    pub(crate) dial: Arc<dyn DialRegion>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    board: Board,
    /// Told when something is dirty for a peer; only of peers that have a task.
    wakes: Mutex<BTreeMap<RegionName, Arc<Notify>>>,
}

/// A running driver. Cheap to clone; all clones are one driver.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    cancel: CancellationToken,
    supervisor: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// Starts the driver. Start one on every node: it ships only while its node leads.
pub fn start(options: Options) -> Handle {
    let Options {
        region,
        key_ring,
        dial,
        clock,
        limits,
    } = options;
    let shared = Arc::new(Shared {
        region,
        key_ring,
        dial,
        clock,
        limits,
        board: Board::default(),
        wakes: Mutex::default(),
    });
    let cancel = CancellationToken::new();
    let supervisor = tokio::spawn(supervise(Arc::clone(&shared), cancel.clone()));
    Handle {
        shared,
        cancel,
        supervisor: Arc::new(Mutex::new(Some(supervisor))),
    }
}

impl Handle {
    /// Something became dirty for `peer` ([`kms_domain::Effect::Ship`]). A hint: what is dirty is found without it,
    /// only later.
    pub fn wake(&self, peer: &RegionName) {
        let wakes = self.shared.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wake) = wakes.get(peer) {
            wake.notify_one();
        }
    }

    /// Whether something that a peer refused may be shipped again by this node's clock, but not by log time, which
    /// only a Pulse moves.
    pub fn wants_pulse(&self) -> bool {
        self.shared.board.wants_pulse()
    }

    /// How shipping to every pinned region goes; empty on a node that does not lead.
    pub fn peers(&self) -> Vec<PeerStatus> {
        self.shared.board.peers()
    }

    /// How shipping to one region goes; `None` on a node that does not lead.
    pub fn peer(&self, region: &RegionName) -> Option<PeerStatus> {
        self.shared.board.peer(region)
    }

    /// The last failure to ship one key. Refusals by the peer are in the state instead.
    pub fn key_failure(&self, region: &RegionName, key: &KeyName) -> Option<Failure> {
        self.shared.board.failure_of(region, &RecordId::Key(*key))
    }

    /// Stops shipping. What is on its way is shipped again by the next leader.
    pub async fn shutdown(&self) {
        self.cancel.cancel();
        let supervisor = self
            .supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(supervisor) = supervisor
            && let Err(error) = supervisor.await
        {
            tracing::error!(%error, "the replication driver did not end cleanly");
        }
    }
}

/// A peer's task, and what ends it.
struct Running {
    task: JoinHandle<()>,
    cancel: CancellationToken,
}

/// Keeps one task for each pinned region while this node leads.
async fn supervise(shared: Arc<Shared>, cancel: CancellationToken) {
    let mut running: BTreeMap<RegionName, Running> = BTreeMap::new();
    let mut ticks = tokio::time::interval(LEADERSHIP_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        if shared.region.leads() {
            start_missing(&shared, &cancel, &mut running);
        } else if !running.is_empty() {
            stop_all(&shared, &mut running).await;
        }
        tokio::select! {
            () = cancel.cancelled() => break,
            _ = ticks.tick() => {}
        }
    }
    stop_all(&shared, &mut running).await;
}

fn start_missing(
    shared: &Arc<Shared>,
    cancel: &CancellationToken,
    running: &mut BTreeMap<RegionName, Running>,
) {
    running.retain(|_, peer| !peer.task.is_finished());
    let state = shared.region.state();
    for peer in state.peers() {
        if running.contains_key(&peer.name) {
            continue;
        }
        let wake = Arc::new(Notify::new());
        shared
            .wakes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(peer.name.clone(), Arc::clone(&wake));
        let cancel = cancel.child_token();
        let task = PeerTask::new(Arc::clone(shared), peer.name.clone(), wake).run(cancel.clone());
        let asking = sealing_key::keep_fresh(Arc::clone(shared), peer.name.clone());
        // Shipping ends by itself; asking ends with it.
        let task = tokio::spawn(async move {
            tokio::select! {
                () = task => {}
                () = asking => {}
            }
        });
        running.insert(peer.name.clone(), Running { task, cancel });
    }
}

async fn stop_all(shared: &Shared, running: &mut BTreeMap<RegionName, Running>) {
    for peer in running.values() {
        peer.cancel.cancel();
    }
    for (region, peer) in std::mem::take(running) {
        if let Err(error) = peer.task.await {
            tracing::error!(%region, %error, "shipping to a region did not end cleanly");
        }
    }
    shared
        .wakes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clear();
    shared.board.clear();
}
