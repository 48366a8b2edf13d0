//! The one thread that writes the log's file: seals, groups, commits, answers.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use redb::Table;

use super::queue::{Done, FlushCallback, Operation, Queued, Shared};
use super::table::{self, ENTRIES, ROW_COMMITTED, ROW_PURGED, ROW_VOTE, ROWS};
use crate::error::StorageError;
use crate::seal::Sealer;

pub(super) fn spawn(shared: Arc<Shared>) -> Result<JoinHandle<()>, StorageError> {
    std::thread::Builder::new()
        .name("kms-log-writer".to_owned())
        .spawn(move || run(&shared))
        .map_err(StorageError::io("cannot start the log's writer thread"))
}

fn run(shared: &Shared) {
    while let Some(batch) = shared.next_batch() {
        let sequence = batch.last().map_or(0, |queued| queued.sequence);
        let bytes = batch.iter().map(|queued| queued.bytes).sum();
        let flushed_before = *shared.flushed_index.borrow();
        // The engine may panic on a disk that changes under it; that is a failed write like any other.
        let committed = catch_unwind(AssertUnwindSafe(|| commit(shared, &batch, flushed_before)))
            .unwrap_or_else(|_| Err(StorageError::Engine("the engine panicked in a commit".to_owned())));
        match committed {
            Ok(outcome) => {
                // Before anybody is told: linearizable reads rest on a vote being shown when somebody may count on it.
                shared.batch_flushed(sequence, bytes, outcome.vote);
                shared.flushed_index.send_if_modified(|index| {
                    let changed = *index != outcome.flushed_index;
                    *index = outcome.flushed_index;
                    changed
                });
                batch
                    .into_iter()
                    .filter_map(answer)
                    .for_each(|answer| answer.send(Ok(())));
            }
            Err(error) => return fail(shared, batch, &error),
        }
    }
}

/// What a durable commit changed besides the tables.
struct Outcome {
    vote: Option<Bytes>,
    flushed_index: Option<u64>,
}

/// Writes a batch as one transaction and syncs it.
fn commit(
    shared: &Shared,
    batch: &[Queued],
    mut flushed_index: Option<u64>,
) -> Result<Outcome, StorageError> {
    let transaction = shared.database.begin_write().map_err(StorageError::engine)?;
    let mut vote = None;
    {
        let mut entries = transaction.open_table(ENTRIES).map_err(StorageError::engine)?;
        let mut rows = transaction.open_table(ROWS).map_err(StorageError::engine)?;
        let sealer = &shared.sealer;
        for queued in batch {
            match &queued.operation {
                Operation::Append { records, .. } => {
                    for record in records {
                        let value = table::seal_entry(sealer, record);
                        entries
                            .insert(record.index, value.as_slice())
                            .map_err(StorageError::engine)?;
                        flushed_index = Some(record.index);
                    }
                }
                Operation::SaveVote { vote: saved, .. } => {
                    put(&mut rows, sealer, ROW_VOTE, Some(saved))?;
                    vote = Some(saved.clone());
                }
                Operation::TruncateAfter { keep_index, .. } => {
                    let from = keep_index.map_or(0, |index| index + 1);
                    entries
                        .retain_in(from.., |_, _| false)
                        .map_err(StorageError::engine)?;
                    flushed_index = flushed_index.min(*keep_index);
                }
                Operation::PurgeUpto { mark } => {
                    entries
                        .retain_in(..=mark.index, |_, _| false)
                        .map_err(StorageError::engine)?;
                    put(&mut rows, sealer, ROW_PURGED, Some(&mark.encode()))?;
                    flushed_index = flushed_index.max(Some(mark.index));
                }
                Operation::SaveCommitted { committed } => {
                    put(&mut rows, sealer, ROW_COMMITTED, committed.as_ref())?;
                }
                Operation::PutRow { name, value, .. } => put(&mut rows, sealer, name, value.as_ref())?,
                Operation::Flush { .. } => {}
            }
        }
    }
    transaction.commit().map_err(StorageError::engine)?;
    Ok(Outcome { vote, flushed_index })
}

fn put(
    rows: &mut Table<'_, &'static str, &'static [u8]>,
    sealer: &Sealer,
    name: &str,
    value: Option<&Bytes>,
) -> Result<(), StorageError> {
    match value {
        Some(value) => {
            let sealed = table::seal_row(sealer, name, value);
            rows.insert(name, sealed.as_slice())
                .map_err(StorageError::engine)?;
        }
        None => {
            rows.remove(name).map_err(StorageError::engine)?;
        }
    }
    Ok(())
}

/// Whoever waits for an operation.
enum Answer {
    Callback(FlushCallback),
    Done(Done),
}

impl Answer {
    fn send(self, result: Result<(), &str>) {
        match self {
            Self::Callback(callback) => {
                callback(
                    result.map_err(|reason| io::Error::other(StorageError::Poisoned(reason.to_owned()))),
                );
            }
            Self::Done(done) => done(result.map_err(|reason| StorageError::Poisoned(reason.to_owned()))),
        }
    }
}

fn answer(queued: Queued) -> Option<Answer> {
    match queued.operation {
        Operation::Append { callback, .. } => Some(Answer::Callback(callback)),
        Operation::SaveVote { done, .. }
        | Operation::TruncateAfter { done, .. }
        | Operation::PutRow { done, .. }
        | Operation::Flush { done } => Some(Answer::Done(done)),
        Operation::PurgeUpto { .. } | Operation::SaveCommitted { .. } => None,
    }
}

/// Poisons the store and tells everyone who waits. The fatal hook comes first: in production nobody
/// lives to hear the rest.
fn fail(shared: &Shared, batch: Vec<Queued>, error: &StorageError) {
    let reason = error.to_string();
    let waiting = shared.poison(&reason);
    (shared.options.fatal)(error);
    let answers = batch.into_iter().chain(waiting).filter_map(answer);
    answers.for_each(|answer| answer.send(Err(&reason)));
}
