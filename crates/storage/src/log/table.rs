//! The tables of the log's redb file and the form of their values. It knows bytes and seals, nothing
//! of queues or threads.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bytes::Bytes;
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
};

use super::{LogMark, LogRecord};
use crate::error::StorageError;
use crate::field;
use crate::seal::Sealer;

/// Log index -> term u64be || sealed(field(log id) || payload).
pub(super) const ENTRIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
/// Row name -> sealed bytes.
pub(super) const ROWS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("rows");
/// What must be readable before the storage key is known: format version and identity.
pub(crate) const CLEAR: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("identity");

pub(super) const ROW_VOTE: &str = "vote";
pub(super) const ROW_COMMITTED: &str = "committed";
pub(super) const ROW_PURGED: &str = "purged";

/// Opens or creates the redb file. The engine verifies every page's checksum, since a file altered
/// outside it may otherwise make it panic later.
pub(crate) fn open_database(path: &Path, cache_bytes: usize) -> Result<Database, StorageError> {
    let open = || {
        redb::Builder::new()
            .set_cache_size(cache_bytes)
            .set_check_integrity_on_open(true)
            .create(path)
    };
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(Ok(database)) => Ok(database),
        Ok(Err(error)) => {
            let reason = StorageError::engine(error);
            Err(StorageError::Corrupt(format!(
                "{} does not open: {reason}",
                path.display()
            )))
        }
        Err(_) => Err(StorageError::Corrupt(format!(
            "{} makes the engine panic",
            path.display()
        ))),
    }
}

/// Creates the tables, so that every later read transaction finds them.
pub(crate) fn create_tables(database: &Database) -> Result<(), StorageError> {
    let transaction = database.begin_write().map_err(StorageError::engine)?;
    transaction.open_table(ENTRIES).map_err(StorageError::engine)?;
    transaction.open_table(ROWS).map_err(StorageError::engine)?;
    transaction.open_table(CLEAR).map_err(StorageError::engine)?;
    transaction.commit().map_err(StorageError::engine)
}

/// The value of a log entry as it lies on disk.
pub(crate) fn seal_entry(sealer: &Sealer, record: &LogRecord) -> Vec<u8> {
    let mut plaintext = Vec::with_capacity(4 + record.log_id.len() + record.payload.len());
    field::append(&mut plaintext, &record.log_id);
    plaintext.extend_from_slice(&record.payload);
    seal_entry_plaintext(sealer, record.index, record.term, &plaintext)
}

/// As [`seal_entry`], with what is sealed given as it is.
pub(crate) fn seal_entry_plaintext(sealer: &Sealer, index: u64, term: u64, plaintext: &[u8]) -> Vec<u8> {
    let aad = sealer.row_aad("log", &index.to_be_bytes(), term);
    let mut value = term.to_be_bytes().to_vec();
    value.extend_from_slice(&sealer.seal(&aad, plaintext));
    value
}

/// The log entry that lies at `index`.
pub(crate) fn open_entry(sealer: &Sealer, index: u64, value: &[u8]) -> Result<LogRecord, StorageError> {
    let damaged = || StorageError::Corrupt(format!("log entry {index} is too short"));
    let (term, sealed) = value.split_first_chunk::<8>().ok_or_else(damaged)?;
    let term = u64::from_be_bytes(*term);
    let aad = sealer.row_aad("log", &index.to_be_bytes(), term);
    let plaintext = Bytes::from(sealer.open(&aad, sealed, &format!("log entry {index}"))?);
    let (log_id, payload) = field::split(&plaintext).ok_or_else(damaged)?;
    Ok(LogRecord {
        index,
        term,
        log_id: plaintext.slice_ref(log_id),
        payload: plaintext.slice_ref(payload),
    })
}

/// Seals a named row.
pub(super) fn seal_row(sealer: &Sealer, name: &str, value: &[u8]) -> Vec<u8> {
    sealer.seal(&sealer.row_aad("row", name.as_bytes(), 0), value)
}

fn open_row(sealer: &Sealer, name: &str, sealed: &[u8]) -> Result<Bytes, StorageError> {
    let aad = sealer.row_aad("row", name.as_bytes(), 0);
    Ok(Bytes::from(sealer.open(
        &aad,
        sealed,
        &format!("row {name:?}"),
    )?))
}

