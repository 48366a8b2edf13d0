//! Starting again: from image, snapshot and log, always with the same state hash.

use std::time::Duration;

use super::region::{TestRegion, create_key, in_seconds, pulse, until, write};
use crate::RaftSettings;
use crate::type_config::ProposalBytes;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_that_was_killed_as_a_whole_comes_back_with_everything() {
    let mut region = TestRegion::of(3).await;
    let mut last = 0;
    for number in 1..=30 {
        last = write(&region.node(1 + number % 3), &create_key(number))
            .await
            .log_index;
    }
    region.converge(last).await;
    let hash = region.node(1).view().hash;
    for node_id in 1..=3 {
        region.kill(node_id).await;
    }
    for node_id in 1..=3 {
        region.start(node_id).await;
    }
    for node_id in 1..=3 {
        region
            .node(node_id)
            .wait_for_recovery(in_seconds(10))
            .await
            .unwrap();
        let view = region.node(node_id).read(in_seconds(10)).await.unwrap();
        assert_eq!(view.state.key_count(), 30);
        assert_eq!(view.hash, hash);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_image_is_gone_or_rubbish_has_the_same_state() {
    let mut region = TestRegion::of(1).await;
    for number in 1..=20 {
        write(&region.node(1), &create_key(number)).await;
    }
    region.node(1).trigger_snapshot(in_seconds(10)).await.unwrap();
    for number in 21..=25 {
        write(&region.node(1), &create_key(number)).await;
    }
    let before = region.node(1).view();
    for damage in ["gone", "rubbish"] {
        region.kill(1).await;
        let image = region.path(1).join("image");
        // The node's threads let go of the folder a little after the node has ended.
        until("the image can be removed", || {
            std::fs::remove_dir_all(&image).ok()
        })
        .await;
        std::fs::create_dir(&image).unwrap();
        if damage == "rubbish" {
            std::fs::write(image.join("db"), [0x5a; 10_000]).unwrap();
            std::fs::write(image.join("conf"), b"nonsense").unwrap();
        }
        region.start(1).await;
        let view = region.node(1).read(in_seconds(10)).await.unwrap();
        assert_eq!(view.state.key_count(), 25, "image {damage}");
        assert_eq!(view.hash, before.hash, "image {damage}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_snapshot_and_purge_a_restarted_node_has_the_same_state() {
    let settings = RaftSettings {
        snapshot_every_entries: 20,
        keep_entries: 5,
        ..RaftSettings::default()
    };
    let mut region = TestRegion::of_with(1, settings).await;
    for number in 1..=100 {
        write(&region.node(1), &create_key(number)).await;
    }
    let purged = until("the log is purged", || region.node(1).status().purged_index).await;
    assert!(region.node(1).status().snapshot_index >= Some(purged));
    let before = region.node(1).view();
    region.restart(1).await;
    let view = region.node(1).read(in_seconds(10)).await.unwrap();
    assert_eq!(view.state.key_count(), 100);
    assert_eq!(view.hash, before.hash);
    write(&region.node(1), &pulse(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_after_another_is_restarted_and_none_is_missed() {
    let mut region = TestRegion::of(3).await;
    for node_id in 1..=3u64 {
        region.restart(node_id).await;
        let applied = write(&region.node(node_id), &create_key(node_id)).await;
        region.converge(applied.log_index).await;
    }
    assert_eq!(region.node(1).view().state.key_count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_stops_at_an_entry_that_it_does_not_understand() {
    let region = TestRegion::of(1).await;
    let node = region.node(1);
    let before = node.view();
    let unknown = ProposalBytes(vec![0xff; 10].into());
    let written = node.inner_for_test().core.raft.client_write(unknown).await;
    assert!(written.is_err());
    let reason = tokio::time::timeout(Duration::from_secs(10), node.stopped())
        .await
        .unwrap();
    assert!(reason.contains("cannot be applied"), "{reason}");
    assert_eq!(node.view().hash, before.hash);
    let refused = node.propose(&pulse(1), in_seconds(1)).await;
    assert!(refused.is_err(), "{refused:?}");
}
