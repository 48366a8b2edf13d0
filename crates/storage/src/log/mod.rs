//! The Raft log and everything else that cannot be lost: vote, committed, purge point, snapshot
//! index, boot counts, peers. One redb file, one ordered writer.
//!
//! Every write enters one queue; a single thread groups what is waiting into one durable commit
//! (one fdatasync). Readers see an append as soon as it is queued; its callback runs after the sync,
//! in order. The entries are opaque bytes: this module must not know openraft, commands or rows.
//!
//! A failed commit poisons the store: the fatal hook is called, everything waiting is told of the
//! failure, and nothing is acknowledged again. There is no retry, since after a failed fsync nobody
//! knows what the disk holds.

mod options;
mod queue;
mod record;
pub(crate) mod table;
mod view;
mod writer;

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use redb::{Database, ReadTransaction, ReadableDatabase};
use tokio::sync::{oneshot, watch};

pub use options::{FatalHook, LogOptions};
pub use record::{LogMark, LogRecord};

use crate::error::StorageError;
use crate::seal::Sealer;
use queue::{Done, FlushCallback, Operation, Shared};
use view::View;

/// The durable log of one node. Cheap to clone; all clones are one store. The writer thread ends,
/// after it has written what was queued, when the last clone is dropped (which waits for it).
#[derive(Clone)]
pub struct LogStore {
    owner: Arc<Owner>,
}

/// Ends the writer thread with the last handle.
struct Owner {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl LogStore {
    /// Starts the store on an opened database whose tables exist, and its writer thread.
    pub(crate) fn start(
        database: Arc<Database>,
        sealer: Arc<Sealer>,
        options: LogOptions,
    ) -> Result<Self, StorageError> {
        let view = View::new(table::read_found(&database, &sealer)?);
        let shared = Arc::new(Shared::new(database, sealer, options, view));
        let writer = writer::spawn(Arc::clone(&shared))?;
        Ok(Self {
            owner: Arc::new(Owner {
                shared,
                writer: Mutex::new(Some(writer)),
            }),
        })
    }

    fn shared(&self) -> &Shared {
        &self.owner.shared
    }

    /// Appends entries. Returns when they are readable, which is before they are durable; waits only
    /// while `queue_bytes_max` is exceeded. `on_flushed` runs on the writer thread after the sync,
    /// in the order of the appends; it must not block.
    ///
    /// # Errors
    /// [`StorageError::OutOfOrder`] if the entries would leave a hole, [`StorageError::TooLarge`]
    /// if one exceeds `entry_bytes_max`, [`StorageError::Poisoned`]. Nothing is appended then and
    /// `on_flushed` is dropped without being called.
    pub async fn append(
        &self,
        records: Vec<LogRecord>,
        on_flushed: impl FnOnce(io::Result<()>) + Send + 'static,
    ) -> Result<(), StorageError> {
        let shared = self.shared();
        let bytes_max = shared.options.entry_bytes_max;
        if let Some(record) = records.iter().find(|record| record.payload.len() > bytes_max) {
            let bytes = record.payload.len();
            return Err(StorageError::TooLarge {
                what: "log entry",
                bytes,
                bytes_max,
            });
        }
        shared.wait_for_room().await;
        let mut state = shared.lock();
        state.check_usable()?;
        state.view.check_follows(&records)?;
        let bytes = records.iter().map(LogRecord::size_bytes).sum();
        let callback: FlushCallback = Box::new(on_flushed);
        let sequence = state.push(
            Operation::Append {
                records: records.clone(),
                callback,
            },
            bytes,
        );
        state.view.append(records, sequence);
        drop(state);
        shared.wake_writer();
        Ok(())
    }

    /// Reads the part of `range` that the log holds, in order, until `bytes_max` payload bytes are
    /// read; the first entry always comes, however large. May read the disk: see
    /// [`LogStore::read`] for async callers.
    ///
    /// # Errors
    /// [`StorageError::Tampered`] or [`StorageError::Corrupt`] if an entry that must be there is
    /// not, or is not what was written.
    pub fn read_blocking(&self, range: Range<u64>, bytes_max: usize) -> Result<Vec<LogRecord>, StorageError> {
        match self.plan(range, bytes_max)? {
            (plan, None) => Ok(plan.memory),
            (plan, Some(transaction)) => self.finish_read(plan, &transaction, bytes_max),
        }
    }

