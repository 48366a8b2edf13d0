//! Snapshots of the applied state: the one thing besides the log that cannot be lost.
//!
//! A snapshot, built here or received from a peer, is a temporary file, then fdatasync, rename,
//! directory fsync, and last the durable index row written through the log's writer. Only the file
//! that the index row names counts; everything else in the folder is left over from a crash and is
//! deleted at start. The caller purges the log only after a snapshot has been published.
//!
//! ```text
//! file    = "CKMSSNAP" | format version u32be | frame 0 (header) | frames 1..=n (rows) | frame n+1 (trailer)
//! frame   = length u32be | first 8 bytes of SHA-256(body) | body = sealed(plaintext)
//! header  = cluster, region, log id, meta          rows = field(key) field(value) ..., at most 1 MiB
//! trailer = state hash, number of rows, number of row frames
//! AAD     = (region, kind, log index, frame number)
//! ```
//!
//! All functions here block on the disk: call them from a blocking thread.

mod build;
mod frame;
mod read;
mod receive;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use bytes::Bytes;
use prost::Message;

pub use read::{SnapshotChunk, SnapshotReader, SnapshotRows};
pub use receive::SnapshotReceiver;

use crate::disk::{DataFolder, NodeIdentity, sync_folder};
use crate::error::StorageError;
use crate::log::{LogMark, LogStore};
use crate::seal::Sealer;
use crate::state_hash::StateHash;

const ROW_SNAPSHOT: &str = "snapshot";

/// The newest snapshot format this program reads and the one it writes.
pub const SNAPSHOT_FORMAT_VERSION: u32 = 1;

/// Limits of snapshots.
#[derive(Clone, Debug)]
pub struct SnapshotOptions {
    /// Plaintext bytes of one chunk of rows. One row must fit.
    pub chunk_bytes_max: usize,
    /// Bytes of one snapshot file, built or received.
    pub snapshot_bytes_max: u64,
}

impl Default for SnapshotOptions {
    fn default() -> Self {
        Self {
            chunk_bytes_max: 1 << 20,
            snapshot_bytes_max: 16 << 30,
        }
    }
}

/// What the index row says about the current snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// The last log entry it contains.
    pub last: LogMark,
    /// Opaque: membership and whatever else belongs to the state but is no row.
    pub meta: Bytes,
    /// The hash of the state in it.
    pub state_hash: StateHash,
    /// How many rows it has.
    pub rows: u64,
    /// Size of the file in bytes.
    pub size_bytes: u64,
    pub(crate) file_name: String,
}

impl SnapshotInfo {
    /// A name that no other snapshot of this disk has.
    pub fn name(&self) -> &str {
        &self.file_name
    }
}

/// The index row. Field numbers only grow.
#[derive(Clone, PartialEq, Message)]
struct IndexRow {
    #[prost(string, tag = "1")]
    file_name: String,
    #[prost(bytes = "vec", tag = "2")]
    last: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    meta: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    state_hash: Vec<u8>,
    #[prost(uint64, tag = "5")]
    rows: u64,
    #[prost(uint64, tag = "6")]
    size_bytes: u64,
}

