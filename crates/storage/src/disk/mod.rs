//! A node's data folder: who it belongs to, which life of the node this is, and whom it has met.
//!
//! ```text
//! lock         held while a process uses the folder
//! log.redb     log, vote, committed, purge point, snapshot index, identity, boot counts, peers, superseded
//! snapshots/   snapshot files
//! image/       the disposable image of the applied state (sled)
//! ```
//!
//! Formatting draws a random [`StoreId`], so that an emptied disk cannot pose as the one that was
//! there before; every open raises the boot count, so that an old copy of a disk cannot either. A folder that a peer
//! has found out as an old copy is marked, and never opened again.

mod boot;
mod format;
mod identity;
mod peers;
mod superseded;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::Database;
use zeroize::Zeroizing;

pub use boot::Boot;
pub(crate) use format::sync_folder;
pub use identity::{NodeIdentity, StoreId};
pub use peers::{PeerPresence, PeerRefused};

use crate::error::StorageError;
use crate::log::{LogOptions, LogStore, table};
use crate::seal::{RootKey, Sealer};
use boot::BootCounter;
use peers::PeerTable;

/// The newest data format this program reads and the one it writes.
pub const DATA_FORMAT_VERSION: u32 = 1;

const LOG_FILE: &str = "log.redb";
const NEW_LOG_FILE: &str = "log.redb.new";
const LOCK_FILE: &str = "lock";
const SNAPSHOT_FOLDER: &str = "snapshots";
const IMAGE_FOLDER: &str = "image";

/// An open data folder. Dropping it ends the log's writer and releases the lock.
pub struct DataFolder {
    path: PathBuf,
    identity: NodeIdentity,
    store_id: StoreId,
    sealer: Arc<Sealer>,
    boot: BootCounter,
    peers: PeerTable,
    log: LogStore,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, formatting it first if it is absent or empty, and raises its boot count
    /// durably. Blocks on the disk.
    ///
    /// # Errors
    /// [`StorageError::Locked`], [`StorageError::NewerFormat`], [`StorageError::IdentityMismatch`],
    /// [`StorageError::RootKey`], [`StorageError::Superseded`], [`StorageError::Corrupt`] and
    /// [`StorageError::Tampered`] as their documentation says; [`StorageError::Io`].
    pub fn open_or_format(
        path: &Path,
        identity: &NodeIdentity,
        root_key: &dyn RootKey,
        options: LogOptions,
    ) -> Result<Self, StorageError> {
        fs::create_dir_all(path).map_err(StorageError::io(format!(
            "cannot create data folder {}",
            path.display()
        )))?;
        restrict_to_owner(path)?;
        let lock = take_lock(path)?;
        if !path.join(LOG_FILE).exists() {
            refuse_leftovers(path)?;
            format::format(path, identity, root_key)?;
        }
        Self::open_locked(path, identity, root_key, options, lock)
    }

    /// Opens a folder that must have been formatted before.
    ///
    /// # Errors
    /// [`StorageError::NotFormatted`], and as [`DataFolder::open_or_format`].
    pub fn open(
        path: &Path,
        identity: &NodeIdentity,
        root_key: &dyn RootKey,
        options: LogOptions,
    ) -> Result<Self, StorageError> {
        if !path.join(LOG_FILE).exists() {
            return Err(StorageError::NotFormatted(path.to_owned()));
        }
        let lock = take_lock(path)?;
        Self::open_locked(path, identity, root_key, options, lock)
    }

    fn open_locked(
        path: &Path,
        identity: &NodeIdentity,
        root_key: &dyn RootKey,
        options: LogOptions,
        lock: File,
    ) -> Result<Self, StorageError> {
        let database = table::open_database(&path.join(LOG_FILE), options.cache_bytes)?;
        let (store_id, storage_key) = format::read_identity(&database, identity, root_key)?;
        Self::start(path, identity, store_id, storage_key, database, options, lock)
    }

