//! Must hold 11: one node's clock a year ahead deletes nothing early; all clocks moved together delete what is due.

use crate::support::{CALL, SETTLED, any_kms, create_key, describe, status};
use kms_proto::kms::v1::ScheduleKeyDeletionRequest;
use kms_tests::client::exception;
use kms_tests::cluster::Cluster;
use kms_tests::ledger::within;
use kms_tests::names::NodeName;
use kms_tests::test_cluster::TestCluster;
use kms_tests::wait::until;
use std::time::Duration;

const REGION: &str = "us-east-1";
pub(crate) const DAY_MS: i64 = 86_400_000;

/// The `faults` feature reads this file at each look at the clock.
pub(crate) fn move_clock(cluster: &Cluster, node: &NodeName, offset_ms: i64) -> anyhow::Result<()> {
    Ok(std::fs::write(
        cluster.node(node).data().join("fault-clock-offset-ms"),
        offset_ms.to_string(),
    )?)
}

/// Log time of the region, in milliseconds.
async fn log_time_ms(cluster: &Cluster, node: &NodeName) -> anyhow::Result<i64> {
    let at = status(cluster, node).await?.log_time.unwrap_or_default();
    Ok(at.seconds * 1_000 + i64::from(at.nanos / 1_000_000))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_wrong_clock_deletes_nothing_and_all_clocks_together_delete_what_is_due() -> anyhow::Result<()> {
    let cluster = TestCluster::start("clocks", &[REGION], 3).await?;
    let key = create_key(&mut any_kms(&cluster, REGION)?, false).await?;
    let request = ScheduleKeyDeletionRequest {
        key_id: key.clone(),
        pending_window_in_days: Some(7),
    };
    any_kms(&cluster, REGION)?
        .schedule_key_deletion(within(request, CALL))
        .await?;
    let nodes = cluster.nodes_of(REGION);
    for wrong in &nodes {
        move_clock(&cluster, wrong, 365 * DAY_MS)?;
        lead(&cluster, wrong).await?;
        let before = log_time_ms(&cluster, &nodes[0]).await?;
        // Log time must go on, by the right clocks, under a leader whose own clock is wrong.
        until("log time to move on", SETTLED, || async {
            let now = log_time_ms(&cluster, &nodes[0]).await?;
            anyhow::ensure!(now > before, "it stays at {now}");
            Ok(())
        })
        .await?;
        let moved = log_time_ms(&cluster, &nodes[0]).await? - before;
        assert!(
            moved < DAY_MS,
            "one wrong clock ({wrong}) moved log time by {moved} ms"
        );
        assert_eq!(
            describe(&mut any_kms(&cluster, REGION)?, &key).await?.key_state,
            "PendingDeletion"
        );
        move_clock(&cluster, wrong, 0)?;
    }
    for node in &nodes {
        move_clock(&cluster, node, 8 * DAY_MS)?;
    }
    until("the due key to be deleted", SETTLED, || async {
        match any_kms(&cluster, REGION)?
            .describe_key(within(
                kms_proto::kms::v1::DescribeKeyRequest {
                    key_id: key.clone(),
                    ..Default::default()
                },
                CALL,
            ))
            .await
        {
            Err(status) if exception(&status) == "NotFoundException" => Ok(()),
            other => anyhow::bail!("it is still there: {:?}", other.map(|_| ())),
        }
    })
    .await?;
    cluster.passed();
    Ok(())
}

/// Makes `node` the leader.
async fn lead(cluster: &Cluster, node: &NodeName) -> anyhow::Result<()> {
    until(&format!("{node} to lead"), Duration::from_secs(30), || async {
        if cluster.leader(REGION).await? == *node {
            return Ok(());
        }
        let id = node.id.to_string();
        cluster.kmsctl(&["--context", REGION, "region", "transfer-leader", "--to", &id])?;
        anyhow::bail!("another node leads still")
    })
    .await
}
