//! Making RSA keys: up to seconds of processor time each, so it happens on threads of its own that give way to
//! everything else, and only so many callers may wait for it.

use super::call::Call;
use crate::errors::OperationError;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// RSA keys made at a time.
const THREADS: usize = 2;

/// Callers that wait for a thread; further ones are told to come again.
const WAITING_MAX: usize = 16;

/// Priority of the threads, as nice(2) counts: the lowest.
const NICE: i32 = 19;

type Work = Box<dyn FnOnce() + Send>;

/// The threads that make RSA keys. They start with the first key that is asked for.
#[derive(Default)]
pub struct GenerationPool {
    queue: OnceLock<SyncSender<Work>>,
}

impl GenerationPool {
    /// Runs `generate` on one of the threads. Work whose caller has gone is not begun.
    ///
    /// # Errors
    /// [`OperationError::Throttled`] when too many wait; [`OperationError::Timeout`] past the call's deadline.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        call: &Call,
        generate: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, OperationError> {
        let (answer, made) = oneshot::channel();
        let work: Work = Box::new(move || {
            if !answer.is_closed() {
                // Nobody to tell is no failure.
                let _ = answer.send(generate());
            }
        });
        self.queue
            .get_or_init(start_threads)
            .try_send(work)
            .map_err(|full| match full {
                TrySendError::Full(_) => {
                    OperationError::Throttled("too many RSA keys are being made; try again".into())
                }
                TrySendError::Disconnected(_) => {
                    OperationError::Unavailable("RSA keys cannot be made: the threads have ended".into())
                }
            })?;
        match tokio::time::timeout_at(call.deadline, made).await {
            Ok(Ok(made)) => Ok(made),
            Ok(Err(_)) => Err(OperationError::Unavailable("the RSA key was not made".into())),
            Err(_) => Err(OperationError::Timeout(
                "the RSA key was not made within the deadline".into(),
            )),
        }
    }
}

fn start_threads() -> SyncSender<Work> {
    let (queue, waiting) = sync_channel::<Work>(WAITING_MAX);
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..THREADS {
        let waiting = Arc::clone(&waiting);
        let started = std::thread::Builder::new()
            .name("rsa-generation".into())
            .spawn(move || work_through(&waiting));
        if let Err(error) = started {
            tracing::error!(%error, "a thread that makes RSA keys did not start");
        }
    }
    queue
}

fn work_through(waiting: &Mutex<Receiver<Work>>) {
    // On Linux nice(2) concerns the calling thread alone.
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "RSA keys are made at normal priority");
    }
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(work) => work(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kms_authz::Caller;
    use std::sync::mpsc;
    use std::time::Duration;

    fn call(allowed: Duration) -> Call {
        let principal = "arn:aws:iam::111122223333:user/administrator".parse().unwrap();
        Call::arriving_now(Caller::Administrator(principal), None, Some(allowed))
    }

    #[tokio::test]
    async fn what_is_made_is_answered() {
        let made = GenerationPool::default()
            .run(&call(Duration::from_secs(4)), || 7)
            .await;
        assert_eq!(made, Ok(7));
    }

    #[tokio::test]
    async fn a_full_queue_is_throttling_at_once_and_empties_again() {
        let pool = Arc::new(GenerationPool::default());
        let mut gates = Vec::new();
        let mut held = Vec::new();
        for _ in 0..THREADS + WAITING_MAX {
            let (open, gate) = mpsc::channel::<()>();
            let (begun, has_begun) = oneshot::channel();
            gates.push(open);
            let pool = Arc::clone(&pool);
            let running = held.len() < THREADS;
            held.push(tokio::spawn(async move {
                pool.run(&call(Duration::from_secs(4)), move || {
                    let _ = begun.send(());
                    let _ = gate.recv();
                })
                .await
            }));
            if running {
                has_begun.await.expect("a thread takes it");
            }
            tokio::task::yield_now().await;
        }
        let refused = pool.run(&call(Duration::from_secs(4)), || ()).await;
        assert!(
            matches!(refused, Err(OperationError::Throttled(_))),
            "{refused:?}"
        );
        drop(gates);
        for waiting in held {
            assert_eq!(waiting.await.expect("no panic"), Ok(()));
        }
        assert_eq!(pool.run(&call(Duration::from_secs(4)), || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn work_whose_caller_has_gone_is_not_begun() {
        let pool = GenerationPool::default();
        let mut gates = Vec::new();
        for _ in 0..THREADS {
            let (open, gate) = mpsc::channel::<()>();
            gates.push(open);
            let short = call(Duration::from_millis(1));
            let left = pool.run(&short, move || gate.recv().is_ok()).await;
            assert!(matches!(left, Err(OperationError::Timeout(_))), "{left:?}");
        }
        let (begun, has_begun) = mpsc::channel();
        let late = pool
            .run(&call(Duration::from_millis(1)), move || begun.send(()).is_ok())
            .await;
        assert!(matches!(late, Err(OperationError::Timeout(_))), "{late:?}");
        drop(gates);
        assert_eq!(pool.run(&call(Duration::from_secs(4)), || ()).await, Ok(()));
        assert!(has_begun.try_recv().is_err());
    }
}
