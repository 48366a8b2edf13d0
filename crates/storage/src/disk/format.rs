//! Formatting a data folder, and reading back who it was formatted for.
//!
//! The identity lies in the clear, since it is needed before the storage key is known; it is the
//! additional data of the wrapped storage key, so an edited identity does not unwrap.

use std::fs::{self, File};
use std::path::Path;

use prost::Message;
use rand::Rng;
use redb::{Database, ReadableDatabase};
use zeroize::Zeroizing;

use super::{DATA_FORMAT_VERSION, LOG_FILE, NEW_LOG_FILE, NodeIdentity, StoreId};
use crate::error::StorageError;
use crate::field::Fields;
use crate::log::table::{self, CLEAR};
use crate::seal::RootKey;

const ROW_FORMAT: &str = "format";
const ROW_IDENTITY: &str = "identity";
const PURPOSE: &str = "storage";
const FORMATTING_CACHE_BYTES: usize = 1 << 20;

/// The identity row. Field numbers only grow.
#[derive(Clone, PartialEq, Message)]
pub(super) struct IdentityRow {
    #[prost(string, tag = "1")]
    cluster: String,
    #[prost(string, tag = "2")]
    pub(super) region: String,
    #[prost(uint64, tag = "3")]
    node_id: u64,
    #[prost(bytes = "vec", tag = "4")]
    store_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    wrapped_storage_key: Vec<u8>,
}

fn storage_key_aad(identity: &NodeIdentity, store_id: StoreId) -> Vec<u8> {
    Fields::new("concord.storage-key/v1")
        .text(&identity.cluster)
        .text(&identity.region)
        .number(identity.node_id)
        .bytes(&store_id.0)
        .finish()
}

/// Formats a folder: the log file appears under its name only when it is complete and durable.
pub(super) fn format(
    path: &Path,
    identity: &NodeIdentity,
    root_key: &dyn RootKey,
) -> Result<(), StorageError> {
    let unfinished = path.join(NEW_LOG_FILE);
    if unfinished.exists() {
        fs::remove_file(&unfinished).map_err(StorageError::io(format!(
            "cannot remove {}",
            unfinished.display()
        )))?;
    }
    let mut store_id = StoreId([0; 16]);
    let mut storage_key = Zeroizing::new([0u8; 32]);
    rand::rng().fill_bytes(&mut store_id.0);
    rand::rng().fill_bytes(&mut *storage_key);
    let wrapped_storage_key = root_key
        .wrap(PURPOSE, &storage_key_aad(identity, store_id), &*storage_key)
        .map_err(|error| StorageError::RootKey(error.to_string()))?;
    let row = IdentityRow {
        cluster: identity.cluster.clone(),
        region: identity.region.clone(),
        node_id: identity.node_id,
        store_id: store_id.0.to_vec(),
        wrapped_storage_key,
    };
    let database = table::open_database(&unfinished, FORMATTING_CACHE_BYTES)?;
    table::create_tables(&database)?;
    write_clear(&database, ROW_IDENTITY, &row.encode_to_vec())?;
    write_clear(&database, ROW_FORMAT, &DATA_FORMAT_VERSION.to_be_bytes())?;
    drop(database);
    let complete = path.join(LOG_FILE);
    fs::rename(&unfinished, &complete).map_err(StorageError::io(format!(
        "cannot rename to {}",
        complete.display()
    )))?;
    sync_folder(path)?;
    tracing::info!(folder = %path.display(), %store_id, "data folder formatted");
    Ok(())
}

/// Makes renames and creations in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StorageError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(StorageError::io(format!("cannot sync folder {}", path.display())))
}

pub(super) fn write_clear(database: &Database, name: &str, value: &[u8]) -> Result<(), StorageError> {
    let transaction = database.begin_write().map_err(StorageError::engine)?;
    {
        let mut clear = transaction.open_table(CLEAR).map_err(StorageError::engine)?;
        clear.insert(name, value).map_err(StorageError::engine)?;
    }
    transaction.commit().map_err(StorageError::engine)
}

fn read_clear(database: &Database, name: &str) -> Result<Vec<u8>, StorageError> {
    let missing = || StorageError::Corrupt(format!("{LOG_FILE} has no {name:?} row"));
    let transaction = database.begin_read().map_err(StorageError::engine)?;
    let clear = match transaction.open_table(CLEAR) {
        Ok(clear) => clear,
        Err(redb::TableError::TableDoesNotExist(_)) => return Err(missing()),
        Err(error) => return Err(StorageError::engine(error)),
    };
    let value = clear
        .get(name)
        .map_err(StorageError::engine)?
        .ok_or_else(missing)?;
    Ok(value.value().to_vec())
}

pub(super) fn read_identity_row(database: &Database) -> Result<IdentityRow, StorageError> {
    IdentityRow::decode(read_clear(database, ROW_IDENTITY)?.as_slice())
        .map_err(|error| StorageError::Corrupt(format!("the identity row does not decode: {error}")))
}

/// Checks version and identity, and unwraps the storage key.
pub(super) fn read_identity(
    database: &Database,
    expected: &NodeIdentity,
    root_key: &dyn RootKey,
) -> Result<(StoreId, Zeroizing<[u8; 32]>), StorageError> {
    let version = read_clear(database, ROW_FORMAT)?;
    let version = <[u8; 4]>::try_from(version.as_slice())
        .map_err(|_| StorageError::Corrupt("the data format version has 4 bytes".to_owned()))?;
    let found = u32::from_be_bytes(version);
    if found > DATA_FORMAT_VERSION {
        return Err(StorageError::NewerFormat {
            found,
            supported: DATA_FORMAT_VERSION,
        });
    }
    let row = read_identity_row(database)?;
    check_same("cluster", &expected.cluster, &row.cluster)?;
    check_same("region", &expected.region, &row.region)?;
    check_same("node", &expected.node_id.to_string(), &row.node_id.to_string())?;
    let store_id = StoreId::from_slice(&row.store_id)?;
    let key = root_key
        .unwrap(
            PURPOSE,
            &storage_key_aad(expected, store_id),
            &row.wrapped_storage_key,
        )
        .map_err(|error| StorageError::RootKey(error.to_string()))?;
    let mut storage_key = Zeroizing::new([0u8; 32]);
    if key.len() != storage_key.len() {
        return Err(StorageError::RootKey(format!(
            "it has {} bytes instead of 32",
            key.len()
        )));
    }
    storage_key.copy_from_slice(&key);
    Ok((store_id, storage_key))
}

fn check_same(what: &'static str, expected: &str, found: &str) -> Result<(), StorageError> {
    if expected == found {
        return Ok(());
    }
    Err(StorageError::IdentityMismatch {
        what,
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}
