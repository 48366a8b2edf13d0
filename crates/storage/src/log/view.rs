//! What the log looks like to its readers: the ends of the log, and in memory the tail that is not
//! on disk yet plus as much of the flushed tail as the memory limit allows. Pure bookkeeping,
//! always used under the store's one lock.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;

use super::table::Found;
use super::{LogMark, LogRecord};
use crate::error::StorageError;

/// An entry in memory, with the number of the write that brings it to disk.
struct Recent {
    sequence: u64,
    record: LogRecord,
}

/// How a read is answered: the part that is on disk only, then the part in memory.
pub(super) struct Plan {
    pub(super) disk: Range<u64>,
    pub(super) memory: Vec<LogRecord>,
}

/// The readable log. Entries from `recent_start` on are in memory and shadow whatever the disk still
/// holds at their index; everything below is flushed.
pub(super) struct View {
    pub(super) vote: Option<Bytes>,
    pub(super) committed: Option<Bytes>,
    pub(super) purged: Option<LogMark>,
    last: Option<LogMark>,
    first_index: u64,
    recent: VecDeque<Recent>,
    recent_bytes: usize,
    flushed_sequence: u64,
}

impl View {
    pub(super) fn new(found: Found) -> Self {
        let next = found.purged.as_ref().map_or(0, |mark| mark.index + 1);
        Self {
            vote: found.vote,
            committed: found.committed,
            last: found.last_entry.or_else(|| found.purged.clone()),
            first_index: found.first_index.unwrap_or(next),
            purged: found.purged,
            recent: VecDeque::new(),
            recent_bytes: 0,
            flushed_sequence: 0,
        }
    }

    /// The last entry, or the purge point of an empty log.
    pub(super) fn last(&self) -> Option<&LogMark> {
        self.last.as_ref()
    }

    /// The index of the first entry, if there is one.
    pub(super) fn first_index(&self) -> Option<u64> {
        let last = self.last.as_ref()?;
        (self.first_index <= last.index).then_some(self.first_index)
    }

    /// Refuses entries that would leave a hole. An empty log that was never purged starts anywhere.
    pub(super) fn check_follows(&self, records: &[LogRecord]) -> Result<(), StorageError> {
        let next = match (&self.last, records.first()) {
            (Some(last), _) => last.index + 1,
            (None, Some(first)) => first.index,
            (None, None) => return Ok(()),
        };
        for (expected, record) in (next..).zip(records) {
            if record.index != expected {
                return Err(StorageError::OutOfOrder {
                    expected,
                    found: record.index,
                });
            }
        }
        Ok(())
    }

    /// Makes checked entries readable. `sequence` is the write that brings them to disk.
    pub(super) fn append(&mut self, records: Vec<LogRecord>, sequence: u64) {
        for record in records {
            if self.last.is_none() {
                self.first_index = record.index;
            }
            self.last = Some(record.mark());
            self.recent_bytes += record.size_bytes();
            self.recent.push_back(Recent { sequence, record });
        }
    }

    /// Forgets everything after `kept`; `kept` is the mark of the last entry that stays.
    pub(super) fn truncate_after(&mut self, kept: Option<LogMark>) {
        let next = kept.as_ref().map_or(0, |mark| mark.index + 1);
        while let Some(entry) = self.recent.pop_back_if(|entry| entry.record.index >= next) {
            self.recent_bytes -= entry.record.size_bytes();
        }
        self.last = kept.or_else(|| self.purged.clone());
    }

    /// Forgets everything up to and including `mark`.
    pub(super) fn purge_upto(&mut self, mark: LogMark) {
        while let Some(entry) = self.recent.pop_front_if(|entry| entry.record.index <= mark.index) {
            self.recent_bytes -= entry.record.size_bytes();
        }
        self.first_index = self.first_index.max(mark.index + 1);
        if self.last.as_ref().is_none_or(|last| last.index < mark.index) {
            self.last = Some(mark.clone());
            self.first_index = mark.index + 1;
        }
        self.purged = Some(mark);
    }

    /// Notes that writes up to `sequence` are durable, and lets go of what memory need not keep.
    pub(super) fn flushed(&mut self, sequence: u64, recent_bytes_max: usize) {
        self.flushed_sequence = sequence;
        while self.recent_bytes > recent_bytes_max {
            let Some(entry) = self.recent.pop_front_if(|entry| entry.sequence <= sequence) else {
                return;
            };
            self.recent_bytes -= entry.record.size_bytes();
        }
    }

    /// The entry at `index`, if memory holds it.
    pub(super) fn in_memory(&self, index: u64) -> Option<&LogRecord> {
        let start = self.recent.front()?.record.index;
        let offset = usize::try_from(index.checked_sub(start)?).ok()?;
        self.recent.get(offset).map(|entry| &entry.record)
    }

    /// Plans a read of what `range` and the log have in common. What is in memory is taken at once,
    /// up to `bytes_max` if nothing has to come from disk first.
    pub(super) fn plan(&self, range: Range<u64>, bytes_max: usize) -> Plan {
        let end = self.last.as_ref().map_or(0, |last| last.index + 1).min(range.end);
        let start = range.start.max(self.first_index).min(end);
        let memory_start = self
            .recent
            .front()
            .map_or(end, |entry| entry.record.index)
            .clamp(start, end);
        let mut memory = Vec::new();
        let mut bytes = 0usize;
        for index in memory_start..end {
            let Some(record) = self.in_memory(index) else {
                break;
            };
            bytes = bytes.saturating_add(record.payload.len());
            if bytes > bytes_max && !memory.is_empty() {
                break;
            }
            memory.push(record.clone());
        }
        Plan {
            disk: start..memory_start,
            memory,
        }
    }
}
