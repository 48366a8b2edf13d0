//! What can go wrong below the storage door. Every one of these stops a node or keeps it from
//! starting; none is ever an answer to a caller.

use std::io;
use std::path::PathBuf;

/// An error of the storage layer.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The operating system refused a file operation.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, with the path.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The storage engine refused an operation.
    #[error("storage engine: {0}")]
    Engine(String),
    /// The files contradict themselves: rubbish, holes, missing rows.
    #[error("storage is damaged: {0}")]
    Corrupt(String),
    /// A sealed record does not open in the place where it was found: it was edited or moved there.
    #[error("sealed record does not belong where it was found: {0}")]
    Tampered(String),
    /// The data folder was written by a newer version of this program.
    #[error("data format version {found} is newer than version {supported}, the newest this program reads")]
    NewerFormat {
        /// The version found on disk.
        found: u32,
        /// The newest version this program reads.
        supported: u32,
    },
    /// The data folder belongs to another cluster, region or node.
    #[error("data folder belongs to {what} {found:?}, but the configuration says {expected:?}")]
    IdentityMismatch {
        /// `cluster`, `region` or `node`.
        what: &'static str,
        /// What the configuration says.
        expected: String,
        /// What is on disk.
        found: String,
    },
    /// Another process has the data folder open.
    #[error("data folder is in use by another process: {0}")]
    Locked(PathBuf),
    /// The folder was never formatted and formatting was not asked for.
    #[error("data folder is not formatted: {0}")]
    NotFormatted(PathBuf),
    /// The storage key does not come out of its wrapping: wrong root key or edited identity.
    #[error("storage key does not unwrap: {0}")]
    RootKey(String),
    /// A peer has seen a newer life of this node: the folder is an old copy of a disk, or was written before a newer
    /// disk took the node's place. What it forgot may have been promised, so it must never speak for its node again.
    #[error(
        "this data folder is superseded, as node {by_node} said ({reason}): it is an old copy of the node's disk and is \
         never used again; put the newest disk back, or remove this node and let it rejoin as a new node with a new id \
         and an empty data folder"
    )]
    Superseded {
        /// The peer that refused it.
        by_node: u64,
        /// What the peer knows.
        reason: String,
    },
    /// An earlier write failed, so that nothing more is acknowledged until the process restarts.
    #[error("storage is poisoned by an earlier failure: {0}")]
    Poisoned(String),
    /// A limit of this layer was exceeded.
    #[error("{what} has {bytes} bytes, at most {bytes_max} are allowed")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// An append would leave a hole in the log or overwrite entries.
    #[error("log entry {found} does not follow the last one, expected {expected}")]
    OutOfOrder {
        /// The index that would have followed.
        expected: u64,
        /// The index that was offered.
        found: u64,
    },
    /// The snapshot is unreadable and the log before it is gone, so this disk can no longer
    /// speak for its node.
    #[error(
        "snapshot is unreadable ({reason}) and the log is purged up to index {purged_index}: remove this node and let it rejoin as a new node"
    )]
    RejoinAsNewNode {
        /// Why the snapshot cannot be read.
        reason: String,
        /// The last purged log index.
        purged_index: u64,
    },
}

impl StorageError {
    /// Wraps an operating-system error with what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Wraps any error of the log's engine.
    pub(crate) fn engine<E: Into<redb::Error>>(error: E) -> Self {
        match error.into() {
            redb::Error::Corrupted(reason) => Self::Corrupt(reason),
            other => Self::Engine(other.to_string()),
        }
    }
}

impl From<StorageError> for io::Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Io { source, what } => io::Error::new(source.kind(), format!("{what}: {source}")),
            StorageError::TooLarge { .. } | StorageError::OutOfOrder { .. } => {
                io::Error::new(io::ErrorKind::InvalidInput, error)
            }
            StorageError::Corrupt(_) | StorageError::Tampered(_) => {
                io::Error::new(io::ErrorKind::InvalidData, error)
            }
            other => io::Error::other(other),
        }
    }
}
