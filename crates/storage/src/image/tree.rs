//! The sled tree of the image. Every call into sled is made here, under `catch_unwind`, and every
//! failure is a reason in words: the only answer to any of them is to wipe.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;

use super::{ImageMeta, ImageOptions, OnRow};
use crate::field;
use crate::log::LogMark;
use crate::seal::Sealer;
use crate::state_hash::StateHash;

const META: &[u8] = b"meta";
const FLUSH_MS: u64 = 1_000;

/// The meta row. Field numbers only grow.
#[derive(Clone, PartialEq, Message)]
struct MetaRow {
    #[prost(bytes = "vec", tag = "1")]
    applied: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    membership: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    state_hash: Vec<u8>,
}

impl MetaRow {
    fn decode_meta(bytes: &[u8]) -> Option<ImageMeta> {
        let row = Self::decode(bytes).ok()?;
        Some(ImageMeta {
            applied: LogMark::decode(&row.applied).ok()?,
            membership: row.membership.into(),
            state_hash: StateHash::from_bytes(&row.state_hash).ok()?,
        })
    }
}

/// Changes that go to the image as one: the last value of each row.
pub(super) type Changes = BTreeMap<Bytes, Option<Bytes>>;

/// The open image.
pub(super) struct Tree {
    folder: PathBuf,
    database: sled::Db,
    sealer: Arc<Sealer>,
    cache_bytes: u64,
}

/// Runs something that calls into sled, which may panic on damaged files.
fn guarded<T>(what: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(format!("sled panicked while it should {what}")))
}

/// Removes the image from the disk.
pub(super) fn wipe(folder: &Path) -> Result<(), String> {
    let cannot = |error| format!("cannot wipe {}: {error}", folder.display());
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(folder).map_err(cannot),
        Ok(_) => fs::remove_file(folder).map_err(cannot),
        Err(_) => Ok(()),
    }
}

impl Tree {
    pub(super) fn open(folder: PathBuf, sealer: Arc<Sealer>, options: &ImageOptions) -> Result<Self, String> {
        let cache_bytes = options.cache_bytes;
        let database = Self::open_database(&folder, cache_bytes)?;
        Ok(Self {
            folder,
            database,
            sealer,
            cache_bytes,
        })
    }

    fn open_database(folder: &Path, cache_bytes: u64) -> Result<sled::Db, String> {
        guarded("open", || {
            sled::Config::new()
                .path(folder)
                .cache_capacity(cache_bytes)
                .flush_every_ms(Some(FLUSH_MS))
                .open()
                .map_err(|error| error.to_string())
        })
    }

    /// The meta row, if the image is complete.
    pub(super) fn meta(&self) -> Result<Option<ImageMeta>, String> {
        guarded("read", || {
            let Some(sealed) = self.database.get(META).map_err(|error| error.to_string())? else {
                return Ok(None);
            };
            let aad = self.sealer.row_aad("image-meta", META, 0);
            let plaintext = self
                .sealer
                .open(&aad, &sealed, "image meta")
                .map_err(|error| error.to_string())?;
            MetaRow::decode_meta(&plaintext)
                .map(Some)
                .ok_or_else(|| "the meta row does not decode".to_owned())
        })
    }

    /// Hands every row to `on_row` and returns the hash of them all.
    pub(super) fn for_each_row(&self, on_row: &mut OnRow<'_>) -> Result<StateHash, String> {
        guarded("read", || {
            let mut hash = StateHash::default();
            for entry in self.database.iter() {
                let (name, sealed) = entry.map_err(|error| error.to_string())?;
                if name.as_ref() == META {
                    continue;
                }
                let plaintext = self
                    .sealer
                    .open(&self.row_aad(&name), &sealed, "image row")
                    .map_err(|error| error.to_string())?;
                let (key, value) = field::split(&plaintext).ok_or("a row has no key")?;
                hash.apply(key, None, Some(value));
                on_row(key, value)?;
            }
            Ok(hash)
        })
    }

    /// Writes rows and, if given, the meta row as one atomic batch.
    pub(super) fn write(&self, changes: &Changes, meta: Option<&ImageMeta>) -> Result<(), String> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            let name = self.sealer.hidden_name(key);
            match value {
                Some(value) => {
                    let mut plaintext = Vec::with_capacity(4 + key.len() + value.len());
                    field::append(&mut plaintext, key);
                    plaintext.extend_from_slice(value);
                    batch.insert(&name, self.sealer.seal(&self.row_aad(&name), &plaintext));
                }
                None => batch.remove(&name),
            }
        }
        if let Some(meta) = meta {
            let row = MetaRow {
                applied: meta.applied.encode().to_vec(),
                membership: meta.membership.to_vec(),
                state_hash: meta.state_hash.to_bytes().to_vec(),
            };
            let aad = self.sealer.row_aad("image-meta", META, 0);
            batch.insert(META, self.sealer.seal(&aad, &row.encode_to_vec()));
        }
        guarded("write", || {
            self.database
                .apply_batch(batch)
                .map_err(|error| error.to_string())
        })
    }

    /// Removes everything and opens an empty image in the same place.
    pub(super) fn start_over(self) -> Result<Self, String> {
        let Self {
            folder,
            database,
            sealer,
            cache_bytes,
        } = self;
        // Dropping a database whose background thread met an error may panic as well.
        guarded("close", || {
            drop(database);
            Ok(())
        })?;
        wipe(&folder)?;
        let database = Self::open_database(&folder, cache_bytes)?;
        Ok(Self {
            folder,
            database,
            sealer,
            cache_bytes,
        })
    }

    fn row_aad(&self, name: &[u8]) -> Vec<u8> {
        self.sealer.row_aad("image", name, 0)
    }
}
