//! Must hold 7: a node whose disk is gone is replaced under a new id and catches up by snapshot; the old id cannot vote
//! again; a node started from an old copy of its disk is refused by its peers.

use crate::speaker::{Speaker, store_id_of};
use crate::support::{CALL, SETTLED, any_kms, create_key, log_lines, same_state_hash, status};
use anyhow::Context;
use kms_proto::internal::raft::v1::{RaftVote, ReadIndexRequest, VoteRequest};
use kms_tests::cluster::{Cluster, Endpoint, Plan};
use kms_tests::ledger::{Promise, Writers, count, verify, within};
use kms_tests::names::NodeName;
use kms_tests::replacement::wipe_and_replace;
use kms_tests::summary::figure;
use kms_tests::test_cluster::{TestCluster, rounds};
use kms_tests::wait::until;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tonic::Code;

const REGION: &str = "us-east-1";

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    anyhow::ensure!(copied.success(), "cp of {} failed", from.display());
    Ok(())
}

/// What the peers answer to a node that was removed.
fn not_a_member(old: &NodeName) -> String {
    format!("node {} is not a member", old.id)
}

/// Times that the old node must have been refused: it has gone through several elections by then.
const REFUSALS: usize = 10;

/// The old id on its old disk knows the region and campaigns; it is refused each time, and nothing comes of it.
async fn old_disk_stays_out(cluster: &Cluster, old: &NodeName) -> anyhow::Result<()> {
    let leader = cluster.leader(REGION).await?;
    let before = status(cluster, &leader).await?;
    let refused_before = log_lines(cluster, old, &not_a_member(old))?.len();
    cluster.node(old).start(&cluster.binaries().kmsd, &[])?;
    until(&format!("the peers to refuse {old}"), SETTLED, || async {
        let refused = log_lines(cluster, old, &not_a_member(old))?.len() - refused_before;
        anyhow::ensure!(refused >= REFUSALS, "{refused} refusals");
        Ok(())
    })
    .await?;
    // What the region goes on to do does not reach it.
    create_key(&mut any_kms(cluster, REGION)?, false).await?;
    let after = status(cluster, &leader).await?;
    assert_eq!(
        (after.term, after.leader_id),
        (before.term, Some(leader.id)),
        "an old id has moved the region's term or leader"
    );
    let old_status = status(cluster, old).await?;
    assert!(
        old_status.applied_index < after.applied_index,
        "{old} was fed: it has applied {}",
        old_status.applied_index
    );
    assert!(cluster.answers(old).await.is_err(), "{old} answers callers");
    stays_no_member(cluster, old).await
}

/// The old id on an emptied disk knows nothing. Its certificate is still good, and neither its vote nor a call in its
/// name counts; an operator who adds it again is refused.
async fn emptied_disk_stays_out(cluster: &Cluster, old: &NodeName) -> anyhow::Result<()> {
    let leader = cluster.leader(REGION).await?;
    let before = status(cluster, &leader).await?;
    std::fs::remove_dir_all(cluster.node(old).data())?;
    cluster.node(old).start(&cluster.binaries().kmsd, &[])?;
    let own = status(cluster, old).await?;
    let speaker = Speaker {
        cluster,
        node: old,
        store_id: store_id_of(&own)?,
        boot_count: own.boot_count,
    };
    for peer in cluster.nodes_of(REGION) {
        let header = Some(speaker.header(&peer));
        let vote = VoteRequest {
            header: header.clone(),
            vote: Some(RaftVote {
                term: before.term + 1_000,
                node_id: old.id,
                committed: false,
            }),
            ..Default::default()
        };
        let mut raft = speaker.raft(&peer)?;
        let asked = raft.vote(within(vote.clone(), CALL)).await.map(drop);
        let asked_before = raft.pre_vote(within(vote, CALL)).await.map(drop);
        let read = raft
            .read_index(within(
                ReadIndexRequest {
                    header,
                    ..Default::default()
                },
                CALL,
            ))
            .await
            .map(drop);
        for refused in [asked, asked_before, read] {
            let refused = refused.expect_err("a removed id is answered");
            assert_eq!(
                (refused.code(), refused.message()),
                (Code::PermissionDenied, not_a_member(old).as_str())
            );
        }
    }
    let address = format!("{}=127.0.0.1:{}", old.id, cluster.port(old, Endpoint::Raft));
    let added = cluster.kmsctl(&["--context", REGION, "region", "add-node", &address]);
    assert!(added.is_err(), "a removed id was added again");
    let after = status(cluster, &leader).await?;
    assert_eq!((after.term, after.leader_id), (before.term, Some(leader.id)));
    assert!(
        status(cluster, old).await?.incarnation.is_empty(),
        "{old} was fed"
    );
    stays_no_member(cluster, old).await
}

