//! A node that fell behind the purged log is brought back by a snapshot.

use super::region::{TestRegion, create_key, in_seconds, pulse, until, write};
use crate::RaftSettings;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_for_longer_than_the_log_gets_a_snapshot() {
    let settings = RaftSettings {
        snapshot_every_entries: 30,
        keep_entries: 5,
        ..RaftSettings::default()
    };
    let mut region = TestRegion::of_with(3, settings).await;
    let leader = region.leader().await;
    let away = region.follower().await;
    region.kill(away).await;
    for number in 1..=150 {
        write(&region.node(leader), &create_key(number)).await;
    }
    let missed = region.node(leader).view().applied_index().unwrap() - 100;
    until("the leader's log is purged", || {
        (region.node(leader).status().purged_index >= Some(missed)).then_some(())
    })
    .await;
    region.start(away).await;
    let applied = write(&region.node(leader), &pulse(1)).await;
    region.converge(applied.log_index).await;
    let status = region.node(away).status();
    assert!(status.snapshot_index >= Some(missed), "{status:?}");
    // What was installed is what a restart finds.
    region.restart(away).await;
    let view = region.node(away).read(in_seconds(10)).await.unwrap();
    assert_eq!(view.state.key_count(), 150);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_on_demand_purges_the_log_behind_it() {
    let settings = RaftSettings {
        keep_entries: 5_000,
        ..RaftSettings::default()
    };
    let region = TestRegion::of_with(3, settings).await;
    let leader = region.leader().await;
    let mut written = 0;
    for number in 1..=20 {
        written = write(&region.node(leader), &create_key(number)).await.log_index;
    }
    region.converge(written).await;
    region
        .node(leader)
        .trigger_snapshot(in_seconds(10))
        .await
        .unwrap();
    let status = region.node(leader).status();
    assert!(status.snapshot_index >= Some(written), "{status:?}");
    assert!(status.purged_index >= Some(written), "{status:?}");
}
