//! Old copies of disks: found out, stopped and never started again; and what must never be taken for one.

use std::path::Path;

use kms_storage::StorageError;
use tokio::time::Duration;

use super::region::{TestRegion, create_key, in_seconds, open_disk, try_open_disk, until, write};
use crate::{RaftSettings, Role};

/// The boot count rises so fast that a test sees it.
fn fast() -> RaftSettings {
    RaftSettings {
        boot_count_interval_ms: 50,
        ..RaftSettings::default()
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A region of three in which the copy of a follower's disk lies in the place of the disk, which lived on for some
/// counts more. Gives the follower and the count that the disk had reached.
async fn region_with_an_old_copy() -> (TestRegion, u64, u64) {
    let mut region = TestRegion::of_with(3, fast()).await;
    let copied = region.follower().await;
    let (disk, copy) = (region.path(copied), region.folder.path().join("copy"));
    region.kill(copied).await;
    until("the folder can be copied", || copy_folder(&disk, &copy).ok()).await;
    let node = region.start(copied).await;
    let begun_at = node.status().boot_count;
    until("the true disk lives on", || {
        (node.status().boot_count >= begun_at + 3).then_some(())
    })
    .await;
    let applied = write(&node, &create_key(1)).await;
    region.converge(applied.log_index).await;
    let reached = node.status().boot_count;
    drop(node);
    region.kill(copied).await;
    until("the disk can be moved", || {
        std::fs::rename(&disk, region.folder.path().join("true")).ok()
    })
    .await;
    std::fs::rename(&copy, &disk).unwrap();
    (region, copied, reached)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_copy_of_a_disk_that_is_left_running_stops_and_never_starts_again() {
    let (mut region, copied, reached) = region_with_an_old_copy().await;
    let node = region.start(copied).await;
    let reason = tokio::time::timeout(Duration::from_secs(20), node.stopped()).await;
    let reason = reason.expect("the old copy stops by itself");
    assert!(reason.contains("old copy"), "{reason}");
    assert_eq!(node.status().role, Role::Stopped);
    assert!(node.status().boot_count < reached, "it passed the true disk");
    assert!(node.read(in_seconds(1)).await.is_err());
    assert!(node.propose(&create_key(2), in_seconds(1)).await.is_err());
    drop(node);
    region.kill(copied).await;
    // As often as its count would have needed to pass the true disk's.
    for _ in 0..=reached {
        let opened = try_open_disk(&region.path(copied), copied).await;
        assert!(matches!(opened, Err(StorageError::Superseded { .. })));
    }
    // The true disk is put back and is welcome, although its copy was here meanwhile.
    std::fs::remove_dir_all(region.path(copied)).unwrap();
    std::fs::rename(region.folder.path().join("true"), region.path(copied)).unwrap();
    let node = region.start(copied).await;
    let applied = write(&node, &create_key(3)).await;
    region.converge(applied.log_index).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_nobody_has_accepted_does_not_count_up() {
    let (mut region, copied, _) = region_with_an_old_copy().await;
    region.cut_off(copied);
    let node = region.start(copied).await;
    let before = node.status().boot_count;
    // Twenty intervals.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(node.status().boot_count, before);
    region.heal();
    let reason = tokio::time::timeout(Duration::from_secs(20), node.stopped()).await;
    assert!(reason.is_ok_and(|reason| reason.contains("old copy")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_true_disk_is_not_condemned_for_an_earlier_life_or_by_whoever_is_no_member() {
    let region = TestRegion::of(3).await;
    let (node, other) = (region.node(1), region.node(2));
    let (local, refuser) = (
        &node.inner_for_test().core.local,
        &other.inner_for_test().core.local,
    );
    let earlier = local.header(2);
    node.inner_for_test().raise_boot_count_for_test().await;
    let present = local.header(2);
    // What an earlier life of the same disk left behind comes back late.
    let late = refuser.life_refused(&earlier, present.boot_count);
    local.hear_refusal(2, refuser.store_id(), &late).await;
    // Said by a disk that membership does not name for the node.
    let seen = present.boot_count + 5;
    let word = refuser.life_refused(&present, seen);
    local.hear_refusal(2, kms_storage::StoreId([9; 16]), &word).await;
    // Said in the name of another node.
    local.hear_refusal(3, refuser.store_id(), &word).await;
    // Said by a disk that is itself an old copy.
    let mut old = word.clone();
    if let Some(header) = &mut old.header {
        header.boot_count = 0;
    }
    local.hear_refusal(2, refuser.store_id(), &old).await;
    // It proves nothing: the count is lower than this node's own.
    let lower = refuser.life_refused(&present, present.boot_count - 1);
    local.hear_refusal(2, refuser.store_id(), &lower).await;
    assert!(!local.is_superseded());
    write(&node, &create_key(1)).await;
    // The same word, by the right member, of the present life, counts.
    local.hear_refusal(2, refuser.store_id(), &word).await;
    assert!(local.is_superseded());
    assert!(node.stopped().await.contains("node 2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_down_is_accepted_with_its_higher_count() {
    let mut region = TestRegion::of_with(3, fast()).await;
    let away = region.follower().await;
    for _ in 0..3 {
        region.kill(away).await;
        drop(open_disk(&region.path(away), away).await);
        let node = region.start(away).await;
        let before = node.status().boot_count;
        until("its count rises: a peer has accepted it", || {
            (node.status().boot_count > before + 1).then_some(())
        })
        .await;
        assert_eq!(node.status().stopped, None);
    }
    let applied = write(&region.node(away), &create_key(1)).await;
    region.converge(applied.log_index).await;
}
