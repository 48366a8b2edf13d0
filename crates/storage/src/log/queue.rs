//! The one queue in front of the disk, and the state that readers and the writer share.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use bytes::Bytes;
use redb::Database;
use tokio::sync::{Notify, watch};

use super::view::View;
use super::{LogMark, LogOptions, LogRecord};
use crate::error::StorageError;
use crate::seal::Sealer;

pub(super) type FlushCallback = Box<dyn FnOnce(io::Result<()>) + Send>;
pub(super) type Done = Box<dyn FnOnce(Result<(), StorageError>) + Send>;

/// A write, in the order in which it must reach the disk.
pub(super) enum Operation {
    Append {
        records: Vec<LogRecord>,
        callback: FlushCallback,
    },
    SaveVote {
        vote: Bytes,
        done: Done,
    },
    TruncateAfter {
        keep_index: Option<u64>,
        done: Done,
    },
    PurgeUpto {
        mark: LogMark,
    },
    SaveCommitted {
        committed: Option<Bytes>,
    },
    PutRow {
        name: String,
        value: Option<Bytes>,
        done: Done,
    },
    Flush {
        done: Done,
    },
}

impl Operation {
    /// Whether the operation may wait for the next one that needs a sync.
    fn is_lazy(&self) -> bool {
        matches!(self, Self::SaveCommitted { .. })
    }
}

pub(super) struct Queued {
    pub(super) operation: Operation,
    pub(super) sequence: u64,
    pub(super) bytes: usize,
}

/// What the one lock protects.
pub(super) struct State {
    pub(super) view: View,
    queue: VecDeque<Queued>,
    urgent: usize,
    unflushed_bytes: usize,
    next_sequence: u64,
    closing: bool,
    poisoned: Option<String>,
}

impl State {
    pub(super) fn check_usable(&self) -> Result<(), StorageError> {
        match &self.poisoned {
            Some(reason) => Err(StorageError::Poisoned(reason.clone())),
            None => Ok(()),
        }
    }

    /// Queues an operation and returns its sequence number. A committed log id replaces one that
    /// still waits at the end, so that an idle disk does not grow the queue.
    pub(super) fn push(&mut self, operation: Operation, bytes: usize) -> u64 {
        self.next_sequence += 1;
        self.unflushed_bytes += bytes;
        if operation.is_lazy() {
            self.queue.pop_back_if(|last| last.operation.is_lazy());
        } else {
            self.urgent += 1;
        }
        self.queue.push_back(Queued {
            operation,
            sequence: self.next_sequence,
            bytes,
        });
        self.next_sequence
    }

    /// Takes from the front what fits into one commit.
    fn take_batch(&mut self, options: &LogOptions) -> Vec<Queued> {
        let mut batch = Vec::new();
        let mut bytes = 0usize;
        while batch.len() < options.batch_operations_max
            && let Some(next) = self.queue.front()
        {
            if !batch.is_empty() && bytes + next.bytes > options.batch_bytes_max {
                break;
            }
            bytes += next.bytes;
            let Some(next) = self.queue.pop_front() else { break };
            self.urgent -= usize::from(!next.operation.is_lazy());
            batch.push(next);
        }
        batch
    }
}

/// Everything the handles and the writer thread share.
pub(super) struct Shared {
    pub(super) database: Arc<Database>,
    pub(super) sealer: Arc<Sealer>,
    pub(super) options: LogOptions,
    pub(super) flushed_index: watch::Sender<Option<u64>>,
    state: Mutex<State>,
    work: Condvar,
    room: Notify,
}

impl Shared {
    pub(super) fn new(database: Arc<Database>, sealer: Arc<Sealer>, options: LogOptions, view: View) -> Self {
        let flushed = view.last().map(|mark| mark.index);
        let state = State {
            view,
            queue: VecDeque::new(),
            urgent: 0,
            unflushed_bytes: 0,
            next_sequence: 0,
            closing: false,
            poisoned: None,
        };
        Self {
            database,
            sealer,
            options,
            flushed_index: watch::Sender::new(flushed),
            state: Mutex::new(state),
            work: Condvar::new(),
            room: Notify::new(),
        }
    }

    /// The lock is held for bookkeeping only, never over a disk access. A thread that panicked while
    /// holding it leaves bookkeeping in an unknown state, so the process must not go on.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("nothing panics while holding the log's lock")
    }

    pub(super) fn wake_writer(&self) {
        self.work.notify_one();
    }

    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.wake_writer();
    }

    /// Waits until fewer than `queue_bytes_max` bytes wait for the disk.
    pub(super) async fn wait_for_room(&self) {
        loop {
            let notified = self.room.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            {
                let state = self.lock();
                if state.unflushed_bytes < self.options.queue_bytes_max || state.poisoned.is_some() {
                    return;
                }
            }
            notified.await;
        }
    }

    /// Blocks the writer until there is something that needs a sync. `None` means that the store is
    /// closed and everything is written.
    pub(super) fn next_batch(&self) -> Option<Vec<Queued>> {
        let mut state = self.lock();
        while state.urgent == 0 && !state.closing {
            state = self
                .work
                .wait(state)
                .expect("nothing panics while holding the log's lock");
        }
        let batch = state.take_batch(&self.options);
        (!batch.is_empty()).then_some(batch)
    }

    /// Notes that a batch is durable.
    pub(super) fn batch_flushed(&self, sequence: u64, bytes: usize, vote: Option<Bytes>) {
        let mut state = self.lock();
        state.unflushed_bytes -= bytes;
        state.view.flushed(sequence, self.options.recent_bytes_max);
        if vote.is_some() {
            state.view.vote = vote;
        }
        drop(state);
        self.room.notify_waiters();
    }

    /// Refuses everything from now on and returns what was still waiting.
    pub(super) fn poison(&self, reason: &str) -> Vec<Queued> {
        let mut state = self.lock();
        state.poisoned.get_or_insert_with(|| reason.to_owned());
        state.urgent = 0;
        state.unflushed_bytes = 0;
        let waiting = state.queue.drain(..).collect();
        drop(state);
        self.room.notify_waiters();
        waiting
    }
}
