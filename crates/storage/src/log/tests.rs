use std::fs;
use std::path::Path;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redb::ReadableTable;
use tempfile::TempDir;

use super::table::ENTRIES;
use super::*;
use crate::disk::DataFolder;
use crate::disk::tests::{TestRootKey, identity, open, options};

const ALL: usize = usize::MAX;

fn record(term: u64, index: u64, payload: &str) -> LogRecord {
    let log_id = Bytes::from(format!("{term}-{index}"));
    LogRecord {
        index,
        term,
        log_id,
        payload: Bytes::copy_from_slice(payload.as_bytes()),
    }
}

fn records(term: u64, range: Range<u64>) -> Vec<LogRecord> {
    range
        .map(|index| record(term, index, &format!("payload {term}/{index}")))
        .collect()
}

async fn append(log: &LogStore, records: Vec<LogRecord>) {
    let (done, waiting) = oneshot::channel();
    log.append(records, move |result| done.send(result).unwrap())
        .await
        .unwrap();
    waiting.await.unwrap().unwrap();
}

/// Copies the folder as a kill at this instant would leave it, while its owner still runs.
fn killed(folder: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    fs::copy(folder.join("log.redb"), copy.path().join("log.redb")).unwrap();
    copy
}

/// Writes into the closed file behind the store's back.
fn edit(folder: &Path, change: impl FnOnce(&mut redb::Table<'_, u64, &'static [u8]>)) {
    let database = table::open_database(&folder.join("log.redb"), 1 << 20).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&mut transaction.open_table(ENTRIES).unwrap());
    transaction.commit().unwrap();
}

/// What a test sees and steers of a disk in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestDisk {
    /// Whether syncs fail from now on.
    pub(crate) failing: Arc<AtomicBool>,
    syncs: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct TestBackend {
    memory: redb::backends::InMemoryBackend,
    disk: TestDisk,
}

impl redb::StorageBackend for TestBackend {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.syncs.fetch_add(1, Ordering::SeqCst);
        if self.disk.failing.load(Ordering::SeqCst) {
            return Err(io::Error::other("fsync failed"));
        }
        self.memory.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.memory.write(offset, data)
    }
}

/// An empty log on a disk in memory.
pub(crate) fn log_on_test_disk(options: LogOptions) -> (LogStore, TestDisk) {
    let disk = TestDisk::default();
    let memory = redb::backends::InMemoryBackend::new();
    let backend = TestBackend {
        memory,
        disk: disk.clone(),
    };
    let database = redb::Builder::new().create_with_backend(backend).unwrap();
    table::create_tables(&database).unwrap();
    let sealer = Arc::new(Sealer::new(zeroize::Zeroizing::new([1; 32]), 1));
    (
        LogStore::start(Arc::new(database), sealer, options).unwrap(),
        disk,
    )
}

#[test]
fn a_vote_is_shown_before_anybody_is_told_that_it_is_durable() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    let log = disk.log();
    let (told, shown) = std::sync::mpsc::channel();
    for number in 0..10 {
        let vote = Bytes::copy_from_slice(&[number]);
        let (told, seen) = (told.clone(), log.clone());
        // Runs on the writer's thread, in place of the answer.
        let done = Box::new(move |_| told.send(seen.vote()).unwrap());
        let saving = Operation::SaveVote {
            vote: vote.clone(),
            done,
        };
        log.enqueue(saving, |_| ()).unwrap();
        assert_eq!(shown.recv_timeout(Duration::from_secs(20)).unwrap(), Some(vote));
    }
}

#[tokio::test]
async fn what_was_flushed_is_there_after_a_reopen() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    append(disk.log(), records(1, 0..10)).await;
    disk.log().save_vote(Bytes::from_static(b"vote 7")).await.unwrap();
    disk.log()
        .save_committed(Some(Bytes::from_static(b"1-9")))
        .unwrap();
    drop(disk);
    let disk = open(folder.path());
    let log = disk.log();
    assert_eq!(log.read(0..100, ALL).await.unwrap(), records(1, 0..10));
    assert_eq!(log.vote().unwrap(), "vote 7");
    assert_eq!(log.committed().unwrap(), "1-9");
    assert_eq!(log.last(), Some(record(1, 9, "").mark()));
    assert_eq!(log.first_index(), Some(0));
    assert_eq!(log.flushed_index(), Some(9));
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    for index in 0..20 {
        append(disk.log(), records(1, index..index + 1)).await;
        let copy = killed(folder.path());
        let survivor = open(copy.path());
        assert_eq!(survivor.log().last().unwrap().index, index);
    }
}