async fn stays_no_member(cluster: &Cluster, old: &NodeName) -> anyhow::Result<()> {
    for node in cluster.nodes_of(REGION) {
        let members = status(cluster, &node).await?.members;
        assert!(
            members.iter().all(|member| member.node_id != old.id),
            "{node} counts {old} in"
        );
    }
    cluster.node(old).signal(nix::sys::signal::Signal::SIGKILL)?;
    cluster.node(old).wait_gone(Duration::from_secs(10))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_disk_is_replaced_and_its_old_id_never_votes_again() -> anyhow::Result<()> {
    let mut cluster = TestCluster::start("replacement", &[REGION], 3).await?;
    for round in 0..rounds(1, 10) {
        let writers = Writers::start(&cluster, REGION, 3).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let victim = cluster.nodes_of(REGION)[0].clone();
        // Its disk comes back when it is too late: the old id is removed by then.
        cluster.kill(&victim)?;
        let old_disk = cluster.folder().join(format!("old-disk-{round}"));
        copy_folder(&cluster.node(&victim).data(), &old_disk)?;
        let newcomer = wipe_and_replace(&mut cluster, &victim).await?;
        let promises = writers.stop().await?;
        verify(&cluster, &newcomer, &promises).await?;
        figure(
            "7, disk gone",
            &format!(
                "{victim} replaced by {newcomer}, {} promises kept",
                count(&promises)
            ),
        );
        assert!(
            status(&cluster, &newcomer).await?.snapshot_index > 0,
            "it did not get a snapshot"
        );
        std::fs::rename(&old_disk, cluster.node(&victim).data())?;
        old_disk_stays_out(&cluster, &victim).await?;
        emptied_disk_stays_out(&cluster, &victim).await?;
        same_state_hash(&cluster, REGION).await?;
    }
    cluster.passed();
    Ok(())
}

/// Counts that the true disk lives on for after it was copied: what the copy would have to make good.
const LIVED_ON: u32 = 10;

/// How fast the boot count of this test's nodes rises.
const BOOT_COUNT_INTERVAL: Duration = Duration::from_millis(200);

/// The boot counts that a node's log shows, one for each start that opened its disk.
fn boot_counts(cluster: &Cluster, node: &NodeName) -> anyhow::Result<Vec<u64>> {
    let opened = log_lines(cluster, node, "data folder open")?;
    let count = |line: &String| {
        let (_, count) = line.split_once("boot=").context("the line has a boot count")?;
        let digits = count.chars().take_while(char::is_ascii_digit);
        Ok(digits.collect::<String>().parse()?)
    };
    opened.iter().map(count).collect()
}

/// The true disk lives on: writes, and a boot count that its peers remember.
async fn live_on(cluster: &Cluster, victim: &NodeName) -> anyhow::Result<Vec<Promise>> {
    cluster.start(victim)?;
    cluster.region_ready(REGION).await?;
    let writers = Writers::start(cluster, REGION, 2).await?;
    tokio::time::sleep(BOOT_COUNT_INTERVAL * (LIVED_ON + 5)).await;
    let promises = writers.stop().await?;
    cluster.stop(victim)?;
    Ok(promises)
}

/// Starts a node that has to end by itself without having served, and tells how often its log has `word` then.
async fn starts_and_ends(cluster: &Cluster, node: &NodeName, word: &str) -> anyhow::Result<usize> {
    // It may be gone before the system has shown it.
    let _ = cluster.start(node);
    let deadline = Instant::now() + SETTLED;
    while cluster.node(node).running().is_some() {
        anyhow::ensure!(
            cluster.answers(node).await.is_err(),
            "a node on an old disk must not serve"
        );
        anyhow::ensure!(Instant::now() < deadline, "the old copy of {node} goes on");
    }
    Ok(log_lines(cluster, node, word)?.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_started_from_an_old_copy_of_its_disk_is_refused_by_its_peers() -> anyhow::Result<()> {
    let interval = u64::try_from(BOOT_COUNT_INTERVAL.as_millis())?;
    let fast = |plan: &mut Plan| plan.boot_count_interval_ms = Some(interval);
    let cluster = TestCluster::start_with("old-copy", &[REGION], 3, fast).await?;
    for round in 0..rounds(1, 10) {
        let victim = cluster.nodes_of(REGION)[round % 3].clone();
        let data = cluster.node(&victim).data();
        let copy = cluster.folder().join(format!("old-copy-{round}"));
        cluster.stop(&victim)?;
        copy_folder(&data, &copy)?;
        let promises = live_on(&cluster, &victim).await?;
        let kept = cluster.folder().join(format!("true-disk-{round}"));
        std::fs::rename(&data, &kept)?;
        copy_folder(&copy, &data)?;
        // Left running, it is found out and ends.
        let said = starts_and_ends(&cluster, &victim, "old copy").await?;
        assert!(said > 0, "its log does not say why it ended");
        // Started as often as its count would need to pass the true disk's, it never comes up.
        let mut refusals = log_lines(&cluster, &victim, "rejoin as a new node")?.len();
        for _ in 0..LIVED_ON + 3 {
            let now = starts_and_ends(&cluster, &victim, "rejoin as a new node").await?;
            assert!(now > refusals, "its log does not say how to go on");
            refusals = now;
        }
        for node in cluster.nodes_of(REGION).iter().filter(|node| **node != victim) {
            verify(&cluster, node, &promises).await?;
        }
        // The true disk is put back, and is welcome.
        std::fs::remove_dir_all(&data)?;
        std::fs::rename(&kept, &data)?;
        cluster.start(&victim)?;
        cluster.region_ready(REGION).await?;
        verify(&cluster, &victim, &promises).await?;
        let counts = boot_counts(&cluster, &victim)?;
        let [.., copied, reached] = counts[..] else {
            anyhow::bail!("its log shows no boot counts: {counts:?}");
        };
        assert!(
            reached > copied + u64::from(LIVED_ON),
            "the disk did not live on: {counts:?}"
        );
        same_state_hash(&cluster, REGION).await?;
    }
    cluster.passed();
    Ok(())
}
