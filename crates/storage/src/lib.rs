//! Durable, sealed rows behind a small door; the only crate that names a storage engine.
//!
//! What cannot be lost (log, vote, purge point, snapshot index) is in one redb file behind one
//! ordered writer; what can be rebuilt (the image of the applied state) is in sled and never holds
//! anything back. Everything on disk is sealed under a storage key that the root key wraps.
//!
//! This crate works on bytes: except for `encoding` it must not know commands, rows or key states.

// In tests a panic is how an expectation fails.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod disk;
pub mod encoding;
mod error;
mod field;
// What is read back from disk can be had from outside only inside a redb file.
#[doc(hidden)]
pub mod fuzzing;
mod image;
mod log;
mod seal;
mod snapshot;
mod state_hash;

pub use disk::{Boot, DATA_FORMAT_VERSION, DataFolder, NodeIdentity, PeerPresence, PeerRefused, StoreId};
pub use error::StorageError;
pub use image::{ImageBatch, ImageMeta, ImageOptions, ImageOutcome, ImageRows, ImageStore, OnRow};
pub use log::{FatalHook, LogMark, LogOptions, LogRecord, LogStore};
pub use seal::{RootKey, RootKeyError, SEAL_OVERHEAD_BYTES, Sealer};
pub use snapshot::{
    SNAPSHOT_FORMAT_VERSION, SnapshotChunk, SnapshotInfo, SnapshotOptions, SnapshotReader, SnapshotReceiver,
    SnapshotRows, SnapshotStore,
};
pub use state_hash::StateHash;
