//! Snapshot files, as a node finds them on its own disk.

use crate::Seed;
use crate::fixed_rng::FixedRng;
use crate::seals::changed_by;
use bytes::Bytes;
use kms_storage::{
    DataFolder, LogMark, LogOptions, NodeIdentity, RootKey, RootKeyError, SnapshotOptions, SnapshotStore,
    StateHash,
};
use rand_core::Rng;
use std::path::PathBuf;
use tempfile::TempDir;
use zeroize::Zeroizing;

/// Small, so that a snapshot of few rows has several frames.
const CHUNK_BYTES_MAX: usize = 4 << 10;

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// A node's data folder, gone when its thread ends.
pub(crate) struct Disk {
    pub(crate) snapshots: SnapshotStore,
    data: DataFolder,
    // Last, so that the folder is closed before it is deleted.
    _folder: TempDir,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder is made");
        let identity = NodeIdentity {
            cluster: "concord-test".to_owned(),
            region: "us-east-1".to_owned(),
            node_id: 1,
        };
        let log = LogOptions::default();
        let data = DataFolder::open_or_format(folder.path(), &identity, &FixedRoot, log);
        let data = data.expect("an empty folder is formatted");
        let options = SnapshotOptions {
            chunk_bytes_max: CHUNK_BYTES_MAX,
            ..SnapshotOptions::default()
        };
        Self {
            snapshots: SnapshotStore::open(&data, options).expect("no snapshots are no damage"),
            data,
            _folder: folder,
        }
    }

    /// Builds the snapshot that counts from now on.
    pub(crate) fn build(&self, rows: &Rows) {
        let mut hash = StateHash::default();
        for (key, value) in rows {
            hash.apply(key, None, Some(value));
        }
        let last = LogMark {
            index: 300,
            term: 7,
            log_id: Bytes::new(),
        };
        let meta = Bytes::from_static(b"membership");
        let rows = rows.iter().map(|(key, value)| (key, value));
        let built = self.snapshots.build(last, meta, hash, rows);
        built.expect("a snapshot of a few rows is built");
    }

    fn snapshot_path(&self) -> PathBuf {
        let info = self.snapshots.current().expect("a snapshot was built");
        self.data.snapshot_folder().join(info.name())
    }
}

/// Gives the same storage key for every disk, so that a snapshot of one run opens in the next.
struct FixedRoot;

impl RootKey for FixedRoot {
    fn wrap(&self, _: &str, _: &[u8], _: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        Ok(Vec::new())
    }

    fn unwrap(&self, _: &str, _: &[u8], _: &[u8]) -> Result<Zeroizing<Box<[u8]>>, RootKeyError> {
        Ok(Zeroizing::new([0x5a; 32].into()))
    }
}

/// A disk with a snapshot, what is in it, and the file's bytes when it was built.
struct Built {
    disk: Disk,
    rows: Rows,
    original: Vec<u8>,
}

thread_local! {
    static BUILT: Built = {
        let (disk, rows) = (Disk::new(), rows());
        disk.build(&rows);
        let original = std::fs::read(disk.snapshot_path()).expect("a snapshot was built");
        Built { disk, rows, original }
    };
}

/// The snapshot's file replaced, and changed: it is refused, or it reads as the rows that were written, as far as it
/// reads.
pub fn snapshot_file(bytes: &[u8]) -> bool {
    BUILT.with(|built| {
        reads(built, &changed_by(&built.original, bytes));
        reads(built, bytes)
    })
}

/// Answers whether all of it reads.
fn reads(built: &Built, file: &[u8]) -> bool {
    std::fs::write(built.disk.snapshot_path(), file).expect("the file can be written");
    let Ok(reader) = built.disk.snapshots.read_current() else {
        return false;
    };
    let reader = reader.expect("a snapshot was built");
    let mut expected = built.rows.iter();
    for row in reader.rows() {
        let Ok((key, value)) = row else {
            return false;
        };
        assert_eq!(expected.next(), Some(&(key.into(), value.into())));
    }
    assert_eq!(expected.next(), None, "a snapshot lost rows");
    true
}

/// Rows of many lengths. They mean nothing, so that they stay as they are when the state's own rows change.
pub(crate) fn rows() -> Rows {
    let rng = &mut FixedRng(9);
    let mut bytes = |length: usize| {
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        bytes
    };
    (0..24)
        .map(|number| (bytes(1 + number), bytes(number * number)))
        .collect()
}

/// A snapshot of these rows.
pub fn seeds() -> Vec<Seed> {
    let disk = Disk::new();
    disk.build(&rows());
    let file = std::fs::read(disk.snapshot_path()).expect("a snapshot was built");
    vec![Seed::new("rows", file)]
}