#[tokio::test]
async fn entries_are_readable_before_they_are_durable_even_without_memory_to_spare() {
    let folder = TempDir::new().unwrap();
    let no_memory = LogOptions {
        recent_bytes_max: 0,
        ..options()
    };
    let disk = DataFolder::open_or_format(folder.path(), &identity(1), &TestRootKey(9), no_memory).unwrap();
    for index in 0..200 {
        disk.log()
            .append(records(1, index..index + 1), |_| ())
            .await
            .unwrap();
        let start = index.saturating_sub(20);
        let read = disk.log().read(start..index + 1, ALL).await.unwrap();
        assert_eq!(read, records(1, start..index + 1));
    }
}

#[tokio::test]
async fn callbacks_come_in_the_order_of_the_appends_and_after_the_sync() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    let log = disk.log().clone();
    let seen = Arc::new(StdMutex::new(Vec::new()));
    for index in 0..500 {
        let (seen, reader) = (Arc::clone(&seen), log.clone());
        let flushed = move |result: io::Result<()>| {
            result.unwrap();
            assert!(
                reader.flushed_index().unwrap() >= index,
                "told before it was durable"
            );
            seen.lock().unwrap().push(index);
        };
        log.append(records(1, index..index + 1), flushed).await.unwrap();
    }
    log.flush().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), (0..500).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_vote_is_durable_after_the_appends_before_it() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    disk.log().append(records(1, 0..5), |_| ()).await.unwrap();
    disk.log().save_vote(Bytes::from_static(b"v")).await.unwrap();
    let survivor = killed(folder.path());
    let survivor = open(survivor.path());
    assert_eq!(survivor.log().last().unwrap().index, 4);
    assert_eq!(survivor.log().vote().unwrap(), "v");
}

#[tokio::test]
async fn committed_causes_no_sync_of_its_own() {
    let (log, disk) = log_on_test_disk(options());
    append(&log, records(1, 0..1)).await;
    let before = disk.syncs.load(Ordering::SeqCst);
    append(&log, records(1, 1..2)).await;
    let of_one_append = disk.syncs.load(Ordering::SeqCst) - before;
    for _ in 0..1000 {
        log.save_committed(Some(Bytes::from_static(b"1-1"))).unwrap();
    }
    append(&log, records(1, 2..3)).await;
    assert_eq!(disk.syncs.load(Ordering::SeqCst) - before, 2 * of_one_append);
}

#[tokio::test]
async fn committed_is_durable_with_the_next_append() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    append(disk.log(), records(1, 0..2)).await;
    disk.log()
        .save_committed(Some(Bytes::from_static(b"1-1")))
        .unwrap();
    append(disk.log(), records(1, 2..3)).await;
    let survivor = killed(folder.path());
    assert_eq!(open(survivor.path()).log().committed().unwrap(), "1-1");
}

#[tokio::test]
async fn truncate_then_append_shows_only_the_new_entries() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    let log = disk.log();
    log.append(records(1, 0..10), |_| ()).await.unwrap();
    log.truncate_after(Some(record(1, 4, "").mark())).await.unwrap();
    assert_eq!(log.last().unwrap().index, 4);
    assert_eq!(log.flushed_index(), Some(4));
    append(log, records(2, 5..8)).await;
    let expected = [records(1, 0..5), records(2, 5..8)].concat();
    assert_eq!(log.read(0..100, ALL).await.unwrap(), expected);
    drop(disk);
    assert_eq!(
        open(folder.path()).log().read(0..100, ALL).await.unwrap(),
        expected
    );
}

#[tokio::test]
async fn truncating_everything_leaves_an_empty_log() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    append(disk.log(), records(1, 0..3)).await;
    disk.log().truncate_after(None).await.unwrap();
    assert_eq!(disk.log().last(), None);
    assert_eq!(disk.log().read(0..10, ALL).await.unwrap(), []);
    append(disk.log(), records(2, 0..1)).await;
    assert_eq!(disk.log().read(0..10, ALL).await.unwrap(), records(2, 0..1));
}