impl SnapshotInfo {
    pub(crate) fn encode(&self) -> Bytes {
        let row = IndexRow {
            file_name: self.file_name.clone(),
            last: self.last.encode().to_vec(),
            meta: self.meta.to_vec(),
            state_hash: self.state_hash.to_bytes().to_vec(),
            rows: self.rows,
            size_bytes: self.size_bytes,
        };
        row.encode_to_vec().into()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StorageError> {
        let row = IndexRow::decode(bytes)
            .map_err(|error| StorageError::Corrupt(format!("the snapshot index does not decode: {error}")))?;
        Ok(Self {
            last: LogMark::decode(&row.last)?,
            meta: row.meta.into(),
            state_hash: StateHash::from_bytes(&row.state_hash)?,
            rows: row.rows,
            size_bytes: row.size_bytes,
            file_name: row.file_name,
        })
    }
}

/// The snapshots of one data folder: at most one that counts. Cheap to clone.
#[derive(Clone)]
pub struct SnapshotStore {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    identity: NodeIdentity,
    sealer: Arc<Sealer>,
    log: LogStore,
    options: SnapshotOptions,
    /// Held while a snapshot is published, so that a newer one is never replaced by an older one.
    current: Mutex<Option<SnapshotInfo>>,
}

impl SnapshotStore {
    /// Opens the snapshots of a folder: deletes what crashes left behind and reads the current
    /// snapshot from end to end. An unreadable snapshot that the log can replace is dropped with a
    /// warning.
    ///
    /// # Errors
    /// [`StorageError::RejoinAsNewNode`] if the state before the purge point cannot be had any more,
    /// [`StorageError::Io`].
    pub fn open(disk: &DataFolder, options: SnapshotOptions) -> Result<Self, StorageError> {
        let log = disk.log().clone();
        let current = log
            .row(ROW_SNAPSHOT)?
            .map(|row| SnapshotInfo::decode(&row))
            .transpose()?;
        let store = Self {
            shared: Arc::new(Shared {
                folder: disk.snapshot_folder(),
                identity: disk.identity().clone(),
                sealer: disk.sealer(),
                log,
                options,
                current: Mutex::new(None),
            }),
        };
        if let Some(info) = current {
            match store.verify(&info) {
                Ok(()) => *store.lock() = Some(info),
                Err(error) => store.give_up(&info, error)?,
            }
        }
        store.check_covers_purged()?;
        store.delete_all_but(store.lock().as_ref())?;
        Ok(store)
    }

    /// What the current snapshot is.
    pub fn current(&self) -> Option<SnapshotInfo> {
        self.lock().clone()
    }

    /// Opens the current snapshot for reading. The reader stays valid when a newer snapshot takes
    /// its place.
    ///
    /// # Errors
    /// [`StorageError::Io`], [`StorageError::Corrupt`], [`StorageError::Tampered`].
    pub fn read_current(&self) -> Result<Option<SnapshotReader>, StorageError> {
        let current = self.lock();
        current.as_ref().map(|info| self.reader(info)).transpose()
    }

    /// Builds and publishes a snapshot of `rows`, whose last applied entry is `last`. Returns the
    /// snapshot that counts afterwards, which is another one if a newer one came in meanwhile.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`] for a row or snapshot above the limits, [`StorageError::Io`],
    /// [`StorageError::Corrupt`] if the rows do not have the `state_hash` given.
    pub fn build<Key: AsRef<[u8]>, Value: AsRef<[u8]>>(
        &self,
        last: LogMark,
        meta: Bytes,
        state_hash: StateHash,
        rows: impl IntoIterator<Item = (Key, Value)>,
    ) -> Result<SnapshotInfo, StorageError> {
        let mut builder = build::Builder::create(&self.shared, last, meta)?;
        for (key, value) in rows {
            builder.row(key.as_ref(), value.as_ref())?;
        }
        builder.finish_rows()?;
        if builder.state_hash() != state_hash {
            return Err(StorageError::Corrupt(format!(
                "the rows of the snapshot hash to {}, but the state says {state_hash}",
                builder.state_hash()
            )));
        }
        self.publish(builder)
    }

    /// Starts receiving a snapshot from a peer. Nothing counts until [`SnapshotReceiver::finish`].
    pub fn receive(&self) -> SnapshotReceiver {
        SnapshotReceiver::new(self.clone())
    }

