//! The disposable image of the applied state, so that a restart need not replay everything.
//!
//! It is in sled, which is not durable by itself and may panic on what a power cut leaves behind, so
//! nothing depends on it: it never holds apply back, its errors never reach apply, and whatever does
//! not fit when it is opened is wiped and rebuilt from snapshot and log.
//!
//! One tree. A row lies under `HMAC(row key)`, 32 bytes, so that key names are private too; its
//! value is sealed(field(row key) || value), bound to (node, "image", that name, 0). The row named
//! `meta` is written in the same atomic batch as the rows it speaks for: applied log id, membership,
//! state hash and number of rows. An image without it is incomplete.

mod load;
mod tree;
mod writer;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;

use crate::disk::DataFolder;
use crate::log::LogMark;
use crate::state_hash::StateHash;
use tree::Tree;
use writer::Shared;

/// Limits of the image.
#[derive(Clone, Debug)]
pub struct ImageOptions {
    /// Page cache of the engine, in bytes.
    pub cache_bytes: u64,
    /// Row bytes waiting for the image before it gives up following and asks to be rebuilt.
    pub queue_bytes_max: usize,
    /// Value bytes of one row; sled's larger values are not crash-safe.
    pub row_bytes_max: usize,
    /// How long changes are gathered before they are written, in milliseconds.
    pub gather_ms: u64,
    /// The least time between two rebuilds of a running node, in milliseconds.
    pub rebuild_interval_ms_min: u64,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 8 << 20,
            queue_bytes_max: 16 << 20,
            row_bytes_max: 90 << 10,
            gather_ms: 200,
            rebuild_interval_ms_min: 10_000,
        }
    }
}

impl ImageOptions {
    fn gather(&self) -> Duration {
        Duration::from_millis(self.gather_ms)
    }
}

/// What the applied state is besides its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageMeta {
    /// The last applied log entry.
    pub applied: LogMark,
    /// Opaque: the membership as of that entry.
    pub membership: Bytes,
    /// The state hash as of that entry.
    pub state_hash: StateHash,
}

/// What one or more applied entries changed.
#[derive(Clone, Debug)]
pub struct ImageBatch {
    /// Row key and its new value, or `None` if the row is gone.
    pub changes: Vec<(Bytes, Option<Bytes>)>,
    /// What holds after the changes.
    pub meta: ImageMeta,
}

/// All rows of a state, taken from an O(1) copy of it and encoded while the image is written.
pub type ImageRows = Box<dyn Iterator<Item = (Bytes, Bytes)> + Send>;

/// Takes a row (key, value) of an image that is being opened; an error says why it does not decode.
pub type OnRow<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), String> + 'a;

/// How an image was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageOutcome {
    /// Complete and matching; its rows were handed over.
    Usable(ImageMeta),
    /// Wiped. Rows that were handed over must be forgotten; use snapshot and log, then call
    /// [`ImageStore::rebuild`].
    Rebuild {
        /// Why.
        reason: String,
    },
}

/// The image and its background writer. Cheap to clone; the writer ends with the last clone, after
/// it has written what may be written.
#[derive(Clone)]
pub struct ImageStore {
    owner: Arc<Owner>,
}

struct Owner {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl ImageStore {
    /// Opens the image, hands all its rows to `on_row` and checks that it fits between `snapshot`
    /// (the current one) and the end of the log. Blocks on the disk. Never fails: an image that
    /// cannot be used is wiped, with a warning, and one that cannot even be made again is done
    /// without. An error of `on_row` means that a row does not decode.
    pub fn open(
        disk: &DataFolder,
        snapshot: Option<&LogMark>,
        options: ImageOptions,
        on_row: &mut OnRow<'_>,
    ) -> (Self, ImageOutcome) {
        let folder = disk.image_folder();
        let found = load::load(disk, &folder, snapshot, &options, on_row);
        let (tree, outcome) = match found {
            Ok((tree, meta)) => (Some(tree), ImageOutcome::Usable(meta)),
            Err(reason) => {
                metrics::counter!("kms_image_rebuilds_total").increment(1);
                tracing::warn!(%reason, "the image of the applied state is rebuilt from snapshot and log");
                (
                    Self::start_over(disk, folder, &options),
                    ImageOutcome::Rebuild { reason },
                )
            }
        };
        let following = matches!(outcome, ImageOutcome::Usable(_));
        let shared = Arc::new(Shared::new(
            disk.log().clone(),
            options,
            tree.is_some(),
            following,
        ));
        let writer = tree.and_then(|tree| writer::spawn(Arc::clone(&shared), tree));
        (
            Self {
                owner: Arc::new(Owner {
                    shared,
                    writer: Mutex::new(writer),
                }),
            },
            outcome,
        )
    }

    fn start_over(disk: &DataFolder, folder: PathBuf, options: &ImageOptions) -> Option<Tree> {
        let tree = tree::wipe(&folder).and_then(|()| Tree::open(folder, disk.sealer(), options));
        tree.map_err(|reason| tracing::warn!(%reason, "the node runs without an image until it restarts"))
            .ok()
    }

    /// Queues a change; returns at once. It is written after its log entry is durable here. When the
    /// image cannot keep up, it stops following and [`ImageStore::needs_rebuild`] says so.
    pub fn persist(&self, batch: ImageBatch) {
        self.owner.shared.persist(batch);
    }

    /// Whether the image has stopped following and the next apply should call
    /// [`ImageStore::rebuild`] with a copy of the state.
    pub fn needs_rebuild(&self) -> bool {
        self.owner.shared.needs_rebuild()
    }

    /// Writes the image anew from a whole state, in the background; changes queued later come after
    /// it. Returns at once.
    pub fn rebuild(&self, rows: ImageRows, meta: ImageMeta) {
        self.owner.shared.rebuild(rows, meta);
    }

    /// Stops following, for example because a snapshot was installed.
    pub fn mark_for_rebuild(&self, reason: &str) {
        self.owner.shared.mark_for_rebuild(reason);
    }

    /// The log index up to which the image was last written; `None` while it is incomplete.
    pub fn persisted_index(&self) -> Option<u64> {
        self.owner.shared.persisted_index()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close();
        let writer = match self.writer.get_mut() {
            Ok(writer) => writer.take(),
            Err(poisoned) => poisoned.into_inner().take(),
        };
        // The rows of a rebuild may hold the last handle; then this is the writer's own thread.
        if let Some(writer) = writer
            && writer.thread().id() != std::thread::current().id()
            && writer.join().is_err()
        {
            tracing::warn!("the image's writer thread panicked; the image is checked at the next start");
        }
    }
}

#[cfg(test)]
mod tests;