/// Reads one named row.
pub(super) fn read_row(
    transaction: &ReadTransaction,
    sealer: &Sealer,
    name: &str,
) -> Result<Option<Bytes>, StorageError> {
    let table = transaction.open_table(ROWS).map_err(StorageError::engine)?;
    let Some(sealed) = table.get(name).map_err(StorageError::engine)? else {
        return Ok(None);
    };
    open_row(sealer, name, sealed.value()).map(Some)
}

/// Reads all rows whose name starts with `prefix`, in the order of their names.
pub(super) fn read_rows(
    transaction: &ReadTransaction,
    sealer: &Sealer,
    prefix: &str,
) -> Result<Vec<(String, Bytes)>, StorageError> {
    let table = transaction.open_table(ROWS).map_err(StorageError::engine)?;
    let mut rows = Vec::new();
    for row in table.range(prefix..).map_err(StorageError::engine)? {
        let (name, sealed) = row.map_err(StorageError::engine)?;
        if !name.value().starts_with(prefix) {
            break;
        }
        rows.push((
            name.value().to_owned(),
            open_row(sealer, name.value(), sealed.value())?,
        ));
    }
    Ok(rows)
}

/// Reads entries in order until the range ends, a gap is met or `bytes_max` payload bytes are read;
/// the first entry always comes, however large.
pub(super) fn read_entries(
    transaction: &ReadTransaction,
    sealer: &Sealer,
    range: Range<u64>,
    bytes_max: usize,
) -> Result<Vec<LogRecord>, StorageError> {
    let table = transaction.open_table(ENTRIES).map_err(StorageError::engine)?;
    let mut records = Vec::new();
    let mut bytes = 0usize;
    let mut expected = range.start;
    for row in table.range(range.clone()).map_err(StorageError::engine)? {
        let (index, value) = row.map_err(StorageError::engine)?;
        if index.value() != expected {
            return Err(StorageError::Corrupt(format!("log entry {expected} is missing")));
        }
        let record = open_entry(sealer, expected, value.value())?;
        bytes = bytes.saturating_add(record.payload.len());
        if bytes > bytes_max && !records.is_empty() {
            return Ok(records);
        }
        records.push(record);
        expected += 1;
    }
    if expected < range.end {
        return Err(StorageError::Corrupt(format!("log entry {expected} is missing")));
    }
    Ok(records)
}

/// What the log of a freshly opened file looks like.
pub(super) struct Found {
    pub(super) vote: Option<Bytes>,
    pub(super) committed: Option<Bytes>,
    pub(super) purged: Option<LogMark>,
    pub(super) last_entry: Option<LogMark>,
    pub(super) first_index: Option<u64>,
}

/// Reads vote, committed, purge point and the two ends of the log, and checks that nothing is
/// missing between them.
pub(super) fn read_found(database: &Database, sealer: &Sealer) -> Result<Found, StorageError> {
    let transaction = database.begin_read().map_err(StorageError::engine)?;
    let table = transaction.open_table(ENTRIES).map_err(StorageError::engine)?;
    let first = table
        .first()
        .map_err(StorageError::engine)?
        .map(|(index, _)| index.value());
    let last = match table.last().map_err(StorageError::engine)? {
        Some((index, value)) => Some(open_entry(sealer, index.value(), value.value())?),
        None => None,
    };
    let purged = match read_row(&transaction, sealer, ROW_PURGED)? {
        Some(row) => Some(LogMark::decode(&row)?),
        None => None,
    };
    if let (Some(first), Some(last)) = (first, &last) {
        let count = table.len().map_err(StorageError::engine)?;
        if count != last.index - first + 1 {
            return Err(StorageError::Corrupt(format!(
                "the log holds {count} entries between {first} and {}",
                last.index
            )));
        }
        if let Some(purged) = &purged
            && first != purged.index + 1
        {
            return Err(StorageError::Corrupt(format!(
                "the log starts at {first} though it is purged up to {}",
                purged.index
            )));
        }
    }
    Ok(Found {
        vote: read_row(&transaction, sealer, ROW_VOTE)?,
        committed: read_row(&transaction, sealer, ROW_COMMITTED)?,
        purged,
        last_entry: last.map(|record| record.mark()),
        first_index: first,
    })
}
