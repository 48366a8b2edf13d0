//! The end of a disk: a row that says that a newer life of this node has been seen elsewhere. A folder that has it is
//! never opened again, so that an old copy cannot wait, or count, until nobody remembers better.

use prost::Message;

use crate::error::StorageError;
use crate::log::LogStore;

const ROW_SUPERSEDED: &str = "superseded";

/// The row. Field numbers only grow.
#[derive(Clone, PartialEq, Message)]
struct SupersededRow {
    #[prost(uint64, tag = "1")]
    by_node: u64,
    #[prost(string, tag = "2")]
    reason: String,
}

/// Refuses a folder that has been superseded.
pub(super) fn refuse_superseded(log: &LogStore) -> Result<(), StorageError> {
    let Some(row) = log.row(ROW_SUPERSEDED)? else {
        return Ok(());
    };
    let row = SupersededRow::decode(row)
        .map_err(|error| StorageError::Corrupt(format!("the superseded row does not decode: {error}")))?;
    Err(StorageError::Superseded {
        by_node: row.by_node,
        reason: row.reason,
    })
}

/// Writes the row; durable when this returns.
pub(super) async fn mark(log: &LogStore, by_node: u64, reason: String) -> Result<(), StorageError> {
    let row = SupersededRow { by_node, reason };
    log.put_row(ROW_SUPERSEDED.to_owned(), Some(row.encode_to_vec().into()))
        .await
}
