//! What a node knows when it starts: the image if it fits, otherwise the snapshot; the log does the
//! rest. ARCHITECTURE.md, "Durability", has the table.

use kms_domain::State;
use kms_storage::{DataFolder, ImageOptions, ImageOutcome, ImageStore, SnapshotStore, StorageError};

use super::Recovered;
use super::snapshot::{decode_membership, decode_row, meta_of, read_state};
use crate::type_config::{StoredMembership, log_id};

/// Reads image or snapshot. Blocks on the disk.
///
/// # Errors
/// When the snapshot holds what this version cannot read. An image never is an error.
pub(crate) fn recover(
    disk: &DataFolder,
    snapshots: &SnapshotStore,
    options: ImageOptions,
) -> Result<(Recovered, ImageStore), StorageError> {
    let snapshot = snapshots.current().map(|info| info.last);
    let mut rows = Vec::new();
    let (image, outcome) = ImageStore::open(disk, snapshot.as_ref(), options, &mut |_, value| {
        rows.push(decode_row(value).map_err(|error| error.to_string())?);
        Ok(())
    });
    if let ImageOutcome::Usable(meta) = outcome {
        let recovered = Recovered {
            state: State::from_rows(rows),
            hash: meta.state_hash,
            applied: Some(log_id(meta.applied.term, meta.applied.index)),
            membership: decode_membership(&meta.membership)
                .map_err(|error| StorageError::Corrupt(error.to_string()))?,
        };
        return Ok((recovered, image));
    }
    drop(rows);
    let Some(reader) = snapshots.read_current()? else {
        let nothing = Recovered {
            state: State::default(),
            hash: Default::default(),
            applied: None,
            membership: StoredMembership::default(),
        };
        return Ok((nothing, image));
    };
    let meta = meta_of(reader.info()).map_err(|error| StorageError::Corrupt(error.to_string()))?;
    let (state, hash) = read_state(reader)?;
    let recovered = Recovered {
        state,
        hash,
        applied: meta.last_log_id,
        membership: meta.last_membership,
    };
    Ok((recovered, image))
}
