use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::disk::tests::{TestRootKey, identity, open as open_disk, options as log_options};
use crate::log::LogRecord;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

fn record(index: u64) -> LogRecord {
    LogRecord {
        index,
        term: 1,
        log_id: Bytes::from(format!("1-{index}")),
        payload: Bytes::from_static(b"p"),
    }
}

/// Rows that fill several chunks of 4 KiB.
fn rows(count: u32) -> Rows {
    let value = |number: u32| vec![number as u8; 100 + (number % 700) as usize];
    (0..count)
        .map(|number| (format!("row/{number}").into_bytes(), value(number)))
        .collect()
}

fn hash(rows: &Rows) -> StateHash {
    let mut hash = StateHash::default();
    rows.iter()
        .for_each(|(key, value)| hash.apply(key, None, Some(value)));
    hash
}

fn options() -> SnapshotOptions {
    SnapshotOptions {
        chunk_bytes_max: 4 << 10,
        ..SnapshotOptions::default()
    }
}

fn open(disk: &DataFolder) -> SnapshotStore {
    SnapshotStore::open(disk, options()).unwrap()
}

fn refusal(disk: &DataFolder) -> StorageError {
    match SnapshotStore::open(disk, options()) {
        Ok(_) => panic!("the folder must be refused"),
        Err(error) => error,
    }
}

fn build(store: &SnapshotStore, index: u64, rows: &Rows) -> SnapshotInfo {
    store
        .build(
            record(index).mark(),
            Bytes::from_static(b"members"),
            hash(rows),
            rows,
        )
        .unwrap()
}

fn read(store: &SnapshotStore) -> Rows {
    let reader = store.read_current().unwrap().unwrap();
    reader
        .rows()
        .map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap())
        .collect()
}

fn files(disk: &DataFolder) -> Vec<String> {
    let entries = fs::read_dir(disk.snapshot_folder()).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn peer(path: &Path) -> DataFolder {
    DataFolder::open_or_format(path, &identity(2), &TestRootKey(9), log_options()).unwrap()
}

/// A folder with a log of 10 entries, a snapshot at index 7, and the log purged up to `purged`.
async fn with_snapshot(folder: &Path, purged: Option<u64>) -> SnapshotInfo {
    let disk = open_disk(folder);
    disk.log()
        .append((0..10).map(record).collect(), |_| ())
        .await
        .unwrap();
    let info = build(&open(&disk), 7, &rows(100));
    if let Some(index) = purged {
        disk.log().purge_upto(record(index).mark()).unwrap();
    }
    info
}

#[tokio::test]
async fn a_snapshot_gives_back_its_rows_also_after_a_reopen() {
    let folder = TempDir::new().unwrap();
    let info = with_snapshot(folder.path(), Some(7)).await;
    let disk = open_disk(folder.path());
    let store = open(&disk);
    assert_eq!(store.current(), Some(info.clone()));
    assert_eq!(read(&store), rows(100));
    assert_eq!(
        (info.rows, &info.meta[..], info.state_hash),
        (100, b"members".as_slice(), hash(&rows(100)))
    );
    assert_eq!(info.size_bytes, fs::metadata(store.path_of(&info)).unwrap().len());
}

#[tokio::test]
async fn an_empty_state_has_a_snapshot_too() {
    let folder = TempDir::new().unwrap();
    let disk = open_disk(folder.path());
    let store = open(&disk);
    build(&store, 3, &Rows::new());
    assert_eq!(read(&store), Rows::new());
}

#[tokio::test]
async fn a_newer_snapshot_replaces_the_older_one_and_its_file() {
    let folder = TempDir::new().unwrap();
    with_snapshot(folder.path(), None).await;
    let disk = open_disk(folder.path());
    let store = open(&disk);
    let open_reader = store.read_current().unwrap().unwrap();
    let newer = build(&store, 9, &rows(20));
    assert_eq!(files(&disk), [newer.name()]);
    assert_eq!(
        open_reader.rows().count(),
        100,
        "who was reading the old one can go on"
    );
    let kept = build(&store, 8, &rows(30));
    assert_eq!(kept, newer, "an older snapshot never replaces a newer one");
    assert_eq!(files(&disk), [newer.name()]);
}

#[tokio::test]
async fn rows_that_do_not_have_the_claimed_hash_are_not_published() {
    let folder = TempDir::new().unwrap();
    let disk = open_disk(folder.path());
    let store = open(&disk);
    let built = store.build(record(1).mark(), Bytes::new(), hash(&rows(1)), rows(2));
    assert!(matches!(built, Err(StorageError::Corrupt(_))));
    assert_eq!(store.current(), None);
    assert_eq!(files(&disk), [""; 0]);
}

#[tokio::test]
async fn files_without_an_index_row_are_deleted_at_start() {
    let folder = TempDir::new().unwrap();
    let info = with_snapshot(folder.path(), Some(7)).await;
    let snapshots = folder.path().join("snapshots");
    fs::write(
        snapshots.join("00000000000000000009-00.snapshot.tmp"),
        b"crashed while writing",
    )
    .unwrap();
    fs::write(
        snapshots.join("00000000000000000009-01.snapshot"),
        b"crashed before the index row",
    )
    .unwrap();
    let disk = open_disk(folder.path());
    assert_eq!(open(&disk).current(), Some(info.clone()));
    assert_eq!(files(&disk), [info.name()]);
}

#[tokio::test]
async fn a_snapshot_whose_index_row_is_missing_does_not_count() {
    let folder = TempDir::new().unwrap();
    with_snapshot(folder.path(), None).await;
    let disk = open_disk(folder.path());
    disk.log()
        .put_row_blocking(ROW_SNAPSHOT.to_owned(), None)
        .unwrap();
    assert_eq!(open(&disk).current(), None);
    assert_eq!(files(&disk), [""; 0]);
}

#[tokio::test]
async fn every_damage_to_the_file_is_found_at_start() {
    let folder = TempDir::new().unwrap();
    let info = with_snapshot(folder.path(), Some(7)).await;
    let path = folder.path().join("snapshots").join(info.name());
    let sound = fs::read(&path).unwrap();
    let disk = open_disk(folder.path());
    let mut damages: Vec<Vec<u8>> = (0..sound.len())
        .step_by(sound.len() / 60)
        .map(|at| {
            let mut damaged = sound.clone();
            damaged[at] ^= 0x10;
            damaged
        })
        .collect();
    damages.extend(
        (0..sound.len())
            .step_by(sound.len() / 20)
            .map(|at| sound[..at].to_vec()),
    );
    damages.push([sound.as_slice(), b"more"].concat());
    for damaged in damages {
        fs::write(&path, damaged).unwrap();
        let error = refusal(&disk);
        let clear = matches!(
            error,
            StorageError::RejoinAsNewNode { purged_index: 7, .. } | StorageError::NewerFormat { .. }
        );
        assert!(clear, "{error}");
        assert!(path.exists(), "the evidence stays");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        refusal(&disk),
        StorageError::RejoinAsNewNode { purged_index: 7, .. }
    ));
    fs::write(&path, &sound).unwrap();
    assert_eq!(open(&disk).current(), Some(info));
}

