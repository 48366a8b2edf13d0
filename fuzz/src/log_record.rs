//! What this node reads back from its own disk: log entries, log marks and the snapshot's index row.

use crate::Seed;
use crate::seals::changed_by;
use bytes::Bytes;
use kms_storage::{LogRecord, fuzzing};
use std::sync::LazyLock;

const INDEX: u64 = 300;
const TERM: u64 = 7;

static RECORD: LazyLock<LogRecord> = LazyLock::new(|| LogRecord {
    index: INDEX,
    term: TERM,
    log_id: Bytes::from_static(b"7-300"),
    payload: Bytes::from_static(b"an entry"),
});

static SEALED: LazyLock<Vec<u8>> = LazyLock::new(|| fuzzing::seal_log_entry(&RECORD));

/// A sealed entry, the same bytes as a change of one, and as the plaintext in a right seal; then as a log mark and as
/// an index row. Only what was sealed opens, in its place; what reads is written as the same.
pub fn log_record(bytes: &[u8]) -> bool {
    if let Ok(record) = fuzzing::open_log_entry(INDEX, &changed_by(&SEALED, bytes)) {
        assert_eq!(record, *RECORD);
    }
    let opened = fuzzing::open_log_entry(INDEX, bytes);
    if let Ok(record) = &opened {
        assert_eq!(record, &*RECORD);
        assert!(fuzzing::open_log_entry(INDEX + 1, bytes).is_err());
    }
    if let Ok(record) = fuzzing::open_log_plaintext(INDEX, TERM, bytes) {
        let length = u32::try_from(record.log_id.len()).expect("inputs are short");
        assert_eq!(
            [&length.to_be_bytes(), &*record.log_id, &*record.payload].concat(),
            bytes
        );
    }
    let mark = fuzzing::rewrite_log_mark(bytes);
    assert!(mark.is_none() || mark.as_deref() == Some(bytes));
    let index = fuzzing::rewrite_snapshot_index(bytes);
    if let Some(written) = &index {
        assert_eq!(fuzzing::rewrite_snapshot_index(written).as_ref(), Some(written));
    }
    opened.is_ok() || mark.is_some() || index.is_some()
}

/// An entry, a mark and an index row.
pub fn seeds() -> Vec<Seed> {
    let mark = [
        INDEX.to_be_bytes().as_slice(),
        &TERM.to_be_bytes(),
        b"\0\0\0\x057-300",
    ]
    .concat();
    vec![
        Seed::new("entry", SEALED.as_slice()),
        Seed::new("mark", mark),
        Seed::new("snapshot-index", fuzzing::snapshot_index(RECORD.mark())),
    ]
}