#[tokio::test]
async fn purged_entries_are_gone_and_the_purge_point_stays() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    append(disk.log(), records(1, 0..10)).await;
    disk.log().purge_upto(record(1, 6, "").mark()).unwrap();
    assert_eq!(disk.log().read(0..100, ALL).await.unwrap(), records(1, 7..10));
    drop(disk);
    let disk = open(folder.path());
    assert_eq!(disk.log().purged(), Some(record(1, 6, "").mark()));
    assert_eq!(disk.log().first_index(), Some(7));
    assert_eq!(disk.log().read(0..100, ALL).await.unwrap(), records(1, 7..10));
}

#[tokio::test]
async fn a_purge_beyond_the_log_moves_its_end_there() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    append(disk.log(), records(1, 0..3)).await;
    disk.log().purge_upto(record(4, 100, "").mark()).unwrap();
    assert_eq!(disk.log().last().unwrap().index, 100);
    append(disk.log(), records(4, 101..103)).await;
    drop(disk);
    let disk = open(folder.path());
    assert_eq!(disk.log().read(0..200, ALL).await.unwrap(), records(4, 101..103));
}

#[tokio::test]
async fn a_hole_in_the_log_is_refused() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    append(disk.log(), records(1, 0..3)).await;
    for start in [2, 4] {
        let refused = disk
            .log()
            .append(records(1, start..start + 1), |_| panic!("not to be called"))
            .await;
        assert!(matches!(
            refused,
            Err(StorageError::OutOfOrder { expected: 3, .. })
        ));
    }
}

#[tokio::test]
async fn a_read_is_bounded_in_bytes_and_never_empty() {
    let folder = TempDir::new().unwrap();
    let small_memory = LogOptions {
        recent_bytes_max: 2_000,
        ..options()
    };
    let disk =
        DataFolder::open_or_format(folder.path(), &identity(1), &TestRootKey(9), small_memory).unwrap();
    let big = "x".repeat(1_000);
    append(disk.log(), (0..20).map(|index| record(1, index, &big)).collect()).await;
    for start in 0..20 {
        assert_eq!(
            disk.log().read(start..20, 1).await.unwrap().len(),
            1,
            "from {start}"
        );
        let five = disk.log().read(start..20, 5_000).await.unwrap();
        assert_eq!(five.len() as u64, (20 - start).min(5), "from {start}");
        assert_eq!(five[0].index, start);
    }
    assert_eq!(disk.log().read(0..20, ALL).await.unwrap().len(), 20);
}

#[tokio::test]
async fn an_entry_above_the_limit_is_refused() {
    let folder = TempDir::new().unwrap();
    let small = LogOptions {
        entry_bytes_max: 10,
        ..options()
    };
    let disk = DataFolder::open_or_format(folder.path(), &identity(1), &TestRootKey(9), small).unwrap();
    let refused = disk.log().append(vec![record(1, 0, "eleven byte")], |_| ()).await;
    assert!(matches!(
        refused,
        Err(StorageError::TooLarge {
            bytes: 11,
            bytes_max: 10,
            ..
        })
    ));
}

#[tokio::test]
async fn a_full_queue_makes_append_wait_and_then_go_on() {
    let folder = TempDir::new().unwrap();
    let small = LogOptions {
        queue_bytes_max: 1,
        batch_operations_max: 1,
        ..options()
    };
    let disk = DataFolder::open_or_format(folder.path(), &identity(1), &TestRootKey(9), small).unwrap();
    let waiting = Arc::new(AtomicUsize::new(0));
    for index in 0..50 {
        let counter = Arc::clone(&waiting);
        counter.fetch_add(1, Ordering::SeqCst);
        let flushed = move |_| {
            counter.fetch_sub(1, Ordering::SeqCst);
        };
        disk.log()
            .append(records(1, index..index + 1), flushed)
            .await
            .unwrap();
        assert!(
            waiting.load(Ordering::SeqCst) <= 2,
            "more than the limit waits for the disk"
        );
    }
}

