//! Learner first, then voter; removed is removed.

use super::region::{TestRegion, bootstrap_proposal, create_key, in_seconds, pulse, until, write};
use crate::{BootstrapError, MembershipError, NewNode, Role, StoreId};

async fn add(region: &TestRegion, node_id: u64) -> Result<(), MembershipError> {
    let leader = region.node(region.leader().await);
    let new = NewNode {
        node_id,
        address: region.address(node_id),
        store_id: None,
    };
    leader.add_node(&new, in_seconds(15)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_added_catches_up_and_votes() {
    let mut region = TestRegion::of(1).await;
    write(&region.node(1), &create_key(1)).await;
    for node_id in 2..=3 {
        region.start(node_id).await;
        add(&region, node_id).await.unwrap();
    }
    let applied = write(&region.node(3), &create_key(2)).await;
    region.converge(applied.log_index).await;
    let status = region.node(1).status();
    assert!(status.members.iter().all(|member| member.voter), "{status:?}");
    // Two of three are a quorum only if the new ones vote.
    region.kill(1).await;
    write(&region.node(2), &pulse(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_node_is_refused_by_the_others() {
    let mut region = TestRegion::of(3).await;
    let leader = region.leader().await;
    let gone = region.follower().await;
    region
        .node(leader)
        .remove_node(gone, in_seconds(10))
        .await
        .unwrap();
    let applied = write(&region.node(leader), &create_key(1)).await;
    let refused = region.node(gone).propose(&create_key(2), in_seconds(2)).await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(region.node(gone).read(in_seconds(1)).await.is_err());
    let view = region.node(leader).read(in_seconds(5)).await.unwrap();
    assert_eq!(view.state.key_count(), 1);
    assert!(view.applied_index() >= Some(applied.log_index));
    region.kill(gone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_removed_gives_up_the_lead() {
    let region = TestRegion::of(3).await;
    let leader = region.leader().await;
    region
        .node(leader)
        .remove_node(leader, in_seconds(10))
        .await
        .unwrap();
    let others: Vec<u64> = (1..=3).filter(|id| *id != leader).collect();
    until("another node leads", || {
        others.iter().find(|id| region.node(**id).is_leader())
    })
    .await;
    write(&region.node(others[0]), &pulse(1)).await;
    assert_ne!(region.node(leader).status().role, Role::Leader);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_make_no_sense_are_refused() {
    let mut region = TestRegion::of(1).await;
    let node = region.node(1);
    let deadline = in_seconds(5);
    assert!(matches!(
        node.remove_node(1, deadline).await,
        Err(MembershipError::Refused(_))
    ));
    assert!(matches!(
        node.remove_node(9, deadline).await,
        Err(MembershipError::Refused(_))
    ));
    assert!(matches!(
        node.transfer_leader(9, deadline).await,
        Err(MembershipError::Refused(_))
    ));
    region.start(2).await;
    let wrong = NewNode {
        node_id: 2,
        address: region.address(2),
        store_id: Some(StoreId([9; 16])),
    };
    assert!(matches!(
        node.add_node(&wrong, deadline).await,
        Err(MembershipError::Refused(_))
    ));
    add(&region, 2).await.unwrap();
    let follower = region.node(region.follower().await);
    let refused = follower.remove_node(1, deadline).await;
    assert!(
        matches!(refused, Err(MembershipError::NotLeader { leader: Some(_) })),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_id_that_was_used_with_another_disk_is_never_added_again() {
    let mut region = TestRegion::of(3).await;
    let leader = region.leader().await;
    let gone = region.follower().await;
    region
        .node(leader)
        .remove_node(gone, in_seconds(10))
        .await
        .unwrap();
    region.kill(gone).await;
    std::fs::remove_dir_all(region.path(gone)).unwrap();
    region.start(gone).await;
    let refused = add(&region, gone).await;
    assert!(
        matches!(refused, Err(MembershipError::Unreachable(_))),
        "{refused:?}"
    );
    assert!(
        !region
            .node(leader)
            .status()
            .members
            .iter()
            .any(|member| member.node_id == gone)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_follows_a_leader_that_joined_meanwhile() {
    let mut region = TestRegion::of(3).await;
    let away = region.follower().await;
    region.kill(away).await;
    region.start(4).await;
    add(&region, 4).await.unwrap();
    let leader = region.leader().await;
    region
        .node(leader)
        .transfer_leader(4, in_seconds(10))
        .await
        .unwrap();
    region.start(away).await;
    let applied = write(&region.node(4), &create_key(1)).await;
    region.converge(applied.log_index).await;
    assert!(region.node(4).is_leader());
}

/// Waits until the leader has not heard `dead` for longer than its lease.
async fn until_silent(region: &TestRegion, leader: u64, dead: u64) {
    let lease_ms = region.settings.election_ms_max;
    until("the leader misses the dead node", || {
        let status = region.node(leader).status();
        let member = status.members.into_iter().find(|m| m.node_id == dead)?;
        member.last_heard_ms.is_none_or(|ms| ms > lease_ms).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_is_not_removed_where_the_rest_would_have_no_majority() {
    let mut region = TestRegion::of(3).await;
    let leader = region.leader().await;
    let dead = region.follower().await;
    let healthy = (1..=3).find(|id| *id != leader && *id != dead).unwrap();
    region.kill(dead).await;
    until_silent(&region, leader, dead).await;
    let node = region.node(leader);
    let refused = node.remove_node(healthy, in_seconds(5)).await;
    let Err(MembershipError::Refused(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(text.contains(&format!("silent: node {dead}")), "{text}");
    // Nothing was changed, and the region goes on; the dead node itself can be removed.
    write(&node, &create_key(1)).await;
    node.remove_node(dead, in_seconds(10)).await.unwrap();
    let voters = |node: &crate::Node| node.status().members.iter().filter(|m| m.voter).count();
    assert_eq!(voters(&node), 2);
    write(&node, &create_key(2)).await;
    // Of two voters, the other one dead: no change can be committed, which is said at once.
    region.kill(healthy).await;
    until_silent(&region, leader, healthy).await;
    let refused = node.remove_node(healthy, in_seconds(5)).await;
    assert!(
        matches!(&refused, Err(MembershipError::Refused(text)) if text.contains(&format!("silent: node {healthy}"))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_successor_of_a_leader_is_a_voter_that_answers() {
    let mut region = TestRegion::of(3).await;
    let leader = region.leader().await;
    // The one with the highest id would be taken if nobody asked who is alive: all have the same log.
    let dead = (1..=3).rev().find(|id| *id != leader).unwrap();
    let alive = (1..=3).find(|id| *id != leader && *id != dead).unwrap();
    let applied = write(&region.node(leader), &create_key(1)).await;
    region.converge(applied.log_index).await;
    region.kill(dead).await;
    until_silent(&region, leader, dead).await;
    assert_eq!(region.node(leader).successor(), Some(alive));
    assert_eq!(region.node(alive).successor(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_holds_another_root_key_is_neither_bootstrapped_nor_added() {
    let mut region = TestRegion::new();
    let own = region.root_key_id;
    let node = region.start(1).await;
    region.root_key_id = [8; 16];
    region.start(2).await;
    let both = [1, 2].map(|id| (id, region.address(id))).into();
    let refused = node.bootstrap(&both, &bootstrap_proposal(), in_seconds(5)).await;
    let says_how_to_mend =
        |text: &String| text.contains("node 2 holds root key 0808") && text.contains("copy its file");
    assert!(
        matches!(&refused, Err(BootstrapError::Refused(text)) if says_how_to_mend(text)),
        "{refused:?}"
    );
    let alone = [(1, region.address(1))].into();
    let founded = node
        .bootstrap(&alone, &bootstrap_proposal(), in_seconds(10))
        .await;
    founded.unwrap().reply.unwrap();
    let refused = add(&region, 2).await;
    assert!(
        matches!(&refused, Err(MembershipError::Refused(text)) if says_how_to_mend(text)),
        "{refused:?}"
    );
    assert_eq!(node.status().members.len(), 1);
    // Mended as the refusal says.
    region.root_key_id = own;
    region.kill(2).await;
    std::fs::remove_dir_all(region.path(2)).unwrap();
    region.start(2).await;
    add(&region, 2).await.unwrap();
}