    /// Like [`LogStore::read_blocking`], but leaves the async worker when the disk is needed.
    ///
    /// # Errors
    /// As [`LogStore::read_blocking`].
    pub async fn read(&self, range: Range<u64>, bytes_max: usize) -> Result<Vec<LogRecord>, StorageError> {
        let (plan, transaction) = self.plan(range, bytes_max)?;
        let Some(transaction) = transaction else {
            return Ok(plan.memory);
        };
        let store = self.clone();
        let reading = tokio::task::spawn_blocking(move || store.finish_read(plan, &transaction, bytes_max));
        reading
            .await
            .map_err(|error| StorageError::Engine(format!("log reader: {error}")))?
    }

    /// The plan and, if the disk is needed, a transaction of the same instant.
    fn plan(
        &self,
        range: Range<u64>,
        bytes_max: usize,
    ) -> Result<(view::Plan, Option<ReadTransaction>), StorageError> {
        let state = self.shared().lock();
        let plan = state.view.plan(range, bytes_max);
        if plan.disk.is_empty() {
            return Ok((plan, None));
        }
        let transaction = self
            .shared()
            .database
            .begin_read()
            .map_err(StorageError::engine)?;
        Ok((plan, Some(transaction)))
    }

    fn finish_read(
        &self,
        plan: view::Plan,
        transaction: &ReadTransaction,
        bytes_max: usize,
    ) -> Result<Vec<LogRecord>, StorageError> {
        let disk_end = plan.disk.end;
        let mut records = table::read_entries(transaction, &self.shared().sealer, plan.disk, bytes_max)?;
        if records.last().is_none_or(|record| record.index + 1 < disk_end) {
            return Ok(records);
        }
        let mut bytes: usize = records.iter().map(|record| record.payload.len()).sum();
        for record in plan.memory {
            bytes = bytes.saturating_add(record.payload.len());
            if bytes > bytes_max {
                break;
            }
            records.push(record);
        }
        Ok(records)
    }

    /// Forgets all entries after `kept` (all of them for `None`). Returns when that is durable.
    ///
    /// # Errors
    /// When the store is poisoned.
    pub async fn truncate_after(&self, kept: Option<LogMark>) -> Result<(), StorageError> {
        let keep_index = kept.as_ref().map(|mark| mark.index);
        let (done, waiting) = Self::durable();
        self.enqueue(Operation::TruncateAfter { keep_index, done }, |view| {
            view.truncate_after(kept)
        })?;
        waiting.await
    }

    /// Forgets all entries up to and including `mark`. Returns at once; it becomes durable in order
    /// with everything else. Purging beyond the last entry leaves an empty log that continues after
    /// `mark`.
    ///
    /// # Errors
    /// When the store is poisoned.
    pub fn purge_upto(&self, mark: LogMark) -> Result<(), StorageError> {
        self.enqueue(Operation::PurgeUpto { mark: mark.clone() }, |view| {
            view.purge_upto(mark)
        })
    }

    /// Saves the vote, after everything queued before it. Returns when it is durable and [`LogStore::vote`] shows it.
    ///
    /// # Errors
    /// When the store is poisoned.
    pub async fn save_vote(&self, vote: Bytes) -> Result<(), StorageError> {
        let (done, waiting) = Self::durable();
        self.enqueue(Operation::SaveVote { vote, done }, |_| ())?;
        waiting.await
    }

    /// The last durable vote.
    pub fn vote(&self) -> Option<Bytes> {
        self.shared().lock().view.vote.clone()
    }

    /// Saves the committed log id with the next durable commit: it causes no sync of its own and can
    /// never become durable before the entries queued before it.
    ///
    /// # Errors
    /// When the store is poisoned.
    pub fn save_committed(&self, committed: Option<Bytes>) -> Result<(), StorageError> {
        let shown = committed.clone();
        self.enqueue(Operation::SaveCommitted { committed }, |view| {
            view.committed = shown
        })
    }

