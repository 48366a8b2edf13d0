//! openraft's log storage on top of the durable log of `kms-storage`. It translates and does nothing
//! else: order, grouping and durability are the store's.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, Range, RangeBounds};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use kms_storage::{LogMark, LogRecord, LogStore};
use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader};

use crate::type_config::{Entry, LogId, TypeConfig, Vote, log_id, term_of};
use crate::wire;

/// Payload bytes read at once while committed entries are applied.
const APPLY_READ_BYTES_MAX: usize = 4 << 20;

/// The log of this node as openraft sees it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RaftLog {
    store: LogStore,
    append_bytes_max: usize,
}

impl RaftLog {
    /// `append_bytes_max` limits the payload bytes of one message to a follower.
    pub(crate) fn new(store: LogStore, append_bytes_max: usize) -> Self {
        Self {
            store,
            append_bytes_max,
        }
    }

    async fn read(&self, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<Entry>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        self.store
            .read(range, bytes_max)
            .await?
            .into_iter()
            .map(entry_of)
            .collect()
    }
}

/// The log id of a mark. A leader is alone in its term, so (term, index) says it all and the opaque
/// id of the store stays empty.
fn log_id_of(mark: &LogMark) -> LogId {
    log_id(mark.term, mark.index)
}

/// The mark of a log id.
pub(crate) fn mark_of(id: &LogId) -> LogMark {
    LogMark {
        index: id.index,
        term: term_of(id),
        log_id: Bytes::new(),
    }
}

fn entry_of(record: LogRecord) -> io::Result<Entry> {
    Ok(Entry {
        log_id: log_id(record.term, record.index),
        payload: wire::decode_payload(record.payload)?,
    })
}

fn record_of(entry: &Entry) -> LogRecord {
    LogRecord {
        index: entry.log_id.index,
        term: term_of(&entry.log_id),
        log_id: Bytes::new(),
        payload: wire::encode_payload(&entry.payload),
    }
}

fn half_open(range: &impl RangeBounds<u64>) -> Range<u64> {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => last.saturating_add(1),
        Bound::Excluded(end) => *end,
        Bound::Unbounded => u64::MAX,
    };
    start..end
}

impl RaftLogReader<TypeConfig> for RaftLog {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, io::Error> {
        self.read(half_open(&range), usize::MAX).await
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, io::Error> {
        self.read(start..end, self.append_bytes_max).await
    }

    /// Reads piece by piece, so that a long run of committed entries is never in memory as a whole.
    async fn entries_stream<RB>(
        &mut self,
        range: RB,
    ) -> impl Stream<Item = Result<Entry, io::Error>> + OptionalSend
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let reader = self.clone();
        let pieces = stream::try_unfold(half_open(&range), move |rest| {
            let reader = reader.clone();
            async move {
                let entries = reader.read(rest.clone(), APPLY_READ_BYTES_MAX).await?;
                let Some(last) = entries.last() else {
                    return Ok::<_, io::Error>(None);
                };
                let next = last.log_id.index + 1..rest.end;
                Ok(Some((entries, next)))
            }
        });
        pieces.flat_map(|piece| match piece {
            Ok(entries) => stream::iter(entries.into_iter().map(Ok).collect::<Vec<_>>()),
            Err(error) => stream::iter(vec![Err(error)]),
        })
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        let Some(vote) = self.store.vote() else {
            return Ok(None);
        };
        Ok(Some(wire::decode_vote(&vote)?))
    }
}

impl RaftLogStorage<TypeConfig> for RaftLog {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, io::Error> {
        Ok(LogState {
            last_purged_log_id: self.store.purged().as_ref().map(log_id_of),
            last_log_id: self.store.last().as_ref().map(log_id_of),
        })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        Ok(self.store.save_vote(wire::encode_vote(vote).into()).await?)
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), io::Error> {
        Ok(self
            .store
            .save_committed(committed.as_ref().map(wire::encode_log_id))?)
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, io::Error> {
        let Some(committed) = self.store.committed() else {
            return Ok(None);
        };
        Ok(Some(wire::decode_log_id(&committed)?))
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let records = entries.into_iter().map(|entry| record_of(&entry)).collect();
        Ok(self
            .store
            .append(records, move |result| callback.io_completed(result))
            .await?)
    }

    async fn truncate_after(&mut self, last_log_id: Option<LogId>) -> Result<(), io::Error> {
        let kept = last_log_id.as_ref().map(mark_of);
        // The store takes the mark for its new end, so a mark at or past the end must not reach it.
        if let (Some(kept), Some(last)) = (&kept, self.store.last())
            && last.index <= kept.index
        {
            return Ok(());
        }
        Ok(self.store.truncate_after(kept).await?)
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), io::Error> {
        Ok(self.store.purge_upto(mark_of(&log_id))?)
    }
}
