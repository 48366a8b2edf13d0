//! Proposals: forwarded one hop, answered once applied, honest about what is not known.

use std::time::Duration;

use kms_domain::{KmsError, Reply};
use tokio::time::Instant;

use super::region::{TestRegion, bootstrap_proposal, create_key, in_seconds, key_name, pulse, write};
use crate::{ProposeError, RaftSettings, ReadError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_on_any_node_reaches_the_leader_and_every_node() {
    let region = TestRegion::of(3).await;
    let mut last = 0;
    for node_id in 1..=3 {
        let applied = region
            .node(node_id)
            .propose(&create_key(node_id), in_seconds(10))
            .await
            .unwrap();
        let key_id = key_name(node_id).key_id;
        assert_eq!(applied.reply, Ok(Reply::KeyCreated { key_id }));
        assert!(applied.log_index > last);
        last = applied.log_index;
    }
    region.converge(last).await;
    for node_id in 1..=3 {
        assert_eq!(region.node(node_id).view().state.key_count(), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_the_state_machine_is_a_reply_also_through_a_follower() {
    let region = TestRegion::of(3).await;
    let follower = region.node(region.follower().await);
    let applied = follower
        .propose(&bootstrap_proposal(), in_seconds(10))
        .await
        .unwrap();
    assert!(
        matches!(applied.reply, Err(KmsError::Bootstrap(_))),
        "{:?}",
        applied.reply
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_lead_says_so_to_those_who_want_no_hop() {
    let region = TestRegion::of(3).await;
    let leader = region.leader().await;
    let follower = region.node(region.follower().await);
    let refused = follower.propose_as_leader(&pulse(5), in_seconds(5)).await;
    assert_eq!(refused, Err(ProposeError::NotLeader { leader: Some(leader) }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_without_a_quorum_answers_within_the_deadline_and_leaves_the_outcome_open() {
    let mut region = TestRegion::of(3).await;
    let leader = region.leader().await;
    for other in (1..=3).filter(|id| *id != leader) {
        region.kill(other).await;
    }
    let node = region.node(leader);
    let begun = Instant::now();
    let outcome = node.propose(&pulse(7), begun + Duration::from_millis(300)).await;
    assert!(matches!(outcome, Err(ProposeError::Unknown(_))), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(2));
    // Once the lease is over nothing is appended any more, and that is certain unless the node was too slow to say so.
    let give_up = in_seconds(60);
    loop {
        let appended = node.status().last_log_index;
        let outcome = node.propose(&pulse(8), in_seconds(1)).await;
        match outcome {
            Err(ProposeError::Unavailable(_)) => {
                assert_eq!(node.status().last_log_index, appended);
                return;
            }
            Err(ProposeError::Unknown(_)) if Instant::now() < give_up => {}
            other => panic!("{other:?} {:?}", node.status()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_above_the_limit_or_into_a_full_queue_is_refused_at_once() {
    let settings = RaftSettings {
        proposals_waiting_bytes_max: 50,
        ..RaftSettings::default()
    };
    let region = TestRegion::of_with(
        1,
        RaftSettings {
            proposal_bytes_max: 500,
            ..RaftSettings::default()
        },
    )
    .await;
    let mut long = create_key(1);
    if let kms_domain::Command::CreateKey(command) = &mut long.command {
        command.description = "x".repeat(600);
    }
    let refused = region.node(1).propose(&long, in_seconds(5)).await;
    assert!(
        matches!(refused, Err(ProposeError::Unavailable(_))),
        "{refused:?}"
    );
    write(&region.node(1), &pulse(3)).await;

    let mut crowded = TestRegion::with(settings);
    crowded.start(1).await;
    let refused = crowded.node(1).propose(&create_key(1), in_seconds(5)).await;
    assert!(matches!(refused, Err(ProposeError::Overloaded(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn effects_for_every_node_come_everywhere() {
    let mut region = TestRegion::of(3).await;
    write(&region.node(1), &create_key(1)).await;
    let mut disable = pulse(1);
    disable.command = kms_domain::Command::DisableKey(key_name(1));
    let applied = write(&region.node(1), &disable).await;
    for running in region.running.values_mut() {
        let waiting = tokio::time::timeout(Duration::from_secs(10), async {
            loop {
                let effect = running.effects.recv().await.unwrap();
                if effect.log_index == applied.log_index {
                    return effect.effect;
                }
            }
        });
        let effect = waiting.await.unwrap();
        assert!(matches!(effect, kms_domain::Effect::Evict { .. }), "{effect:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_on_the_leader_is_said_at_once_and_nobody_knocks_again() {
    // In a group of three a follower's read takes no place on the leader.
    let region = TestRegion::of(5).await;
    let leader = region.leader().await;
    let follower = region.node(region.follower().await);
    write(&follower, &create_key(1)).await;
    let leading = region.node(leader);
    leading.inner_for_test().fill_queues_for_test();
    let patience = Duration::from_secs(20);
    for node in [&follower, &leading] {
        let begun = Instant::now();
        let refused = node.propose(&create_key(2), begun + patience).await;
        assert!(matches!(refused, Err(ProposeError::Overloaded(_))), "{refused:?}");
        let refused = node.read(begun + patience).await;
        assert!(matches!(refused, Err(ReadError::Overloaded(_))), "{refused:?}");
        assert!(begun.elapsed() < patience / 4, "it was tried again and again");
    }
    leading.inner_for_test().admit_reads_for_test();
    follower.read(in_seconds(10)).await.unwrap();
}
