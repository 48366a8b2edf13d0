use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::disk::tests::open as open_disk;
use crate::log::LogRecord;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// A state machine that only knows rows: the applied state as the layer above would hold it.
struct Model {
    rows: Rows,
    hash: StateHash,
}

fn options() -> ImageOptions {
    ImageOptions {
        gather_ms: 5,
        rebuild_interval_ms_min: 0,
        ..ImageOptions::default()
    }
}

fn record(index: u64) -> LogRecord {
    LogRecord {
        index,
        term: 1,
        log_id: Bytes::from(format!("1-{index}")),
        payload: Bytes::from_static(b"p"),
    }
}

fn meta(index: u64, state_hash: StateHash) -> ImageMeta {
    ImageMeta {
        applied: record(index).mark(),
        membership: Bytes::from_static(b"members"),
        state_hash,
    }
}

impl Model {
    fn new() -> Self {
        Self {
            rows: Rows::new(),
            hash: StateHash::default(),
        }
    }

    /// Applies the entry `index`: rows come, change and go.
    fn apply(&mut self, index: u64) -> ImageBatch {
        let mut changes = Vec::new();
        for (key, value) in [
            (format!("key/{}", index % 7), Some(format!("value {index}"))),
            (
                format!("gone/{}", index % 3),
                index.is_multiple_of(2).then(|| format!("short {index}")),
            ),
        ] {
            let old = self.rows.get(key.as_bytes()).cloned();
            self.hash.apply(
                key.as_bytes(),
                old.as_deref(),
                value.as_ref().map(String::as_bytes),
            );
            match &value {
                Some(value) => self
                    .rows
                    .insert(key.clone().into_bytes(), value.clone().into_bytes()),
                None => self.rows.remove(key.as_bytes()),
            };
            changes.push((Bytes::from(key), value.map(Bytes::from)));
        }
        ImageBatch {
            changes,
            meta: meta(index, self.hash),
        }
    }

    fn image_rows(&self) -> ImageRows {
        let rows = self.rows.clone().into_iter();
        Box::new(rows.map(|(key, value)| (Bytes::from(key), Bytes::from(value))))
    }
}

fn open(disk: &DataFolder, snapshot: Option<&LogMark>) -> (ImageStore, ImageOutcome, Rows) {
    let mut rows = Rows::new();
    let (image, outcome) = ImageStore::open(disk, snapshot, options(), &mut |key, value| {
        rows.insert(key.to_vec(), value.to_vec());
        Ok(())
    });
    (image, outcome, rows)
}

