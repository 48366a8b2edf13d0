//! Work that takes long: making RSA keys takes up to seconds of processor time, using their private halves up to
//! milliseconds. It happens on threads of its own, and only so many callers may wait for it.

use super::call::Call;
use crate::errors::OperationError;
use kms_domain::KmsError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// How much work a pool does at a time, and how much waits.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// What the threads are called, and what callers are told there is too much of.
    name: &'static str,
    threads: Threads,
    /// Calls that wait for a thread; further ones are told to come again.
    waiting_max: usize,
    /// Priority of the threads, as nice(2) counts.
    nice: i32,
}

/// How many threads.
#[derive(Debug, Clone, Copy)]
enum Threads {
    /// One for each processor.
    Processors,
    /// One for every two processors, since even the lowest priority costs the others some of their time.
    HalfOfProcessors,
}

impl Threads {
    fn count(self) -> usize {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        match self {
            Self::Processors => processors,
            Self::HalfOfProcessors => processors.div_ceil(2),
        }
    }
}

/// Making RSA keys, which gives way to everything else.
pub const GENERATION: Bounds = Bounds {
    name: "rsa-generation",
    threads: Threads::HalfOfProcessors,
    waiting_max: 16,
    nice: 15,
};

/// Using the private halves of RSA keys, those of imports included.
pub const PRIVATE_OPERATIONS: Bounds = Bounds {
    name: "rsa-private",
    threads: Threads::Processors,
    waiting_max: 1_024,
    nice: 0,
};

type Work = Box<dyn FnOnce() + Send>;

/// Threads that do one kind of work. They start with the first that is asked for.
pub struct WorkPool {
    bounds: Bounds,
    queue: OnceLock<SyncSender<Work>>,
}

impl WorkPool {
    /// A pool within these bounds.
    pub const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            queue: OnceLock::new(),
        }
    }

    /// Does `work` on one of the threads. Work whose caller has gone is not begun.
    ///
    /// # Errors
    /// [`OperationError::Throttled`] when too much waits; [`OperationError::Timeout`] past the call's deadline; an
    /// internal error if the work panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        call: &Call,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, OperationError> {
        let (answer, done) = oneshot::channel();
        self.try_enqueue(Box::new(move || {
            if !answer.is_closed() {
                // Nobody to tell is no failure.
                let _ = answer.send(work());
            }
        }))?;
        match tokio::time::timeout_at(call.deadline, done).await {
            Ok(Ok(done)) => Ok(done),
            // Its thread has logged why.
            Ok(Err(_)) => Err(KmsError::Internal(format!("{}: the work failed", self.bounds.name)).into()),
            Err(_) => Err(OperationError::Timeout(format!(
                "{}: the work was not done within the deadline",
                self.bounds.name
            ))),
        }
    }

    /// Has `work` done when there is time, without waiting for it.
    ///
    /// # Errors
    /// [`OperationError::Throttled`] when too much waits.
    pub(super) fn try_enqueue(&self, work: Work) -> Result<(), OperationError> {
        let name = self.bounds.name;
        let queue = self.queue.get_or_init(|| start_threads(self.bounds));
        queue.try_send(work).map_err(|refused| match refused {
            TrySendError::Full(_) => {
                OperationError::Throttled(format!("{name}: too many calls are waiting; try again"))
            }
            TrySendError::Disconnected(_) => {
                OperationError::Unavailable(format!("{name}: the threads have ended"))
            }
        })
    }
}

fn start_threads(bounds: Bounds) -> SyncSender<Work> {
    let (queue, waiting) = sync_channel::<Work>(bounds.waiting_max);
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..bounds.threads.count() {
        let waiting = Arc::clone(&waiting);
        let started = std::thread::Builder::new()
            .name(bounds.name.into())
            .spawn(move || work_through(bounds, &waiting));
        if let Err(error) = started {
            tracing::error!(%error, pool = bounds.name, "a thread did not start");
        }
    }
    queue
}

