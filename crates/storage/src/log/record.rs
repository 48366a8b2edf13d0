//! The unit of the log as storage sees it.

use bytes::Bytes;

use crate::error::StorageError;
use crate::field;

/// One log entry. `log_id` and `payload` are opaque; `index` and `term` are what they say in Raft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// Position in the log.
    pub index: u64,
    /// Term of the leader that made it.
    pub term: u64,
    /// The encoded log id, returned by [`crate::LogStore::last`] and the like.
    pub log_id: Bytes,
    /// The encoded entry.
    pub payload: Bytes,
}

/// The place of an entry in the log, without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogMark {
    /// Position in the log.
    pub index: u64,
    /// Term of the leader that made it.
    pub term: u64,
    /// The encoded log id.
    pub log_id: Bytes,
}

impl LogRecord {
    /// The place of this entry.
    pub fn mark(&self) -> LogMark {
        LogMark {
            index: self.index,
            term: self.term,
            log_id: self.log_id.clone(),
        }
    }

    /// What the entry counts against limits, in bytes.
    pub(super) fn size_bytes(&self) -> usize {
        self.log_id.len() + self.payload.len() + size_of::<Self>()
    }
}

impl LogMark {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(16 + 4 + self.log_id.len());
        out.extend_from_slice(&self.index.to_be_bytes());
        out.extend_from_slice(&self.term.to_be_bytes());
        field::append(&mut out, &self.log_id);
        out.into()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StorageError> {
        let parse = || {
            let (index, rest) = bytes.split_first_chunk::<8>()?;
            let (term, rest) = rest.split_first_chunk::<8>()?;
            let (log_id, rest) = field::split(rest)?;
            rest.is_empty().then(|| Self {
                index: u64::from_be_bytes(*index),
                term: u64::from_be_bytes(*term),
                log_id: Bytes::copy_from_slice(log_id),
            })
        };
        parse().ok_or_else(|| StorageError::Corrupt("a log mark does not decode".to_owned()))
    }
}