async fn append(disk: &DataFolder, range: std::ops::Range<u64>) {
    disk.log()
        .append(range.map(record).collect(), |_| ())
        .await
        .unwrap();
    disk.log().flush().await.unwrap();
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A folder with a log of 20 entries and an image of all of them; the model is what it holds.
async fn written(folder: &Path) -> Model {
    let disk = open_disk(folder);
    append(&disk, 0..20).await;
    let (image, outcome, _) = open(&disk, None);
    assert!(
        matches!(outcome, ImageOutcome::Rebuild { .. }),
        "there was none before"
    );
    assert!(image.needs_rebuild());
    let mut model = Model::new();
    model.apply(0);
    image.rebuild(model.image_rows(), meta(0, model.hash));
    for index in 1..20 {
        image.persist(model.apply(index));
    }
    wait_until("the image is written", || image.persisted_index() == Some(19));
    model
}

fn assert_rebuild(folder: &Path, snapshot: Option<&LogMark>, word: &str) {
    let disk = open_disk(folder);
    let (image, outcome, _) = open(&disk, snapshot);
    match outcome {
        ImageOutcome::Rebuild { reason } => assert!(reason.contains(word), "{reason}"),
        ImageOutcome::Usable(_) => panic!("must be rebuilt: {word}"),
    }
    assert!(image.needs_rebuild());
}

#[tokio::test]
async fn a_written_image_gives_back_the_same_rows_and_hash() {
    let folder = TempDir::new().unwrap();
    let model = written(folder.path()).await;
    let disk = open_disk(folder.path());
    let (image, outcome, rows) = open(&disk, None);
    assert_eq!(outcome, ImageOutcome::Usable(meta(19, model.hash)));
    assert_eq!(rows, model.rows);
    assert!(!image.needs_rebuild());
}

#[tokio::test]
async fn an_image_is_followed_after_a_reopen() {
    let folder = TempDir::new().unwrap();
    let mut model = written(folder.path()).await;
    let disk = open_disk(folder.path());
    append(&disk, 20..40).await;
    let (image, _, _) = open(&disk, None);
    for index in 20..40 {
        image.persist(model.apply(index));
    }
    drop(image);
    let (_image, outcome, rows) = open(&disk, None);
    assert_eq!(
        outcome,
        ImageOutcome::Usable(meta(39, model.hash)),
        "closing writes what is queued"
    );
    assert_eq!(rows, model.rows);
}

#[tokio::test]
async fn only_entries_that_are_flushed_reach_the_image() {
    let folder = TempDir::new().unwrap();
    let mut model = written(folder.path()).await;
    let disk = open_disk(folder.path());
    let (image, _, _) = open(&disk, None);
    image.persist(model.apply(20));
    drop(image);
    let (_image, outcome, _) = open(&disk, None);
    assert!(
        matches!(outcome, ImageOutcome::Usable(ref meta) if meta.applied.index == 19),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_deleted_image_is_rebuilt() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    fs::remove_dir_all(folder.path().join("image")).unwrap();
    assert_rebuild(folder.path(), None, "empty");
}

#[tokio::test]
async fn rubbish_in_the_image_is_wiped_and_rebuilt_and_never_a_panic() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    let files: Vec<_> = fs::read_dir(folder.path().join("image"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() >= 2, "sled has files: {files:?}");
    for file in files.iter().filter(|file| file.is_file()) {
        let length = fs::read(file).unwrap().len();
        fs::write(file, vec![0xa5; length.max(100)]).unwrap();
    }
    assert_rebuild(folder.path(), None, "");
    let disk = open_disk(folder.path());
    let (image, _, _) = open(&disk, None);
    let mut model = Model::new();
    model.apply(0);
    image.rebuild(model.image_rows(), meta(0, model.hash));
    wait_until("the image is written again", || {
        image.persisted_index() == Some(0)
    });
}

#[tokio::test]
async fn a_torn_image_is_used_only_if_it_is_whole() {
    let folder = TempDir::new().unwrap();
    let model = written(folder.path()).await;
    let file = folder.path().join("image").join("db");
    let sound = fs::read(&file).unwrap();
    let used = sound.iter().rposition(|byte| *byte != 0).unwrap();
    for part in 1..8 {
        let mut torn = sound.clone();
        torn.truncate(used * part / 8);
        fs::write(&file, &torn).unwrap();
        let disk = open_disk(folder.path());
        let (image, outcome, rows) = open(&disk, None);
        if let ImageOutcome::Usable(found) = outcome {
            let mut hash = StateHash::default();
            rows.iter()
                .for_each(|(key, value)| hash.apply(key, None, Some(value)));
            assert_eq!(hash, found.state_hash, "a torn image was believed");
            assert!(found.applied.index < 19 || rows == model.rows);
        }
        drop(image);
    }
}

#[tokio::test]
async fn a_file_where_the_image_should_be_is_replaced() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    let disk = open_disk(folder.path());
    fs::remove_dir_all(disk.image_folder()).unwrap();
    fs::write(disk.image_folder(), b"no folder").unwrap();
    let (image, outcome, _) = open(&disk, None);
    assert!(matches!(outcome, ImageOutcome::Rebuild { .. }));
    assert!(image.needs_rebuild(), "there is an image again");
}

#[tokio::test]
async fn an_image_behind_the_snapshot_is_rebuilt() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    assert_rebuild(folder.path(), Some(&record(25).mark()), "behind the snapshot");
}

#[tokio::test]
async fn an_image_ahead_of_the_log_is_rebuilt() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    let disk = open_disk(folder.path());
    disk.log().truncate_after(Some(record(10).mark())).await.unwrap();
    drop(disk);
    assert_rebuild(folder.path(), None, "ahead of the log");
}

#[tokio::test]
async fn an_image_of_another_history_is_rebuilt() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    let disk = open_disk(folder.path());
    disk.log().truncate_after(Some(record(10).mark())).await.unwrap();
    let other = (11..20).map(|index| LogRecord {
        term: 2,
        log_id: Bytes::from(format!("2-{index}")),
        ..record(index)
    });
    disk.log().append(other.collect(), |_| ()).await.unwrap();
    disk.log().flush().await.unwrap();
    drop(disk);
    assert_rebuild(folder.path(), None, "another entry");
}

#[tokio::test]
async fn an_image_at_the_snapshot_needs_its_log_id() {
    let folder = TempDir::new().unwrap();
    let model = written(folder.path()).await;
    let disk = open_disk(folder.path());
    let (image, outcome, _) = open(&disk, Some(&record(19).mark()));
    assert_eq!(outcome, ImageOutcome::Usable(meta(19, model.hash)));
    drop(image);
    drop(disk);
    let other = LogMark {
        term: 9,
        ..record(19).mark()
    };
    assert_rebuild(folder.path(), Some(&other), "another entry");
}

