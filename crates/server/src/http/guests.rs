//! Who is connected. Anyone can make connections, so a newcomer, whose client has not signed anything valid yet, never keeps
//! anyone out: where there are too many, the oldest goes. Those who are known stay.

use super::listener::refused;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// Of all places, so many are for newcomers.
const NEWCOMERS_ONE_IN: usize = 4;

/// All connections of a listener.
pub(super) struct Guests {
    newcomers_max: usize,
    known_max: usize,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    next: u64,
    newcomers: BTreeMap<u64, CancellationToken>,
    known: usize,
}

/// A connection, until it is dropped.
pub(super) struct Guest {
    number: u64,
    stays: AtomicBool,
    must_go: CancellationToken,
    all: Arc<Guests>,
}

impl Guests {
    /// At most `max` at a time.
    pub(super) fn new(max: usize) -> Arc<Self> {
        let newcomers_max = (max / NEWCOMERS_ONE_IN).max(1);
        Arc::new(Self {
            newcomers_max,
            known_max: max.saturating_sub(newcomers_max),
            present: Mutex::default(),
        })
    }

    /// A newcomer, for whom the oldest goes where there are too many.
    pub(super) fn enter(self: &Arc<Self>) -> Guest {
        let must_go = CancellationToken::new();
        let mut present = self.present();
        while present.newcomers.len() >= self.newcomers_max {
            if let Some((_, oldest)) = present.newcomers.pop_first() {
                oldest.cancel();
                refused("limit");
            }
        }
        let number = present.next;
        present.next += 1;
        present.newcomers.insert(number, must_go.clone());
        drop(present);
        Guest {
            number,
            stays: AtomicBool::new(false),
            must_go,
            all: Arc::clone(self),
        }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// Returns when this one has to make place for another.
    pub(super) async fn must_go(&self) {
        self.must_go.cancelled().await;
    }

    /// Its client has signed something: it stays, if there is a place among the known. May be said again.
    pub(super) fn is_known(&self) {
        // Said with every answer; the lock is taken only until it stays.
        if self.stays.load(Ordering::Relaxed) {
            return;
        }
        let mut present = self.all.present();
        if present.known < self.all.known_max && present.newcomers.remove(&self.number).is_some() {
            present.known += 1;
            self.stays.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut present = self.all.present();
        if *self.stays.get_mut() {
            present.known -= 1;
        } else {
            present.newcomers.remove(&self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_newcomer_goes_and_those_who_are_known_stay() {
        let all = Guests::new(8);
        let (known, old) = (all.enter(), all.enter());
        known.is_known();
        known.is_known();
        let middle = all.enter();
        assert!(!old.must_go.is_cancelled());
        let newest = all.enter();
        assert!(old.must_go.is_cancelled());
        for stays in [&known, &middle, &newest] {
            assert!(!stays.must_go.is_cancelled());
        }
    }

    #[test]
    fn who_leaves_makes_place() {
        let all = Guests::new(4);
        for _ in 0..3 {
            let newcomer = all.enter();
            drop(newcomer);
            let known = all.enter();
            known.is_known();
        }
        let gone = all.enter();
        let last = all.enter();
        assert!(gone.must_go.is_cancelled() && !last.must_go.is_cancelled());
        // It had to go, and may still learn that it was right.
        gone.is_known();
        drop((gone, last));
        let present = all.present();
        assert_eq!((present.newcomers.len(), present.known), (0, 0));
    }

    #[test]
    fn without_a_place_among_the_known_one_remains_a_newcomer() {
        let all = Guests::new(2);
        let first = all.enter();
        first.is_known();
        let second = all.enter();
        second.is_known();
        assert_eq!(all.present().known, 1);
        let _third = all.enter();
        assert!(second.must_go.is_cancelled() && !first.must_go.is_cancelled());
    }
}