    fn start(
        path: &Path,
        identity: &NodeIdentity,
        store_id: StoreId,
        storage_key: Zeroizing<[u8; 32]>,
        database: Database,
        options: LogOptions,
        lock: File,
    ) -> Result<Self, StorageError> {
        for folder in [SNAPSHOT_FOLDER, IMAGE_FOLDER] {
            let folder = path.join(folder);
            fs::create_dir_all(&folder)
                .map_err(StorageError::io(format!("cannot create {}", folder.display())))?;
        }
        sync_folder(path)?;
        let sealer = Arc::new(Sealer::new(storage_key, identity.node_id));
        let log = LogStore::start(Arc::new(database), Arc::clone(&sealer), options)?;
        superseded::refuse_superseded(&log)?;
        let boot = BootCounter::open(&log)?;
        let peers = PeerTable::open(&log)?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity.clone(),
            store_id,
            sealer,
            boot,
            peers,
            log,
            _lock: lock,
        })
    }

    /// The log of this folder.
    pub fn log(&self) -> &LogStore {
        &self.log
    }

    /// The random id of this formatted disk, carried in membership and in every internal call.
    pub fn store_id(&self) -> StoreId {
        self.store_id
    }

    /// Whom the folder belongs to.
    pub fn identity(&self) -> &NodeIdentity {
        &self.identity
    }

    /// The boot count and nonce to put into every internal call, read anew for each call.
    pub fn boot(&self) -> Boot {
        self.boot.current()
    }

    /// Raises the boot count with a new nonce; called periodically, once a peer has accepted the present one. Calls
    /// carry the new pair only after it is durable.
    ///
    /// # Errors
    /// When the log's store is poisoned.
    pub async fn raise_boot_count(&self) -> Result<Boot, StorageError> {
        self.boot.raise(&self.log).await
    }

    /// Marks this folder as an old copy, because node `by_node` has seen a newer life of the same node: it will never
    /// be opened again. Durable when this returns.
    ///
    /// # Errors
    /// When the log's store is poisoned.
    pub async fn mark_superseded(&self, by_node: u64, reason: String) -> Result<(), StorageError> {
        superseded::mark(&self.log, by_node, reason).await
    }

    /// Judges what a peer says about itself; a change of what is remembered is durable before this
    /// returns. `expected` is the store id that membership holds for this node id, if it holds one.
    ///
    /// # Errors
    /// [`PeerRefused`] when the peer must not be answered.
    pub async fn check_peer(
        &self,
        node_id: u64,
        presence: PeerPresence,
        expected: Option<StoreId>,
    ) -> Result<(), PeerRefused> {
        self.peers.check(&self.log, node_id, presence, expected).await
    }

    /// The folder itself, for reports of its size.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where snapshot files lie.
    pub fn snapshot_folder(&self) -> PathBuf {
        self.path.join(SNAPSHOT_FOLDER)
    }

    /// Where the disposable image lies.
    pub fn image_folder(&self) -> PathBuf {
        self.path.join(IMAGE_FOLDER)
    }

    /// Seals with this folder's storage key.
    pub fn sealer(&self) -> Arc<Sealer> {
        Arc::clone(&self.sealer)
    }
}

fn take_lock(path: &Path) -> Result<File, StorageError> {
    let lock_path = path.join(LOCK_FILE);
    let what = format!("cannot lock {}", lock_path.display());
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&lock_path)
        .map_err(StorageError::io(what.clone()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StorageError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(StorageError::io(what)(error)),
    }
}

/// A folder that holds snapshots but no log has lost its log: formatting it would hide that.
fn refuse_leftovers(path: &Path) -> Result<(), StorageError> {
    let folder = path.join(SNAPSHOT_FOLDER);
    let Ok(mut entries) = fs::read_dir(&folder) else {
        return Ok(());
    };
    if entries.next().is_none() {
        return Ok(());
    }
    Err(StorageError::Corrupt(format!(
        "{} holds snapshots but {LOG_FILE} is missing; empty the folder and let the node rejoin as a new node",
        path.display()
    )))
}

/// Only the owner may look inside (Unix mode 0700).
fn restrict_to_owner(path: &Path) -> Result<(), StorageError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
        .map_err(StorageError::io(format!("cannot restrict {}", path.display())))
}

#[cfg(test)]
pub(crate) mod tests;
