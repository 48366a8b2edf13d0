//! Callers who wait for a read index. One question serves all who wait when it is asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::error::ReadError;

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
    waiting: Mutex<Waiting>,
    /// Told when the first of a batch comes.
    come: Notify,
}

struct Waiting {
    waiting_max: usize,
    waiters: Vec<Waiter>,
    closed: bool,
}

impl ReadQueue {
    /// A queue for at most so many callers.
    pub(super) fn new(waiting_max: usize) -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                waiting_max,
                waiters: Vec::new(),
                closed: false,
            }),
            come: Notify::new(),
        }
    }

    /// Takes a place.
    pub(super) fn join(&self, waiter: Waiter) -> Result<(), NoPlace> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(NoPlace::Closed);
        }
        if waiting.waiters.len() >= waiting.waiting_max {
            return Err(NoPlace::Full);
        }
        waiting.waiters.push(waiter);
        let is_first = waiting.waiters.len() == 1;
        drop(waiting);
        if is_first {
            self.come.notify_one();
        }
        Ok(())
    }

    /// Everybody who waits, as soon as somebody does. Whoever comes after this has returned is not among them.
    pub(super) async fn take(&self) -> Vec<Waiter> {
        loop {
            let waiters = std::mem::take(&mut self.lock().waiters);
            if !waiters.is_empty() {
                return waiters;
            }
            self.come.notified().await;
        }
    }

    /// Sends everybody away, now and later.
    pub(super) fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.waiters.clear();
    }

    /// Changes for how many callers there are places.
    #[cfg(test)]
    pub(super) fn set_waiting_max_for_test(&self, waiting_max: usize) {
        self.lock().waiting_max = waiting_max;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    fn waiter() -> (Waiter, oneshot::Receiver<Result<u64, ReadError>>) {
        let (answer, answered) = oneshot::channel();
        let deadline = Instant::now() + Duration::from_secs(5);
        (Waiter { deadline, answer }, answered)
    }

    #[tokio::test]
    async fn all_who_wait_are_taken_at_once_and_who_comes_later_is_taken_next() {
        let queue = Arc::new(ReadQueue::new(100));
        for count in [1, 40, 2] {
            for _ in 0..count {
                queue.join(waiter().0).unwrap();
            }
            assert_eq!(queue.take().await.len(), count);
        }
        let taking = {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.take().await.len() })
        };
        tokio::task::yield_now().await;
        queue.join(waiter().0).unwrap();
        let taken = tokio::time::timeout(Duration::from_secs(20), taking).await;
        assert_eq!(taken.unwrap().unwrap(), 1);
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
