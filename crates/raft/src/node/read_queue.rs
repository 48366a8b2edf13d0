//! Callers who wait for a read index, gathered into batches: one question serves a whole batch.
//!
//! Each question costs a message to every node, so a busy node asks for half of its callers while it works for the
//! other half. A lone caller is not kept waiting: how many are wanted follows from how many there were.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::error::ReadError;

/// The longest that the first of a batch waits for others to come.
const GATHERING_MAX: Duration = Duration::from_millis(2);

/// A caller that waits for a read index.
pub(super) struct Waiter {
    pub(super) deadline: Instant,
    pub(super) answer: oneshot::Sender<Result<u64, ReadError>>,
}

/// Why a caller got no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// As many wait as may.
    Full,
    /// Nobody will be asked any more.
    Closed,
}

/// The waiting callers.
pub(super) struct ReadQueue {
    gathered: Mutex<Gathered>,
    /// Told when a batch begins and when enough have come, not for every caller.
    come: Notify,
}

struct Gathered {
    waiting_max: usize,
    waiters: Vec<Waiter>,
    /// Sizes of the last two batches.
    last: usize,
    before_last: usize,
    closed: bool,
}

impl Gathered {
    /// Half of those who were served by the last two questions.
    fn wanted(&self) -> usize {
        usize::midpoint(self.last, self.before_last).max(1)
    }

    fn is_enough(&self) -> bool {
        self.waiters.len() >= self.wanted()
    }
}

impl ReadQueue {
    /// A queue for at most so many callers.
    pub(super) fn new(waiting_max: usize) -> Self {
        Self {
            gathered: Mutex::new(Gathered {
                waiting_max,
                waiters: Vec::new(),
                last: 0,
                before_last: 0,
                closed: false,
            }),
            come: Notify::new(),
        }
    }

    /// Takes a place.
    pub(super) fn join(&self, waiter: Waiter) -> Result<(), NoPlace> {
        let mut gathered = self.lock();
        if gathered.closed {
            return Err(NoPlace::Closed);
        }
        if gathered.waiters.len() >= gathered.waiting_max {
            return Err(NoPlace::Full);
        }
        gathered.waiters.push(waiter);
        let waiting = gathered.waiters.len();
        let tell = waiting == 1 || waiting == gathered.wanted();
        drop(gathered);
        if tell {
            self.come.notify_one();
        }
        Ok(())
    }

    /// Returns when somebody waits.
    pub(super) async fn somebody(&self) {
        while self.lock().waiters.is_empty() {
            self.come.notified().await;
        }
    }

    /// Everybody who waits, once enough have come or the wait has been long enough. Whoever comes after this has
    /// returned is not among them.
    pub(super) async fn take(&self) -> Vec<Waiter> {
        let until = Instant::now() + GATHERING_MAX;
        while !self.lock().is_enough() {
            if tokio::time::timeout_at(until, self.come.notified())
                .await
                .is_err()
            {
                break;
            }
        }
        let mut gathered = self.lock();
        gathered.before_last = gathered.last;
        gathered.last = gathered.waiters.len();
        std::mem::take(&mut gathered.waiters)
    }

    /// Sends everybody away, now and later.
    pub(super) fn close(&self) {
        let mut gathered = self.lock();
        gathered.closed = true;
        gathered.waiters.clear();
    }

    /// Changes for how many callers there are places.
    #[cfg(test)]
    pub(super) fn set_waiting_max_for_test(&self, waiting_max: usize) {
        self.lock().waiting_max = waiting_max;
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        // Nothing panics while it is held.
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn waiter() -> (Waiter, oneshot::Receiver<Result<u64, ReadError>>) {
        let (answer, answered) = oneshot::channel();
        let deadline = Instant::now() + Duration::from_secs(5);
        (Waiter { deadline, answer }, answered)
    }

    /// Joins `count` callers and takes one batch.
    async fn batch_of(queue: &ReadQueue, count: usize) -> usize {
        for _ in 0..count {
            queue.join(waiter().0).unwrap();
        }
        queue.somebody().await;
        queue.take().await.len()
    }

    #[tokio::test]
    async fn a_lone_caller_does_not_wait_for_others() {
        let queue = ReadQueue::new(10);
        for _ in 0..3 {
            let began = Instant::now();
            assert_eq!(batch_of(&queue, 1).await, 1);
            assert!(began.elapsed() < GATHERING_MAX, "{:?}", began.elapsed());
        }
    }

    #[tokio::test]
    async fn a_busy_node_waits_for_half_of_its_callers_but_not_for_long() {
        let queue = Arc::new(ReadQueue::new(100));
        batch_of(&queue, 40).await;
        batch_of(&queue, 24).await;
        let taking = {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.take().await.len() })
        };
        for _ in 0..32 {
            queue.join(waiter().0).unwrap();
        }
        let taken = taking.await.unwrap();
        assert_eq!(taken, 32);
        // Nobody else comes: what is there is taken all the same.
        let began = Instant::now();
        assert_eq!(batch_of(&queue, 1).await, 1);
        assert!(began.elapsed() >= GATHERING_MAX, "it did not wait for others");
        assert!(began.elapsed() < Duration::from_secs(1));
    }

    #[tokio::test]
    async fn a_full_queue_and_a_closed_one_refuse_at_once() {
        let queue = ReadQueue::new(1);
        let (first, answered) = waiter();
        queue.join(first).unwrap();
        assert_eq!(queue.join(waiter().0), Err(NoPlace::Full));
        queue.close();
        assert_eq!(queue.join(waiter().0), Err(NoPlace::Closed));
        assert!(answered.await.is_err(), "who waited is sent away");
    }
}
