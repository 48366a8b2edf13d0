//! Another leader within two seconds, and nothing acknowledged is lost.

use std::time::Duration;

use tokio::time::Instant;

use super::region::{TestRegion, create_key, in_seconds, key_name, pulse, until, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_leader_dies_the_others_write_again_within_two_seconds_and_keep_everything() {
    let mut region = TestRegion::of(3).await;
    for round in 1..=2u64 {
        let leader = region.leader().await;
        let survivor = *region.running.keys().find(|id| **id != leader).unwrap();
        write(&region.node(survivor), &create_key(round)).await;
        region.kill(leader).await;
        let begun = Instant::now();
        write(&region.node(survivor), &pulse(round)).await;
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(2), "writes came back after {took:?}");
        let view = region.node(survivor).read(in_seconds(5)).await.unwrap();
        assert!(view.state.key(&key_name(round)).is_some());
        region.start(leader).await;
        region
            .converge(write(&region.node(survivor), &pulse(100 + round)).await.log_index)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_shuts_down_hands_over_first() {
    let mut region = TestRegion::of(3).await;
    let leader = region.leader().await;
    let survivor = *region.running.keys().find(|id| **id != leader).unwrap();
    region.node(leader).shutdown().await;
    let begun = Instant::now();
    write(&region.node(survivor), &pulse(1)).await;
    // Without the hand-over the others would have to wait for the lease.
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "took {:?}",
        begun.elapsed()
    );
    region.running.remove(&leader);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lead_moves_to_the_node_that_is_named() {
    let region = TestRegion::of(3).await;
    let leader = region.leader().await;
    let to = region.follower().await;
    region
        .node(leader)
        .transfer_leader(to, in_seconds(10))
        .await
        .unwrap();
    until("the named node leads", || {
        region.node(to).is_leader().then_some(())
    })
    .await;
    write(&region.node(leader), &pulse(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_cut_off_does_not_depose_the_leader_when_it_comes_back() {
    let region = TestRegion::of(3).await;
    let leader = region.leader().await;
    let away = region.follower().await;
    let term = region.node(leader).status().term;
    region.cut_off(away);
    // Long enough for several elections, were they not held back by pre-votes.
    let end = Instant::now() + Duration::from_secs(3);
    let mut time = 0;
    while Instant::now() < end {
        time += 1;
        write(&region.node(leader), &pulse(time)).await;
    }
    region.heal();
    let applied = write(&region.node(leader), &pulse(time + 1)).await;
    region.converge(applied.log_index).await;
    assert_eq!(region.node(leader).status().term, term);
    assert!(region.node(leader).is_leader());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_knows_when_the_region_has_lost_its_quorum_and_when_it_has_it_again() {
    for the_leader_stays in [true, false] {
        let mut region = TestRegion::of(3).await;
        let leader = region.leader().await;
        let rest = region.follower().await;
        let third = (1..=3).find(|id| *id != leader && *id != rest).unwrap();
        let (stays, goes) = if the_leader_stays {
            (leader, rest)
        } else {
            (rest, leader)
        };
        let node = region.node(stays);
        assert!(node.hears_quorum());
        // With one node down there is a quorum, and stays one for longer than silence is borne.
        region.kill(third).await;
        let silence_borne = Duration::from_millis(region.settings.election_ms_max) * 6;
        let until_then = Instant::now() + silence_borne;
        while Instant::now() < until_then {
            assert!(node.hears_quorum());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        region.kill(goes).await;
        until("the quorum is missed", || (!node.hears_quorum()).then_some(())).await;
        region.start(goes).await;
        until("the quorum is back", || node.hears_quorum().then_some(())).await;
    }
}
