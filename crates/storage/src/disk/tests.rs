use std::sync::Arc;

use prost::Message;
use tempfile::TempDir;

use super::*;
use crate::seal::RootKeyError;

/// A root key that seals under a fixed key, bound to purpose and additional data.
pub(crate) struct TestRootKey(pub(crate) u8);

impl TestRootKey {
    fn bound(purpose: &str, aad: &[u8]) -> Vec<u8> {
        crate::field::Fields::new(purpose).bytes(aad).finish()
    }

    fn sealer(&self) -> Sealer {
        Sealer::new(Zeroizing::new([self.0; 32]), 0)
    }
}

impl RootKey for TestRootKey {
    fn wrap(&self, purpose: &str, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        Ok(self.sealer().seal(&Self::bound(purpose, aad), plaintext))
    }

    fn unwrap(
        &self,
        purpose: &str,
        aad: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Box<[u8]>>, RootKeyError> {
        let opened = self
            .sealer()
            .open(&Self::bound(purpose, aad), wrapped, "storage key");
        opened
            .map(|key| Zeroizing::new(key.into()))
            .map_err(|error| RootKeyError(error.to_string()))
    }
}

pub(crate) fn identity(node_id: u64) -> NodeIdentity {
    NodeIdentity {
        cluster: "test".to_owned(),
        region: "us-east-1".to_owned(),
        node_id,
    }
}

/// Options whose failure does not end the test process.
pub(crate) fn options() -> LogOptions {
    LogOptions {
        fatal: Arc::new(|_| ()),
        ..LogOptions::default()
    }
}

pub(crate) fn open(path: &Path) -> DataFolder {
    DataFolder::open_or_format(path, &identity(1), &TestRootKey(9), options()).unwrap()
}

fn refusal(path: &Path, identity: &NodeIdentity, root_key: &TestRootKey) -> StorageError {
    match DataFolder::open_or_format(path, identity, root_key, options()) {
        Ok(_) => panic!("the folder must be refused"),
        Err(error) => error,
    }
}

fn presence(store: u8, boot_count: u64, nonce: u8) -> PeerPresence {
    PeerPresence {
        store_id: StoreId([store; 16]),
        boot_count,
        boot_nonce: [nonce; 16],
    }
}

#[test]
fn a_store_id_is_random_and_stays_with_its_disk() {
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store_id = open(one.path()).store_id();
    assert_eq!(open(one.path()).store_id(), store_id);
    assert_ne!(open(other.path()).store_id(), store_id);
    fs::remove_dir_all(one.path()).unwrap();
    assert_ne!(
        open(one.path()).store_id(),
        store_id,
        "an emptied disk is another disk"
    );
}

#[test]
fn a_folder_of_another_cluster_region_or_node_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()));
    let others = [
        (
            "cluster",
            NodeIdentity {
                cluster: "other".to_owned(),
                ..identity(1)
            },
        ),
        (
            "region",
            NodeIdentity {
                region: "eu-west-1".to_owned(),
                ..identity(1)
            },
        ),
        ("node", identity(2)),
    ];
    for (expected, other) in others {
        let error = refusal(folder.path(), &other, &TestRootKey(9));
        assert!(
            matches!(error, StorageError::IdentityMismatch { what, .. } if what == expected),
            "{error}"
        );
    }
}

#[test]
fn a_newer_data_format_is_refused_with_both_versions_named() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()));
    let database = table::open_database(&folder.path().join(LOG_FILE), 1 << 20).unwrap();
    format::write_clear(&database, "format", &(DATA_FORMAT_VERSION + 6).to_be_bytes()).unwrap();
    drop(database);
    let message = refusal(folder.path(), &identity(1), &TestRootKey(9)).to_string();
    assert!(
        message.contains(&format!("version {}", DATA_FORMAT_VERSION + 6)),
        "{message}"
    );
    assert!(
        message.contains(&format!("version {DATA_FORMAT_VERSION},")),
        "{message}"
    );
}

#[test]
fn a_wrong_root_key_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()));
    assert!(matches!(
        refusal(folder.path(), &identity(1), &TestRootKey(8)),
        StorageError::RootKey(_)
    ));
}

#[test]
fn an_edited_identity_does_not_unwrap_the_storage_key() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()));
    let database = table::open_database(&folder.path().join(LOG_FILE), 1 << 20).unwrap();
    let mut row = format::read_identity_row(&database).unwrap();
    row.region = "eu-west-1".to_owned();
    format::write_clear(&database, "identity", &row.encode_to_vec()).unwrap();
    drop(database);
    let moved = NodeIdentity {
        region: "eu-west-1".to_owned(),
        ..identity(1)
    };
    assert!(matches!(
        refusal(folder.path(), &moved, &TestRootKey(9)),
        StorageError::RootKey(_)
    ));
}

#[test]
fn a_folder_has_one_user_at_a_time() {
    let folder = TempDir::new().unwrap();
    let first = open(folder.path());
    assert!(matches!(
        refusal(folder.path(), &identity(1), &TestRootKey(9)),
        StorageError::Locked(_)
    ));
    drop(first);
    drop(open(folder.path()));
}

#[test]
fn an_unformatted_folder_is_not_opened_by_open() {
    let folder = TempDir::new().unwrap();
    let opened = DataFolder::open(folder.path(), &identity(1), &TestRootKey(9), options());
    assert!(matches!(opened.err(), Some(StorageError::NotFormatted(_))));
}

#[test]
fn a_crash_while_formatting_leaves_a_folder_that_can_be_formatted() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(NEW_LOG_FILE), b"half a database").unwrap();
    drop(open(folder.path()));
    assert!(!folder.path().join(NEW_LOG_FILE).exists());
}

