//! openraft's own conformance suite, over the real log and the real state machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use kms_storage::{DataFolder, ImageOptions, SnapshotOptions, SnapshotStore};
use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use tokio::sync::mpsc;

use super::region::open_disk;
use crate::log_store::RaftLog;
use crate::state_machine::{EffectSender, ImageFeed, StateMachine, blocking, recover};
use crate::type_config::TypeConfig;

struct Disks {
    folder: tempfile::TempDir,
    count: AtomicU64,
}

impl StoreBuilder<TypeConfig, RaftLog, StateMachine, Arc<DataFolder>> for Disks {
    async fn build(&self) -> Result<(Arc<DataFolder>, RaftLog, StateMachine), StorageError<TypeConfig>> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let disk = open_disk(&self.folder.path().join(number.to_string()), 1).await;
        let opening = Arc::clone(&disk);
        let opened = blocking(move || {
            let snapshots = SnapshotStore::open(&opening, SnapshotOptions::default())?;
            let recovered = recover(&opening, &snapshots, ImageOptions::default())?;
            Ok((snapshots, recovered))
        });
        let (snapshots, (recovered, image)) = opened.await.unwrap();
        let feed = ImageFeed::new(image, &recovered.membership);
        let effects = EffectSender::new(mpsc::channel(1).0, Arc::new(AtomicBool::new(false)));
        let machine = StateMachine::new(recovered, snapshots, feed, effects);
        let log = RaftLog::new(disk.log().clone(), 1 << 20);
        Ok((disk, log, machine))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_and_state_machine_conform_to_what_openraft_expects() {
    let disks = Disks {
        folder: tempfile::tempdir().unwrap(),
        count: AtomicU64::new(0),
    };
    Suite::test_all(disks).await.unwrap();
}