#[tokio::test]
async fn payloads_are_not_readable_on_disk() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    append(disk.log(), vec![record(1, 0, "canary-of-the-payload")]).await;
    disk.log()
        .save_vote(Bytes::from_static(b"canary-of-the-vote"))
        .await
        .unwrap();
    drop(disk);
    let file = fs::read(folder.path().join("log.redb")).unwrap();
    assert!(!file.windows(9).any(|window| window == b"canary-of"));
}

#[tokio::test]
async fn an_edited_entry_is_found() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    append(disk.log(), records(1, 0..3)).await;
    drop(disk);
    edit(folder.path(), |entries| {
        let mut value = entries.get(1).unwrap().unwrap().value().to_vec();
        *value.last_mut().unwrap() ^= 1;
        entries.insert(1, value.as_slice()).unwrap();
    });
    let disk = open(folder.path());
    assert!(matches!(
        disk.log().read(0..3, ALL).await,
        Err(StorageError::Tampered(_))
    ));
    assert_eq!(disk.log().read(0..1, ALL).await.unwrap(), records(1, 0..1));
}

#[tokio::test]
async fn an_entry_moved_to_another_index_or_term_is_found() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    append(disk.log(), records(1, 0..4)).await;
    drop(disk);
    edit(folder.path(), |entries| {
        let moved = entries.get(0).unwrap().unwrap().value().to_vec();
        entries.insert(1, moved.as_slice()).unwrap();
        let mut of_another_term = entries.get(2).unwrap().unwrap().value().to_vec();
        of_another_term[..8].copy_from_slice(&9u64.to_be_bytes());
        entries.insert(2, of_another_term.as_slice()).unwrap();
    });
    let disk = open(folder.path());
    for index in [1, 2] {
        let read = disk.log().read(index..index + 1, ALL).await;
        assert!(matches!(read, Err(StorageError::Tampered(_))), "entry {index}");
    }
}

#[tokio::test]
async fn a_missing_entry_is_a_clear_refusal_to_open() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    append(disk.log(), records(1, 0..4)).await;
    drop(disk);
    edit(folder.path(), |entries| drop(entries.remove(2).unwrap()));
    let opened = DataFolder::open(folder.path(), &identity(1), &TestRootKey(9), options());
    assert!(matches!(opened.err(), Some(StorageError::Corrupt(_))));
}

#[tokio::test]
async fn a_failed_sync_poisons_everything_and_acknowledges_nothing() {
    let fatal_calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&fatal_calls);
    let fatal: FatalHook = Arc::new(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let (log, disk) = log_on_test_disk(LogOptions { fatal, ..options() });
    append(&log, records(1, 0..1)).await;
    disk.failing.store(true, Ordering::SeqCst);
    let (told, outcome) = oneshot::channel();
    log.append(records(1, 1..2), move |result| told.send(result).unwrap())
        .await
        .unwrap();
    assert!(outcome.await.unwrap().is_err());
    assert_eq!(fatal_calls.load(Ordering::SeqCst), 1);
    disk.failing.store(false, Ordering::SeqCst);
    let vote = log.save_vote(Bytes::new()).await;
    assert!(matches!(vote, Err(StorageError::Poisoned(_))), "no retry");
    let appended = log.append(records(1, 2..3), |_| ()).await;
    assert!(matches!(appended, Err(StorageError::Poisoned(_))));
    assert_eq!(log.flushed_index(), Some(0));
}

#[tokio::test]
async fn a_callback_may_hold_the_last_handle() {
    let folder = TempDir::new().unwrap();
    let log = open(folder.path()).log().clone();
    let (told, outcome) = oneshot::channel();
    let last = log.clone();
    let flushed = move |result: io::Result<()>| {
        drop(last);
        told.send(result).unwrap();
    };
    log.append(records(1, 0..1), flushed).await.unwrap();
    drop(log);
    outcome.await.unwrap().unwrap();
}

/// A floor far below what the hardware gives, so that a lost group commit is noticed and a busy
/// machine is not.
#[tokio::test]
async fn appends_that_wait_together_share_a_sync() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    let started = Instant::now();
    for index in 0..5_000 {
        disk.log()
            .append(records(1, index..index + 1), |_| ())
            .await
            .unwrap();
    }
    disk.log().flush().await.unwrap();
    let per_second = 5_000.0 / started.elapsed().as_secs_f64();
    assert!(per_second > 2_000.0, "{per_second:.0} records/s");
}
