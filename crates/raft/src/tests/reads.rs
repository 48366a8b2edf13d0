//! ReadIndex: whatever was acknowledged anywhere before a read began is in what it reads.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use kms_proto::internal::raft::v1 as pb;
use kms_proto::internal::raft::v1::raft_internal_client::RaftInternalClient;
use tokio::time::Instant;
use tonic::Streaming;

use super::region::{PlainDial, TestRegion, in_seconds, pulse, until, write};
use crate::{Dial, RaftSettings, ReadError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_on_a_follower_sees_every_write_acknowledged_before_it() {
    let region = TestRegion::of(3).await;
    let leader = region.node(region.leader().await);
    let follower = region.node(region.follower().await);
    for time in 1..=200 {
        let applied = write(&leader, &pulse(time)).await;
        let view = follower.read(in_seconds(10)).await.unwrap();
        assert!(view.applied_index() >= Some(applied.log_index));
        assert!(view.state.log_time().0 >= time);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_that_share_questions_all_see_what_was_acknowledged_before_they_came() {
    let region = TestRegion::of(3).await;
    let leader = region.node(region.leader().await);
    let mut readers = tokio::task::JoinSet::new();
    for time in 1..=40 {
        let applied = write(&leader, &pulse(time)).await;
        for node_id in 1..=3 {
            for _ in 0..4 {
                let node = region.node(node_id);
                readers.spawn(async move {
                    let view = node.read(in_seconds(10)).await.unwrap();
                    assert!(view.applied_index() >= Some(applied.log_index));
                });
            }
        }
    }
    while let Some(read) = readers.join_next().await {
        read.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_cut_off_gives_no_read_although_it_does_not_know_of_its_successor() {
    let region = TestRegion::of(3).await;
    let old = region.leader().await;
    // From here on the leader has a stream on which it asks.
    region.node(old).read(in_seconds(10)).await.unwrap();
    region.cut_off(old);
    let begun = Instant::now();
    let refused = region.node(old).read(begun + Duration::from_millis(700)).await;
    assert!(matches!(refused, Err(ReadError::Unavailable(_))), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_secs(3));
    region.heal();
    region.node(old).read(in_seconds(10)).await.unwrap();
}

/// Waits until the votes of all nodes for the leader are durable.
async fn votes_for(region: &TestRegion, leader: u64) {
    until("all vote for the leader", || {
        let votes = region
            .running
            .values()
            .map(|running| running.node.inner_for_test().core.vote_now());
        let mut all = votes.map(|vote| vote.is_some_and(|v| v.committed && v.leader_id.voted_for == leader));
        all.all(|votes_for_it| votes_for_it).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_vote_confirms_a_leader_of_three_and_one_node_that_is_dead_is_asked_once() {
    let mut region = TestRegion::of(3).await;
    let leader = region.leader().await;
    let applied = write(&region.node(leader), &pulse(1)).await;
    votes_for(&region, leader).await;
    let node = region.node(leader);
    let core = &node.inner_for_test().core;
    assert!(core.ask_one_voter(in_seconds(5)).await >= Some(applied.log_index));
    let follower = region.follower().await;
    region.kill(follower).await;
    let mut unanswered = 0;
    for _ in 0..10 {
        if core.ask_one_voter(in_seconds(5)).await.is_none() {
            unanswered += 1;
        }
    }
    assert!(unanswered <= 1, "the dead node was asked {unanswered} times");
}

/// On one thread nobody can answer between the two halves of a single poll.
#[tokio::test(flavor = "current_thread")]
async fn a_question_nobody_waits_for_takes_its_stream_along_and_the_next_has_one_of_its_own() {
    let region = TestRegion::of(3).await;
    let leader = region.leader().await;
    votes_for(&region, leader).await;
    let node = region.node(leader);
    let follower = region.follower().await;
    let core = &node.inner_for_test().core;
    let peer = core.peer(follower).unwrap();
    let line = &core.vote_line;
    for _ in 0..3 {
        line.ask(&peer, Duration::from_secs(5)).await.unwrap();
        assert!(line.is_open_for_test());
        let dropped = line.ask(&peer, Duration::from_secs(5)).now_or_never();
        assert!(dropped.is_none(), "an answer without waiting for it");
        assert!(
            !line.is_open_for_test(),
            "the next question could get this one's answer"
        );
    }
}

/// A stream on which node 1 has asked node 2 for its vote, and been answered.
async fn asked_once(region: &TestRegion) -> Streaming<pb::ReadVoteResponse> {
    let header = region.node(1).inner_for_test().core.local.header(2);
    let question = pb::ReadVoteRequest { header: Some(header) };
    let questions = stream::once(async { question }).chain(stream::pending());
    let channel = PlainDial(1).channel(2, &region.address(2)).unwrap();
    let opened = RaftInternalClient::new(channel).read_votes(questions).await;
    let mut answers = opened.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    assert!(answer.vote.is_some());
    answers
}

async fn must_end(mut answers: Streaming<pb::ReadVoteResponse>) {
    let ended = tokio::time::timeout(Duration::from_secs(20), answers.message()).await;
    assert!(matches!(ended, Ok(Ok(None))), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_ends_the_streams_on_which_it_is_asked() {
    let region = TestRegion::of(3).await;
    votes_for(&region, region.leader().await).await;
    let answers = asked_once(&region).await;
    region.node(2).abort_for_test().await;
    must_end(answers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_for_votes_ends_by_itself_and_the_next_question_is_answered_all_the_same() {
    let settings = RaftSettings {
        vote_stream_ms: 300,
        ..RaftSettings::default()
    };
    let region = TestRegion::of_with(3, settings).await;
    let leader = region.leader().await;
    votes_for(&region, leader).await;
    let node = region.node(leader);
    let core = &node.inner_for_test().core;
    let peer = core.peer(region.follower().await).unwrap();
    core.vote_line.ask(&peer, Duration::from_secs(5)).await.unwrap();
    // Begun later, so that the one above has ended when this one has.
    must_end(asked_once(&region).await).await;
    assert!(
        core.vote_line.is_open_for_test(),
        "the leader's end of it is kept"
    );
    core.vote_line.ask(&peer, Duration::from_secs(5)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_vote_of_a_node_that_has_a_new_leader_does_not_confirm_the_old_one() {
    let region = TestRegion::of(3).await;
    let old = region.leader().await;
    votes_for(&region, old).await;
    let follower = region.node(region.follower().await);
    let old_core_knows = region.node(old);
    let before = follower.inner_for_test().core.vote_now().unwrap();
    let confirmed = old_core_knows
        .inner_for_test()
        .core
        .index_confirmed_by(follower.node_id(), before);
    assert!(
        confirmed.await.is_some(),
        "while it led, the same vote confirmed it"
    );
    region.cut_off(old);
    let after = until("a vote for another", || {
        let leads = follower.watch_leadership().borrow().leader;
        leads.filter(|now| *now != old)
    });
    after.await;
    let vote = follower.inner_for_test().core.vote_now().unwrap();
    assert_ne!(vote, before);
    let confirmed = old_core_knows
        .inner_for_test()
        .core
        .index_confirmed_by(follower.node_id(), vote);
    assert_eq!(confirmed.await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_a_group_refuses_reads_within_the_deadline() {
    let mut region = TestRegion::new();
    let node = region.start(1).await;
    let refused = node.read(Instant::now() + Duration::from_millis(100)).await;
    assert!(matches!(refused, Err(ReadError::Unavailable(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clocks_of_a_majority_are_read() {
    let mut region = TestRegion::of(3).await;
    let leader = region.leader().await;
    let readings = region.node(leader).clocks(in_seconds(5)).await.unwrap();
    assert!(readings.len() >= 2, "{readings:?}");
    for (node_id, time) in readings {
        assert_eq!(time.0, 1_000_000 + node_id);
    }
    for other in (1..=3).filter(|id| *id != leader) {
        region.kill(other).await;
    }
    let refused = region
        .node(leader)
        .clocks(Instant::now() + Duration::from_millis(300))
        .await;
    assert!(refused.is_err(), "{refused:?}");
}