fn work_through(bounds: Bounds, waiting: &Mutex<Receiver<Work>>) {
    // On Linux nice(2) concerns the calling thread alone.
    if let Err(error) = rustix::process::nice(bounds.nice) {
        tracing::warn!(%error, pool = bounds.name, "the threads run at normal priority");
    }
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            // What panics fails its own caller; the thread goes on with the others.
            Ok(work) => {
                if catch_unwind(AssertUnwindSafe(work)).is_err() {
                    tracing::error!(pool = bounds.name, "work panicked");
                }
            }
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
        let made = WorkPool::new(GENERATION)
            .run(&call(Duration::from_secs(4)), || 7)
            .await;
        assert_eq!(made, Ok(7));
    }

    /// Calls that keep a pool busy until they are let go.
    struct Held {
        gates: Vec<mpsc::Sender<()>>,
        calls: Vec<tokio::task::JoinHandle<Result<(), OperationError>>>,
    }

    impl Held {
        /// Keeps every thread busy; each has begun.
        async fn threads(pool: &Arc<WorkPool>) -> Self {
            let mut held = Self {
                gates: Vec::new(),
                calls: Vec::new(),
            };
            for _ in 0..GENERATION.threads.count() {
                held.add(pool).await.expect("a thread takes it");
            }
            held
        }

        /// One call more; what is answered tells when it begins.
        fn add(&mut self, pool: &Arc<WorkPool>) -> oneshot::Receiver<()> {
            let (open, gate) = mpsc::channel::<()>();
            let (begun, has_begun) = oneshot::channel();
            self.gates.push(open);
            let pool = Arc::clone(pool);
            self.calls.push(tokio::spawn(async move {
                let hold = move || {
                    let _ = begun.send(());
                    let _ = gate.recv();
                };
                pool.run(&call(Duration::from_secs(4)), hold).await
            }));
            has_begun
        }

        async fn let_go(self) {
            drop(self.gates);
            for waiting in self.calls {
                assert_eq!(waiting.await.expect("no panic"), Ok(()));
            }
        }
    }

    #[tokio::test]
    async fn a_full_queue_is_throttling_at_once_and_empties_again() {
        let pool = Arc::new(WorkPool::new(GENERATION));
        let mut held = Held::threads(&pool).await;
        for _ in 0..GENERATION.waiting_max {
            held.add(&pool);
            tokio::task::yield_now().await;
        }
        let refused = pool.run(&call(Duration::from_secs(4)), || ()).await;
        assert!(
            matches!(refused, Err(OperationError::Throttled(_))),
            "{refused:?}"
        );
        held.let_go().await;
        assert_eq!(pool.run(&call(Duration::from_secs(4)), || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn work_that_panics_fails_its_caller_and_nobody_else() {
        let pool = WorkPool::new(GENERATION);
        for _ in 0..=GENERATION.threads.count() {
            let failed = pool
                .run(&call(Duration::from_secs(4)), || panic!("a test of panics"))
                .await;
            let failed: Result<(), OperationError> = failed;
            assert!(
                matches!(failed, Err(OperationError::Kms(KmsError::Internal(_)))),
                "{failed:?}"
            );
        }
        assert_eq!(pool.run(&call(Duration::from_secs(4)), || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn work_whose_caller_has_gone_is_not_begun() {
        let pool = Arc::new(WorkPool::new(GENERATION));
        let held = Held::threads(&pool).await;
        let (begun, has_begun) = mpsc::channel();
        let late = pool
            .run(&call(Duration::from_millis(1)), move || begun.send(()).is_ok())
            .await;
        assert!(matches!(late, Err(OperationError::Timeout(_))), "{late:?}");
        held.let_go().await;
        assert_eq!(pool.run(&call(Duration::from_secs(4)), || ()).await, Ok(()));
        assert!(has_begun.try_recv().is_err());
    }
}