#[tokio::test]
async fn an_unreadable_snapshot_that_the_log_can_replace_is_dropped() {
    let folder = TempDir::new().unwrap();
    let info = with_snapshot(folder.path(), None).await;
    fs::write(folder.path().join("snapshots").join(info.name()), b"rubbish").unwrap();
    let disk = open_disk(folder.path());
    assert_eq!(open(&disk).current(), None);
    drop(disk);
    assert_eq!(open(&open_disk(folder.path())).current(), None);
}

#[tokio::test]
async fn a_log_purged_beyond_every_snapshot_is_refused() {
    let folder = TempDir::new().unwrap();
    with_snapshot(folder.path(), Some(8)).await;
    let disk = open_disk(folder.path());
    let error = refusal(&disk);
    assert!(
        matches!(error, StorageError::RejoinAsNewNode { purged_index: 8, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("new node"), "{error}");
}

#[tokio::test]
async fn frames_do_not_open_in_another_place() {
    let folder = TempDir::new().unwrap();
    let info = with_snapshot(folder.path(), Some(7)).await;
    let disk = open_disk(folder.path());
    let path = disk.snapshot_folder().join(info.name());
    let reader = open(&disk).read_current().unwrap().unwrap();
    assert!(reader.chunks() > 5, "the test needs several frames");
    let sound = fs::read(&path).unwrap();
    let frame = |number: usize| {
        let at = |number: usize| reader.offset_of(number).unwrap_or(sound.len());
        sound[at(number)..at(number + 1)].to_vec()
    };
    let count = reader.chunks() as usize;
    let swapped = (0..count).map(|number| {
        frame(match number {
            1 => 2,
            2 => 1,
            other => other,
        })
    });
    let swapped = swapped.fold(sound[..12].to_vec(), |file, frame| [file, frame].concat());
    assert_eq!(swapped.len(), sound.len());
    fs::write(&path, &swapped).unwrap();
    let message = refusal(&disk).to_string();
    assert!(message.contains("does not belong"), "{message}");
    let without_last_rows = (0..count).filter(|number| *number != count - 2).map(frame);
    let shortened = without_last_rows.fold(sound[..12].to_vec(), |file, frame| [file, frame].concat());
    fs::write(&path, &shortened).unwrap();
    assert!(matches!(refusal(&disk), StorageError::RejoinAsNewNode { .. }));
}

#[tokio::test]
async fn a_snapshot_travels_to_a_peer_and_is_sealed_with_its_key() {
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    with_snapshot(folder.path(), None).await;
    let (disk, peer) = (open_disk(folder.path()), peer(other.path()));
    let mut reader = open(&disk).read_current().unwrap().unwrap();
    let store = open(&peer);
    let mut receiver = store.receive();
    while !receiver.is_complete() {
        let chunk = reader.chunk(receiver.next_chunk()).unwrap();
        assert_eq!(receiver.accept(&chunk).unwrap(), chunk.number + 1);
        assert_eq!(
            receiver.accept(&chunk).unwrap(),
            chunk.number + 1,
            "a repeated part changes nothing"
        );
    }
    let info = receiver.finish().unwrap();
    assert_eq!(
        (&info.last, &info.meta, info.state_hash),
        (&reader.info().last, &reader.info().meta, reader.info().state_hash)
    );
    assert_eq!(read(&store), rows(100));
    drop((store, peer));
    let peer = self::peer(other.path());
    assert_eq!(read(&open(&peer)), rows(100));
    let (here, there) = (
        &disk.snapshot_folder().join(reader.info().name()),
        &peer.snapshot_folder().join(info.name()),
    );
    assert_ne!(fs::read(here).unwrap()[12..], fs::read(there).unwrap()[12..]);
}

#[tokio::test]
async fn a_transfer_resumes_and_finds_damaged_and_early_parts() {
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    with_snapshot(folder.path(), None).await;
    let (disk, peer) = (open_disk(folder.path()), peer(other.path()));
    let mut reader = open(&disk).read_current().unwrap().unwrap();
    let store = open(&peer);
    let mut receiver = store.receive();
    assert_eq!(
        receiver.accept(&reader.chunk(3).unwrap()).unwrap(),
        0,
        "too early"
    );
    receiver.accept(&reader.chunk(0).unwrap()).unwrap();
    let mut damaged = reader.chunk(1).unwrap();
    damaged.bytes = damaged.bytes.iter().map(|byte| byte ^ 1).collect();
    assert!(matches!(
        receiver.accept(&damaged),
        Err(StorageError::Tampered(_))
    ));
    // The connection is lost here; the next one goes on where the receiver is.
    let mut reader = open(&disk).read_current().unwrap().unwrap();
    for number in receiver.next_chunk()..reader.chunks() {
        receiver.accept(&reader.chunk(number).unwrap()).unwrap();
    }
    receiver.finish().unwrap();
    assert_eq!(read(&store), rows(100));
}

#[tokio::test]
async fn an_incomplete_transfer_never_counts_and_leaves_nothing() {
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    with_snapshot(folder.path(), None).await;
    let (disk, peer) = (open_disk(folder.path()), peer(other.path()));
    let mut reader = open(&disk).read_current().unwrap().unwrap();
    let store = open(&peer);
    let mut receiver = store.receive();
    for number in 0..reader.chunks() - 1 {
        receiver.accept(&reader.chunk(number).unwrap()).unwrap();
    }
    assert_eq!(files(&peer).len(), 1);
    assert!(receiver.finish().is_err());
    assert_eq!(files(&peer), [""; 0]);
    assert_eq!(store.current(), None);
}

#[tokio::test]
async fn a_part_that_a_peer_left_out_is_found_by_the_state_hash() {
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    with_snapshot(folder.path(), None).await;
    let (disk, peer) = (open_disk(folder.path()), peer(other.path()));
    let mut reader = open(&disk).read_current().unwrap().unwrap();
    let store = open(&peer);
    let mut receiver = store.receive();
    let total = reader.chunks() - 1;
    let kept = (0..reader.chunks()).filter(|number| *number != 2);
    let outcomes: Vec<_> = kept
        .enumerate()
        .map(|(number, kept)| {
            let chunk = SnapshotChunk {
                number: number as u64,
                total,
                ..reader.chunk(kept).unwrap()
            };
            receiver.accept(&chunk)
        })
        .collect();
    assert!(matches!(outcomes.last(), Some(Err(StorageError::Corrupt(_)))));
    assert!(receiver.finish().is_err());
}

#[tokio::test]
async fn a_snapshot_of_another_region_is_refused() {
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    with_snapshot(folder.path(), None).await;
    let disk = open_disk(folder.path());
    let elsewhere = NodeIdentity {
        region: "eu-west-1".to_owned(),
        ..identity(2)
    };
    let elsewhere =
        DataFolder::open_or_format(other.path(), &elsewhere, &TestRootKey(9), log_options()).unwrap();
    let mut reader = open(&disk).read_current().unwrap().unwrap();
    let accepted = open(&elsewhere).receive().accept(&reader.chunk(0).unwrap());
    assert!(matches!(
        accepted,
        Err(StorageError::IdentityMismatch { what: "region", .. })
    ));
}

#[tokio::test]
async fn rows_are_not_readable_on_disk() {
    let folder = TempDir::new().unwrap();
    let info = with_snapshot(folder.path(), None).await;
    let file = fs::read(folder.path().join("snapshots").join(info.name())).unwrap();
    for canary in [b"row/1".as_slice(), b"members", &[9; 50]] {
        assert!(!file.windows(canary.len()).any(|window| window == canary));
    }
}