#[test]
fn snapshots_without_a_log_are_not_formatted_over() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()));
    fs::remove_file(folder.path().join(LOG_FILE)).unwrap();
    fs::write(folder.path().join(SNAPSHOT_FOLDER).join("any"), b"x").unwrap();
    assert!(matches!(
        refusal(folder.path(), &identity(1), &TestRootKey(9)),
        StorageError::Corrupt(_)
    ));
}

#[test]
fn rubbish_in_the_log_file_is_a_clear_error_and_never_a_panic() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()));
    let file = folder.path().join(LOG_FILE);
    let sound = fs::read(&file).unwrap();
    let refused = |damaged: &[u8]| {
        fs::write(&file, damaged).unwrap();
        DataFolder::open_or_format(folder.path(), &identity(1), &TestRootKey(9), options()).is_err()
    };
    assert!(refused(&[0x5a; 100_000]), "rubbish from start to end");
    assert!(refused(&sound[..sound.len() / 2]), "half a file");
    assert!(refused(b"x"), "one byte");
    for start in (0..sound.len()).step_by(4096) {
        let mut damaged = sound.clone();
        let end = (start + 4096).min(damaged.len());
        damaged[start..end].fill(0xa5);
        // A page that no tree uses may be damaged without harm, so only a panic would fail here.
        refused(&damaged);
    }
}

#[test]
fn every_open_raises_the_boot_count_and_draws_a_nonce() {
    let folder = TempDir::new().unwrap();
    let first = open(folder.path()).boot();
    let second = open(folder.path()).boot();
    assert!(second.count > first.count);
    assert_ne!(second.nonce, first.nonce);
}

#[tokio::test]
async fn a_raised_boot_count_is_durable() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    let raised = disk.raise_boot_count().await.unwrap();
    assert_eq!(disk.boot(), raised);
    drop(disk);
    assert_eq!(open(folder.path()).boot().count, raised.count + 1);
}

#[tokio::test]
async fn a_superseded_folder_is_never_opened_again_and_says_how_to_go_on() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    disk.mark_superseded(3, "it has seen boot count 9".to_owned())
        .await
        .unwrap();
    drop(disk);
    for _ in 0..2 {
        let error = refusal(folder.path(), &identity(1), &TestRootKey(9));
        assert!(
            matches!(error, StorageError::Superseded { by_node: 3, .. }),
            "{error}"
        );
        let text = error.to_string();
        assert!(
            text.contains("boot count 9") && text.contains("rejoin as a new node"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_older_boot_of_a_peer_is_refused_also_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    disk.check_peer(2, presence(7, 5, 1), None).await.unwrap();
    disk.check_peer(2, presence(7, 5, 1), None).await.unwrap();
    disk.check_peer(2, presence(7, 6, 2), None).await.unwrap();
    drop(disk);
    let disk = open(folder.path());
    let refused = disk.check_peer(2, presence(7, 5, 1), None).await;
    assert!(matches!(
        refused,
        Err(PeerRefused::OlderBoot {
            highest: 6,
            found: 5,
            ..
        })
    ));
    disk.check_peer(2, presence(7, 6, 2), None).await.unwrap();
}

#[tokio::test]
async fn two_copies_of_a_peers_disk_are_not_both_answered() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    disk.check_peer(2, presence(7, 5, 1), None).await.unwrap();
    let refused = disk.check_peer(2, presence(7, 5, 99), None).await;
    assert!(matches!(refused, Err(PeerRefused::OtherNonce { count: 5, .. })));
}

#[tokio::test]
async fn a_peer_with_another_store_is_refused_unless_membership_names_it() {
    let folder = TempDir::new().unwrap();
    let disk = open(folder.path());
    disk.check_peer(2, presence(7, 5, 1), None).await.unwrap();
    let refused = disk.check_peer(2, presence(8, 9, 1), None).await;
    assert!(
        matches!(refused, Err(PeerRefused::OtherStore { .. })),
        "the first store met counts"
    );
    let refused = disk
        .check_peer(2, presence(8, 9, 1), Some(StoreId([7; 16])))
        .await;
    assert!(
        matches!(refused, Err(PeerRefused::OtherStore { .. })),
        "membership names the old store"
    );
    disk.check_peer(2, presence(8, 1, 1), Some(StoreId([8; 16])))
        .await
        .unwrap();
    let refused = disk.check_peer(2, presence(7, 50, 1), None).await;
    assert!(
        matches!(refused, Err(PeerRefused::OtherStore { .. })),
        "the old disk is gone for good"
    );
}

#[tokio::test]
async fn a_peer_that_cannot_be_remembered_is_not_answered() {
    let (log, disk) = crate::log::tests::log_on_test_disk(options());
    let peers = PeerTable::open(&log).unwrap();
    peers.check(&log, 2, presence(7, 5, 1), None).await.unwrap();
    disk.failing.store(true, std::sync::atomic::Ordering::SeqCst);
    for _ in 0..2 {
        let refused = peers.check(&log, 2, presence(7, 6, 1), None).await;
        assert!(matches!(refused, Err(PeerRefused::Storage { node_id: 2, .. })));
    }
    peers.check(&log, 2, presence(7, 5, 1), None).await.unwrap();
}

#[tokio::test]
async fn a_boot_count_that_is_not_durable_is_not_shown() {
    let (log, disk) = crate::log::tests::log_on_test_disk(options());
    let counter = BootCounter::open(&log).unwrap();
    let before = counter.current();
    disk.failing.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(counter.raise(&log).await.is_err());
    assert_eq!(counter.current(), before);
}
