//! Receiving a snapshot from a peer: every part is checked, sealed again under the own storage key,
//! and the whole is published only if its rows have the state hash it claims.

use prost::Message;

use super::build::{Builder, Progress};
use super::frame::{Header, Trailer};
use super::read::split_rows;
use super::{SNAPSHOT_FORMAT_VERSION, SnapshotChunk, SnapshotInfo, SnapshotStore};
use crate::error::StorageError;
use crate::log::LogMark;

/// A snapshot on its way in. It can be resumed at [`SnapshotReceiver::next_chunk`] as long as this
/// value lives; dropping it deletes what came so far.
pub struct SnapshotReceiver {
    store: SnapshotStore,
    next: u64,
    total: Option<u64>,
    progress: Option<Progress>,
    complete: bool,
}

impl SnapshotReceiver {
    pub(super) fn new(store: SnapshotStore) -> Self {
        Self {
            store,
            next: 0,
            total: None,
            progress: None,
            complete: false,
        }
    }

    /// The number of the part that is expected next.
    pub fn next_chunk(&self) -> u64 {
        self.next
    }

    /// Whether all parts have come.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Takes one part and returns the number of the part expected next. A part that was already
    /// taken, or that comes too early, changes nothing.
    ///
    /// # Errors
    /// [`StorageError::Tampered`] for a wrong checksum: this part may be sent again.
    /// [`StorageError::Corrupt`], [`StorageError::IdentityMismatch`], [`StorageError::NewerFormat`],
    /// [`StorageError::TooLarge`], [`StorageError::Io`]: this transfer is over, drop it.
    pub fn accept(&mut self, chunk: &SnapshotChunk) -> Result<u64, StorageError> {
        if chunk.number != self.next || self.complete {
            return Ok(self.next);
        }
        if SnapshotChunk::checksum_of(&chunk.bytes) != chunk.checksum {
            return Err(StorageError::Tampered(format!(
                "part {} of a received snapshot",
                chunk.number
            )));
        }
        if chunk.total < 2 || *self.total.get_or_insert(chunk.total) != chunk.total {
            return Err(StorageError::Corrupt(
                "the number of parts of a received snapshot changed".to_owned(),
            ));
        }
        let store = self.store.clone();
        let bytes_max = store.shared.options.chunk_bytes_max.saturating_mul(2);
        if chunk.bytes.len() > bytes_max {
            let bytes = chunk.bytes.len();
            return Err(StorageError::TooLarge {
                what: "part of a received snapshot",
                bytes,
                bytes_max,
            });
        }
        let builder = match self.progress.take() {
            None => Self::start(&store, chunk)?,
            Some(progress) => {
                let mut builder = Builder::resume(&store.shared, progress);
                if chunk.number + 1 == chunk.total {
                    check_trailer(&builder, chunk)?;
                    self.complete = true;
                } else {
                    split_rows(&chunk.bytes)?
                        .iter()
                        .try_for_each(|(key, value)| builder.row(key, value))?;
                    builder.finish_rows()?;
                }
                builder
            }
        };
        self.progress = Some(builder.pause());
        self.next += 1;
        Ok(self.next)
    }

    fn start<'a>(store: &'a SnapshotStore, chunk: &SnapshotChunk) -> Result<Builder<'a>, StorageError> {
        let header = Header::decode(chunk.bytes.clone())
            .map_err(|error| StorageError::Corrupt(format!("a received header does not decode: {error}")))?;
        let found = header.format_version;
        if found > SNAPSHOT_FORMAT_VERSION {
            return Err(StorageError::NewerFormat {
                found,
                supported: SNAPSHOT_FORMAT_VERSION,
            });
        }
        let own = &store.shared.identity;
        for (what, expected, found) in [
            ("cluster", &own.cluster, header.cluster),
            ("region", &own.region, header.region),
        ] {
            if *expected != found {
                return Err(StorageError::IdentityMismatch {
                    what,
                    expected: expected.clone(),
                    found,
                });
            }
        }
        Builder::create(&store.shared, LogMark::decode(&header.last)?, header.meta.into())
    }

    /// Publishes the received snapshot: when this returns, it is the one that counts (or a newer one
    /// that was there already, which is returned then).
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if parts are missing; [`StorageError::Io`].
    pub fn finish(mut self) -> Result<SnapshotInfo, StorageError> {
        match self.progress.take() {
            Some(progress) if self.complete => {
                self.store.publish(Builder::resume(&self.store.shared, progress))
            }
            _ => Err(StorageError::Corrupt(format!(
                "part {} of a received snapshot is missing",
                self.next
            ))),
        }
    }
}

/// Compares the sender's trailer with what came. The number of frames is each side's own affair.
fn check_trailer(builder: &Builder<'_>, chunk: &SnapshotChunk) -> Result<(), StorageError> {
    let claimed = Trailer::decode(chunk.bytes.clone())
        .map_err(|error| StorageError::Corrupt(format!("a received trailer does not decode: {error}")))?;
    let own = builder.trailer();
    if claimed.state_hash == own.state_hash && claimed.rows == own.rows {
        return Ok(());
    }
    Err(StorageError::Corrupt(
        "a received snapshot's rows do not have the state hash it claims".to_owned(),
    ))
}
