//! Doors for `kms-fuzz` to what a node reads back from its own disk. From outside it is reached only through a redb
//! file, and then redb's format would be fuzzed in place of ours.

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::log::table;
use crate::seal::Sealer;
use crate::{LogMark, LogRecord, SnapshotInfo, StateHash, StorageError};

/// The same key in every run, so that a corpus of sealed bytes stays readable.
fn sealer() -> Sealer {
    Sealer::new(Zeroizing::new([0x5f; 32]), 1)
}

/// A log entry as it lies on disk.
pub fn seal_log_entry(record: &LogRecord) -> Vec<u8> {
    table::seal_entry(&sealer(), record)
}

/// Reads the log entry that lies at `index`.
///
/// # Errors
/// [`StorageError::Corrupt`], [`StorageError::Tampered`].
pub fn open_log_entry(index: u64, value: &[u8]) -> Result<LogRecord, StorageError> {
    table::open_entry(&sealer(), index, value)
}

/// Reads a log entry whose seal is right, whatever it holds.
///
/// # Errors
/// [`StorageError::Corrupt`].
pub fn open_log_plaintext(index: u64, term: u64, plaintext: &[u8]) -> Result<LogRecord, StorageError> {
    let value = table::seal_entry_plaintext(&sealer(), index, term, plaintext);
    table::open_entry(&sealer(), index, &value)
}

/// What is written for the log mark that was read; `None` when it does not read.
pub fn rewrite_log_mark(bytes: &[u8]) -> Option<Bytes> {
    LogMark::decode(bytes).ok().map(|mark| mark.encode())
}

/// The index row of a snapshot up to `last`.
pub fn snapshot_index(last: LogMark) -> Bytes {
    let info = SnapshotInfo {
        last,
        meta: Bytes::from_static(b"meta"),
        state_hash: StateHash::default(),
        rows: 0,
        size_bytes: 200,
        file_name: "00000000000000000300-0123456789abcdef.snapshot".to_owned(),
    };
    info.encode()
}

/// What is written for the snapshot index row that was read; `None` when it does not read.
pub fn rewrite_snapshot_index(bytes: &[u8]) -> Option<Bytes> {
    SnapshotInfo::decode(bytes).ok().map(|info| info.encode())
}
