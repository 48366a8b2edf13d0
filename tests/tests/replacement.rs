//! Must hold 7: a node whose disk is gone is replaced under a new id and catches up by snapshot; the old id cannot vote
//! again; a node started from an old copy of its disk is refused by its peers.

use crate::support::{SETTLED, log_lines, same_state_hash, status};
use kms_tests::cluster::Cluster;
use kms_tests::ledger::{Writers, verify};
use kms_tests::names::NodeName;
use kms_tests::replacement::wipe_and_replace;
use kms_tests::test_cluster::{TestCluster, rounds};
use kms_tests::wait::until;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const REGION: &str = "us-east-1";

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    anyhow::ensure!(copied.success(), "cp of {} failed", from.display());
    Ok(())
}

/// An emptied disk under the old id: it may start, but it must never be heard again.
async fn old_id_stays_out(cluster: &Cluster, old: &NodeName) -> anyhow::Result<()> {
    cluster.node(old).start(&cluster.binaries().kmsd, &[])?;
    let refused = until(&format!("the peers to refuse {old}"), SETTLED, || async {
        let said: usize = cluster
            .nodes_of(REGION)
            .iter()
            .map(|node| Ok(log_lines(cluster, node, "refus")?.len()))
            .sum::<anyhow::Result<usize>>()?;
        let own = log_lines(cluster, old, "refus")?.len();
        let down = cluster.node(old).running().is_none();
        // A node that nobody knows any more has nobody to call: silence is as good as a refusal.
        let quiet = cluster
            .status(old)
            .await
            .is_ok_and(|s| s.leader_id.is_none() && s.incarnation.is_empty());
        anyhow::ensure!(said > 0 || own > 0 || down || quiet, "no word of it");
        Ok(())
    })
    .await;
    for node in cluster.nodes_of(REGION) {
        let members = status(cluster, &node).await?.members;
        assert!(
            members.iter().all(|member| member.node_id != old.id),
            "{node} counts {old} in"
        );
    }
    cluster.node(old).signal(nix::sys::signal::Signal::SIGKILL)?;
    cluster.node(old).wait_gone(Duration::from_secs(10))?;
    refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_disk_is_replaced_and_its_old_id_never_votes_again() -> anyhow::Result<()> {
    let mut cluster = TestCluster::start("replacement", &[REGION], 3).await?;
    for _ in 0..rounds(1, 10) {
        let writers = Writers::start(&cluster, REGION, 3).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let victim = cluster.nodes_of(REGION)[0].clone();
        let newcomer = wipe_and_replace(&mut cluster, &victim).await?;
        let promises = writers.stop().await?;
        verify(&cluster, &newcomer, &promises).await?;
        assert!(
            status(&cluster, &newcomer).await?.snapshot_index > 0,
            "it did not get a snapshot"
        );
        old_id_stays_out(&cluster, &victim).await?;
        same_state_hash(&cluster, REGION).await?;
    }
    cluster.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_started_from_an_old_copy_of_its_disk_is_refused_by_its_peers() -> anyhow::Result<()> {
    let cluster = TestCluster::start("old-copy", &[REGION], 3).await?;
    for round in 0..rounds(1, 10) {
        let victim = cluster.nodes_of(REGION)[round % 3].clone();
        let data = cluster.node(&victim).data();
        let copy = cluster.folder().join(format!("old-copy-{round}"));
        cluster.stop(&victim)?;
        copy_folder(&data, &copy)?;
        // The true disk lives on: its boot count is raised, and peers remember it.
        cluster.start(&victim)?;
        cluster.region_ready(REGION).await?;
        let writers = Writers::start(&cluster, REGION, 2).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let promises = writers.stop().await?;
        cluster.stop(&victim)?;
        let kept = cluster.folder().join(format!("true-disk-{round}"));
        std::fs::rename(&data, &kept)?;
        copy_folder(&copy, &data)?;
        let others: Vec<_> = cluster
            .nodes_of(REGION)
            .into_iter()
            .filter(|node| *node != victim)
            .collect();
        let before: usize = others
            .iter()
            .map(|n| Ok(log_lines(&cluster, n, "boot count")?.len()))
            .sum::<anyhow::Result<usize>>()?;
        cluster.start(&victim)?;
        until("the peers to refuse the old copy", SETTLED, || async {
            let said: usize = others
                .iter()
                .map(|n| Ok(log_lines(&cluster, n, "boot count")?.len()))
                .sum::<anyhow::Result<usize>>()?;
            anyhow::ensure!(said > before, "they have not said so");
            Ok(())
        })
        .await?;
        assert!(
            cluster.answers(&victim).await.is_err(),
            "a node on an old disk must not serve"
        );
        for node in &others {
            verify(&cluster, node, &promises).await?;
        }
        cluster.kill(&victim)?;
        std::fs::remove_dir_all(&data)?;
        std::fs::rename(&kept, &data)?;
        cluster.start(&victim)?;
        cluster.region_ready(REGION).await?;
        same_state_hash(&cluster, REGION).await?;
    }
    cluster.passed();
    Ok(())
}
