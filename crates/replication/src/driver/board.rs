//! What the driver last knew of each peer region, for operators.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kms_domain::multi_region::RecordId;
use kms_domain::vocabulary::{RegionName, Timestamp};

/// Failures of single records that are remembered for one peer; more are counted by the metrics only.
pub(super) const RECORD_FAILURES_MAX: usize = 1_000;

/// A failure, as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// When, by this node's clock.
    pub at: Timestamp,
    /// What failed; never a secret.
    pub reason: String,
}

/// How shipping to one peer region goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    /// The peer region.
    pub region: RegionName,
    /// The endpoint in use.
    pub endpoint: Option<String>,
    /// Records that it has not acknowledged as they are now.
    pub outbox_rows: u64,
    /// Log time since which the oldest of them waits.
    pub oldest_dirty: Option<Timestamp>,
    /// Records on their way.
    pub in_flight_keys: u64,
    /// The last answer, by this node's clock.
    pub last_success: Option<Timestamp>,
    /// The last call that failed.
    pub last_failure: Option<Failure>,
}

/// One peer's part of the board.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) status: PeerStatus,
    pub(crate) record_failures: Arc<BTreeMap<RecordId, Failure>>,
    pub(crate) wants_pulse: bool,
}

impl Entry {
    pub(crate) fn new(region: RegionName) -> Self {
        Self {
            status: PeerStatus {
                region,
                endpoint: None,
                outbox_rows: 0,
                oldest_dirty: None,
                in_flight_keys: 0,
                last_success: None,
                last_failure: None,
            },
            record_failures: Arc::default(),
            wants_pulse: false,
        }
    }
}

/// All peers to which this node ships now.
#[derive(Debug, Default)]
pub(crate) struct Board {
    entries: Mutex<BTreeMap<RegionName, Entry>>,
}

impl Board {
    /// Every critical section only assigns, so a poisoned lock holds nothing half done.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<RegionName, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, entry: Entry) {
        self.lock().insert(entry.status.region.clone(), entry);
    }

    pub(crate) fn remove(&self, region: &RegionName) {
        self.lock().remove(region);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn peers(&self) -> Vec<PeerStatus> {
        self.lock().values().map(|entry| entry.status.clone()).collect()
    }

    pub(crate) fn peer(&self, region: &RegionName) -> Option<PeerStatus> {
        self.lock().get(region).map(|entry| entry.status.clone())
    }

    pub(crate) fn failure_of(&self, region: &RegionName, record: &RecordId) -> Option<Failure> {
        self.lock().get(region)?.record_failures.get(record).cloned()
    }

    pub(crate) fn wants_pulse(&self) -> bool {
        self.lock().values().any(|entry| entry.wants_pulse)
    }
}