#[tokio::test]
async fn a_missing_or_stale_row_is_found_by_the_state_hash() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    let disk = open_disk(folder.path());
    let database = sled::open(disk.image_folder()).unwrap();
    let victim = database
        .iter()
        .keys()
        .map(Result::unwrap)
        .find(|name| name.len() == 32)
        .unwrap();
    database.remove(victim).unwrap();
    drop(database);
    drop(disk);
    assert_rebuild(folder.path(), None, "hash");
}

#[tokio::test]
async fn a_row_moved_to_another_name_is_found() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    let disk = open_disk(folder.path());
    let database = sled::open(disk.image_folder()).unwrap();
    let names: Vec<_> = database
        .iter()
        .keys()
        .map(Result::unwrap)
        .filter(|name| name.len() == 32)
        .collect();
    let (first, second) = (
        database.get(&names[0]).unwrap().unwrap(),
        database.get(&names[1]).unwrap().unwrap(),
    );
    database.insert(&names[0], second).unwrap();
    database.insert(&names[1], first).unwrap();
    drop(database);
    drop(disk);
    assert_rebuild(folder.path(), None, "does not belong");
}

#[tokio::test]
async fn an_unfinished_rebuild_is_not_used() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    let disk = open_disk(folder.path());
    let (image, _, _) = open(&disk, None);
    // The log entry is not durable, so the rebuild never completes before the node goes down.
    image.rebuild(Box::new(std::iter::empty()), meta(999, StateHash::default()));
    drop(image);
    let (_image, outcome, _) = open(&disk, None);
    assert!(
        matches!(outcome, ImageOutcome::Usable(ref meta) if meta.applied.index == 19),
        "not begun: {outcome:?}"
    );
}

#[tokio::test]
async fn an_image_that_cannot_keep_up_asks_for_a_rebuild_and_never_blocks() {
    let folder = TempDir::new().unwrap();
    let mut model = written(folder.path()).await;
    let disk = open_disk(folder.path());
    let small = ImageOptions {
        queue_bytes_max: 2_000,
        ..options()
    };
    let (image, _) = ImageStore::open(&disk, None, small, &mut |_, _| Ok(()));
    // None of these entries is flushed, so the queue can only grow.
    for index in 20..200 {
        image.persist(model.apply(index));
    }
    assert!(image.needs_rebuild());
    append(&disk, 20..201).await;
    image.rebuild(model.image_rows(), meta(199, model.hash));
    image.persist(model.apply(200));
    wait_until("the image has caught up", || image.persisted_index() == Some(200));
    drop(image);
    let (_image, outcome, rows) = open(&disk, None);
    assert_eq!(outcome, ImageOutcome::Usable(meta(200, model.hash)));
    assert_eq!(rows, model.rows);
}

#[tokio::test]
async fn a_row_that_does_not_decode_makes_the_image_unusable() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    let disk = open_disk(folder.path());
    let (_image, outcome) = ImageStore::open(&disk, None, options(), &mut |_, _| {
        Err("unknown row kind".to_owned())
    });
    assert_eq!(
        outcome,
        ImageOutcome::Rebuild {
            reason: "unknown row kind".to_owned()
        }
    );
}

#[tokio::test]
async fn a_row_above_the_limit_turns_the_image_off_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let mut model = written(folder.path()).await;
    let disk = open_disk(folder.path());
    append(&disk, 20..22).await;
    let (image, _, _) = open(&disk, None);
    let mut batch = model.apply(20);
    batch
        .changes
        .push((Bytes::from_static(b"big"), Some(Bytes::from(vec![0; 91 << 10]))));
    image.persist(batch);
    assert!(!image.needs_rebuild());
    image.persist(model.apply(21));
    drop(image);
    let (_image, outcome, _) = open(&disk, None);
    assert!(
        matches!(outcome, ImageOutcome::Usable(ref meta) if meta.applied.index == 19),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn neither_keys_nor_values_are_readable_on_disk() {
    let folder = TempDir::new().unwrap();
    written(folder.path()).await;
    for entry in fs::read_dir(folder.path().join("image")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = fs::read(&path) else { continue };
        for canary in [b"key/".as_slice(), b"value ", b"members"] {
            let found = bytes.windows(canary.len()).any(|window| window == canary);
            assert!(!found, "{} tells {canary:?}", path.display());
        }
    }
}
