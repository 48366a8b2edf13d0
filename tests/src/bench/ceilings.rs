//! What the disk allows: appends that are durable one by one or in groups, raw and through redb.

use anyhow::Context;
use hdrhistogram::Histogram;
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableDefinition};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes of a record, about those of a log entry that makes a key.
pub const RECORD_BYTES: usize = 512;

/// Records of a group.
pub const GROUP: u64 = 64;

const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");

/// What appending measured.
#[derive(Debug, Clone)]
pub struct Appends {
    /// Records made durable a second.
    pub records_per_second: f64,
    /// Time of one sync or commit, in microseconds.
    pub sync_us: Histogram<u64>,
}

fn measure(
    group: u64,
    duration: Duration,
    mut append: impl FnMut(u64) -> anyhow::Result<()>,
) -> anyhow::Result<Appends> {
    let mut sync_us = Histogram::new(3)?;
    let began = Instant::now();
    let mut records: u32 = 0;
    while began.elapsed() < duration {
        let start = Instant::now();
        append(u64::from(records))?;
        sync_us.record(u64::try_from(start.elapsed().as_micros())?)?;
        records += u32::try_from(group)?;
    }
    Ok(Appends {
        records_per_second: f64::from(records) / began.elapsed().as_secs_f64(),
        sync_us,
    })
}

/// Appends `group` records to a file and syncs its data, again and again.
///
/// # Errors
/// What the file system says.
pub fn raw_appends(folder: &Path, group: u64, duration: Duration) -> anyhow::Result<Appends> {
    let path = folder.join(format!("appends-{group}"));
    let mut file = std::fs::File::create(&path).with_context(|| format!("{}", path.display()))?;
    let record = [0x5a; RECORD_BYTES];
    let measured = measure(group, duration, |_| {
        for _ in 0..group {
            file.write_all(&record)?;
        }
        Ok(file.sync_data()?)
    });
    std::fs::remove_file(&path)?;
    measured
}

/// Inserts `group` records into a redb table and commits durably, again and again.
///
/// # Errors
/// What redb says.
pub fn redb_appends(folder: &Path, group: u64, duration: Duration) -> anyhow::Result<Appends> {
    let path = folder.join(format!("appends-{group}.redb"));
    let database = Database::create(&path)?;
    let record = [0x5a; RECORD_BYTES];
    let measured = measure(group, duration, |first| {
        let write = database.begin_write()?;
        {
            let mut table = write.open_table(TABLE)?;
            for index in first..first + group {
                table.insert(index, record.as_slice())?;
            }
        }
        Ok(write.commit()?)
    });
    let kept = database.begin_read()?.open_table(TABLE)?.len()?;
    anyhow::ensure!(kept > 0, "redb kept nothing");
    drop(database);
    std::fs::remove_file(&path)?;
    measured
}
