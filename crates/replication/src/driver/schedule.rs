//! Which records, of keys or of identities, go to one peer next. Remembers nothing that the state does not say again: losing it costs time only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use kms_domain::State;
use kms_domain::multi_region::{self, RecordId, RecordStamp};
use kms_domain::vocabulary::{RegionName, Timestamp};
use tokio::time::Instant;

use super::back_off::BackOff;
use super::board::Failure;

/// Keys looked up at a time. The rest is found when these are done.
const QUEUE_KEYS_MAX: usize = 65_536;

/// Which version of a record was shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Version {
    /// A key's.
    Stamp(RecordStamp),
    /// An account's or access key's.
    Revision(u64),
}

/// What became of a record that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing more is due.
    Settled,
    /// More is due and something was achieved.
    Progressed,
    /// More is due and nothing was achieved with this version.
    Stuck(Option<Version>),
    /// The record could not be shipped, or its answer not be taken.
    Failed(String),
    /// It was not tried.
    Untried,
}

/// Keys of one peer: waiting, on their way, and held back for a while.
pub(crate) struct Schedule {
    queue: VecDeque<RecordId>,
    in_flight: BTreeSet<RecordId>,
    pauses: BTreeMap<RecordId, Pause>,
    back_off: (Duration, Duration),
}

/// Why and until when a key is held back.
struct Pause {
    until: Instant,
    back_off: BackOff,
    version: Option<Version>,
    failure: Option<Failure>,
}

impl Schedule {
    pub(crate) fn new(back_off: (Duration, Duration)) -> Self {
        Self {
            queue: VecDeque::new(),
            in_flight: BTreeSet::new(),
            pauses: BTreeMap::new(),
            back_off,
        }
    }

    /// Up to `keys_max` keys that are due to `peer` and not on their way; they are on their way now.
    pub(crate) fn take(
        &mut self,
        state: &State,
        peer: &RegionName,
        now: Instant,
        keys_max: usize,
    ) -> Vec<RecordId> {
        if self.queue.is_empty() {
            self.refill(state, peer, now);
        }
        let length = self.queue.len().min(keys_max);
        let taken: Vec<RecordId> = self.queue.drain(..length).collect();
        self.in_flight.extend(&taken);
        taken
    }

    fn refill(&mut self, state: &State, peer: &RegionName, now: Instant) {
        let due: Vec<RecordId> = multi_region::due(state, peer, state.log_time())
            .take(QUEUE_KEYS_MAX)
            .collect();
        if !self.pauses.is_empty() {
            let still_due: BTreeSet<&RecordId> = due.iter().collect();
            self.pauses.retain(|key, _| still_due.contains(key));
        }
        let may_go = |key: &RecordId| {
            !self.in_flight.contains(key) && self.pauses.get(key).is_none_or(|pause| pause.until <= now)
        };
        let ready: BTreeSet<RecordId> = due.into_iter().filter(may_go).collect();
        self.queue.extend(ready);
    }

    /// Puts back what was taken, in front, in its order.
    pub(crate) fn put_back(&mut self, keys: Vec<RecordId>) {
        for key in keys.into_iter().rev() {
            self.in_flight.remove(&key);
            self.queue.push_front(key);
        }
    }

    /// Notes what became of a key. `fraction` is the jitter of the wait, `at` the time that a failure is shown with.
    pub(crate) fn land(&mut self, key: RecordId, fate: Fate, now: Instant, at: Timestamp, fraction: f64) {
        self.in_flight.remove(&key);
        match fate {
            Fate::Settled | Fate::Progressed => {
                self.pauses.remove(&key);
            }
            Fate::Untried => {}
            Fate::Stuck(version) => self.hold_back_if_repeated(key, version, now, fraction),
            Fate::Failed(reason) => {
                let pause = self.pause(key, now);
                pause.until = now + pause.back_off.next(fraction);
                pause.failure = Some(Failure { at, reason });
            }
        }
    }

    /// A record may be overtaken by a newer one once; the same one without effect again and again must wait.
    fn hold_back_if_repeated(
        &mut self,
        key: RecordId,
        version: Option<Version>,
        now: Instant,
        fraction: f64,
    ) {
        let pause = self.pause(key, now);
        if pause.version == version {
            pause.until = now + pause.back_off.next(fraction);
        } else {
            pause.back_off.reset();
            pause.until = now;
            pause.version = version;
        }
        pause.failure = None;
    }

    fn pause(&mut self, key: RecordId, now: Instant) -> &mut Pause {
        let back_off = BackOff::new(self.back_off);
        self.pauses.entry(key).or_insert(Pause {
            until: now,
            back_off,
            version: None,
            failure: None,
        })
    }

    /// When the first key that is held back may go again.
    pub(crate) fn next_resumption(&self, now: Instant) -> Option<Instant> {
        let waits = self.pauses.values().map(|pause| pause.until);
        waits.filter(|until| *until > now).min()
    }

    /// How many keys are on their way.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Keys that failed, with the failure.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&RecordId, &Failure)> {
        self.pauses
            .iter()
            .filter_map(|(key, pause)| Some((key, pause.failure.as_ref()?)))
    }
}