    /// The last saved committed log id.
    pub fn committed(&self) -> Option<Bytes> {
        self.shared().lock().view.committed.clone()
    }

    /// The last entry, or the purge point if there are no entries after it.
    pub fn last(&self) -> Option<LogMark> {
        self.shared().lock().view.last().cloned()
    }

    /// The index of the first entry that can be read.
    pub fn first_index(&self) -> Option<u64> {
        self.shared().lock().view.first_index()
    }

    /// The last purged entry.
    pub fn purged(&self) -> Option<LogMark> {
        self.shared().lock().view.purged.clone()
    }

    /// The highest index whose entry is on this disk (or purged from it). The image follows it.
    pub fn flushed_index(&self) -> Option<u64> {
        *self.shared().flushed_index.borrow()
    }

    /// Tells of every change of [`LogStore::flushed_index`].
    pub fn subscribe_flushed_index(&self) -> watch::Receiver<Option<u64>> {
        self.shared().flushed_index.subscribe()
    }

    /// Waits until everything queued so far is durable, `save_committed` included.
    ///
    /// # Errors
    /// When the store is poisoned.
    pub async fn flush(&self) -> Result<(), StorageError> {
        let (done, waiting) = Self::durable();
        self.enqueue(Operation::Flush { done }, |_| ())?;
        waiting.await
    }

    /// Writes a named row through the ordered writer; returns when it is durable.
    pub(crate) async fn put_row(&self, name: String, value: Option<Bytes>) -> Result<(), StorageError> {
        let (done, waiting) = Self::durable();
        self.enqueue(Operation::PutRow { name, value, done }, |_| ())?;
        waiting.await
    }

    /// As [`LogStore::put_row`], but blocks the thread; for opening a folder, which blocks anyway.
    pub(crate) fn put_row_blocking(&self, name: String, value: Option<Bytes>) -> Result<(), StorageError> {
        let (told, waiting) = mpsc::channel();
        let done = Box::new(move |result| drop(told.send(result)));
        self.enqueue(Operation::PutRow { name, value, done }, |_| ())?;
        waiting.recv().unwrap_or_else(|_| Err(Self::writer_gone()))
    }

    /// Reads a named row as it is on disk.
    pub(crate) fn row(&self, name: &str) -> Result<Option<Bytes>, StorageError> {
        let transaction = self
            .shared()
            .database
            .begin_read()
            .map_err(StorageError::engine)?;
        table::read_row(&transaction, &self.shared().sealer, name)
    }

    /// Reads all rows whose name starts with `prefix`.
    pub(crate) fn rows(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StorageError> {
        let transaction = self
            .shared()
            .database
            .begin_read()
            .map_err(StorageError::engine)?;
        table::read_rows(&transaction, &self.shared().sealer, prefix)
    }

    /// Puts an operation into the queue and changes the view in the same instant, so that the queue
    /// has the order in which readers see the changes.
    fn enqueue(&self, operation: Operation, change: impl FnOnce(&mut View)) -> Result<(), StorageError> {
        let shared = self.shared();
        let mut state = shared.lock();
        state.check_usable()?;
        state.push(operation, 0);
        change(&mut state.view);
        drop(state);
        shared.wake_writer();
        Ok(())
    }

    /// The two ends of an answer: nobody minds if the one who waited is gone.
    fn durable() -> (Done, impl Future<Output = Result<(), StorageError>>) {
        let (told, waiting) = oneshot::channel();
        let done = Box::new(move |result| drop(told.send(result)));
        (done, async move {
            waiting.await.unwrap_or_else(|_| Err(Self::writer_gone()))
        })
    }

    fn writer_gone() -> StorageError {
        StorageError::Poisoned("the writer ended before it answered".to_owned())
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close();
        let writer = match self.writer.get_mut() {
            Ok(writer) => writer.take(),
            Err(poisoned) => poisoned.into_inner().take(),
        };
        // A callback may hold the last handle; then this is the writer's own thread.
        if let Some(writer) = writer
            && writer.thread().id() != std::thread::current().id()
            && writer.join().is_err()
        {
            tracing::error!("the log's writer thread panicked");
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
