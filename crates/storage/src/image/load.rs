//! Deciding at start whether an image can be used: ARCHITECTURE.md, "Durability", the table.

use std::path::Path;

use super::tree::Tree;
use super::{ImageMeta, ImageOptions, OnRow};
use crate::disk::DataFolder;
use crate::log::{LogMark, LogStore};

/// Opens and reads the whole image, or says why it cannot be used.
pub(super) fn load(
    disk: &DataFolder,
    folder: &Path,
    snapshot: Option<&LogMark>,
    options: &ImageOptions,
    on_row: &mut OnRow<'_>,
) -> Result<(Tree, ImageMeta), String> {
    let tree = Tree::open(folder.to_owned(), disk.sealer(), options)?;
    let meta = tree.meta()?.ok_or("it is empty or was never completed")?;
    check_fits(&meta.applied, snapshot, disk.log())?;
    let hash = tree.for_each_row(on_row)?;
    if hash != meta.state_hash {
        return Err(format!(
            "its rows hash to {hash}, but it claims {}",
            meta.state_hash
        ));
    }
    Ok((tree, meta))
}

/// The image must lie between the snapshot and the end of the log, on the same history.
fn check_fits(applied: &LogMark, snapshot: Option<&LogMark>, log: &LogStore) -> Result<(), String> {
    let index = applied.index;
    let purged = log.purged();
    let base = [snapshot, purged.as_ref()]
        .into_iter()
        .flatten()
        .max_by_key(|mark| mark.index);
    if let Some(base) = base {
        if index < base.index {
            return Err(format!(
                "it is at index {index}, behind the snapshot or purge point {}",
                base.index
            ));
        }
        if index == base.index {
            return check_same(applied, base);
        }
    }
    let end = log.last().map_or(0, |mark| mark.index);
    if index > end {
        return Err(format!(
            "it is at index {index}, ahead of the log, which ends at {end}"
        ));
    }
    let entries = log
        .read_blocking(index..index + 1, 0)
        .map_err(|error| error.to_string())?;
    let entry = entries
        .first()
        .ok_or_else(|| format!("the log has no entry {index}"))?;
    check_same(applied, &entry.mark())
}

fn check_same(applied: &LogMark, expected: &LogMark) -> Result<(), String> {
    if applied == expected {
        return Ok(());
    }
    Err(format!(
        "it applied another entry {} (term {} instead of {})",
        applied.index, applied.term, expected.term
    ))
}