    /// fdatasync, rename, directory fsync, durable index row, and then the old files may go.
    fn publish(&self, builder: build::Builder<'_>) -> Result<SnapshotInfo, StorageError> {
        let (temporary, info) = builder.finish()?;
        let mut current = self.lock();
        if let Some(newer) = current
            .as_ref()
            .filter(|newer| newer.last.index > info.last.index)
        {
            return Ok(newer.clone());
        }
        let path = self.path_of(&info);
        temporary.rename_to(&path)?;
        sync_folder(&self.shared.folder)?;
        self.shared
            .log
            .put_row_blocking(ROW_SNAPSHOT.to_owned(), Some(info.encode()))?;
        *current = Some(info.clone());
        self.delete_old(&info);
        tracing::info!(
            index = info.last.index,
            rows = info.rows,
            bytes = info.size_bytes,
            "snapshot is durable"
        );
        Ok(info)
    }

    fn lock(&self) -> MutexGuard<'_, Option<SnapshotInfo>> {
        self.shared.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path_of(&self, info: &SnapshotInfo) -> PathBuf {
        self.shared.folder.join(&info.file_name)
    }

    fn reader(&self, info: &SnapshotInfo) -> Result<SnapshotReader, StorageError> {
        SnapshotReader::open(
            &self.path_of(info),
            info.clone(),
            self.shared.identity.clone(),
            Arc::clone(&self.shared.sealer),
        )
    }

    fn verify(&self, info: &SnapshotInfo) -> Result<(), StorageError> {
        self.reader(info)?.verify()
    }

    /// An unreadable snapshot: the log alone may do, if it was never purged. A disk that refuses and
    /// a snapshot of a newer program say nothing about the snapshot.
    fn give_up(&self, info: &SnapshotInfo, error: StorageError) -> Result<(), StorageError> {
        let lost = match &error {
            StorageError::Io { source, .. } => {
                matches!(
                    source.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
                )
            }
            StorageError::NewerFormat { .. } => false,
            _ => true,
        };
        if !lost {
            return Err(error);
        }
        if let Some(purged) = self.shared.log.purged() {
            let reason = error.to_string();
            return Err(StorageError::RejoinAsNewNode {
                reason,
                purged_index: purged.index,
            });
        }
        tracing::warn!(snapshot = info.name(), %error, "snapshot is unreadable; the log still holds everything");
        self.shared.log.put_row_blocking(ROW_SNAPSHOT.to_owned(), None)
    }

    fn check_covers_purged(&self) -> Result<(), StorageError> {
        let Some(purged) = self.shared.log.purged() else {
            return Ok(());
        };
        let reason = match self.lock().as_ref() {
            Some(info) if info.last.index >= purged.index => return Ok(()),
            Some(info) => format!("it ends at index {}", info.last.index),
            None => "there is none".to_owned(),
        };
        Err(StorageError::RejoinAsNewNode {
            reason,
            purged_index: purged.index,
        })
    }

    /// Old files after a newer snapshot is durable. What cannot be deleted now is deleted at the
    /// next start.
    fn delete_old(&self, info: &SnapshotInfo) {
        // Temporary files are other snapshots being written at this moment.
        let old = |path: &Path| {
            path.extension()
                .is_some_and(|extension| extension == frame::EXTENSION)
        };
        if let Err(error) = self.delete_where(|path| old(path) && path != self.path_of(info)) {
            tracing::warn!(%error, "an old snapshot is still there");
        }
    }

    fn delete_all_but(&self, kept: Option<&SnapshotInfo>) -> Result<(), StorageError> {
        let kept = kept.map(|info| self.path_of(info));
        self.delete_where(|path| Some(path) != kept.as_deref())
    }

    fn delete_where(&self, delete: impl Fn(&Path) -> bool) -> Result<(), StorageError> {
        let folder = &self.shared.folder;
        let cannot = || format!("cannot clean {}", folder.display());
        for entry in fs::read_dir(folder).map_err(StorageError::io(cannot()))? {
            let path = entry.map_err(StorageError::io(cannot()))?.path();
            if delete(&path) {
                tracing::info!(file = %path.display(), "deleting a snapshot file that no longer counts");
                fs::remove_file(&path).map_err(StorageError::io(cannot()))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
