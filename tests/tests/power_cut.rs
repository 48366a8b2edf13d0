//! Must hold 8: emulated power cuts under write load lose no acknowledged write, and every node opens again.
//!
//! All nodes are frozen at one moment, the block device under each is copied as it is, and the nodes are started on
//! the copies. What only the page cache held is gone.

use crate::support::same_state_hash;
use kms_tests::block_device::{BlockDevice, available};
use kms_tests::ledger::{Writers, count, verify};
use kms_tests::summary::{figure, skipped};
use kms_tests::test_cluster::{TestCluster, rounds};
use nix::sys::signal::Signal;
use std::time::Duration;

const REGION: &str = "us-east-1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_of_all_nodes_loses_nothing_that_was_acknowledged() -> anyhow::Result<()> {
    if !available() {
        skipped("8, power cuts", "they need root and loop devices");
        return Ok(());
    }
    let cluster = TestCluster::make("power-cut", &[REGION], 3, |_| ()).await?;
    let nodes = cluster.nodes_of(REGION);
    let mut devices = Vec::new();
    for node in &nodes {
        let files = cluster.node(node);
        devices.push(BlockDevice::make(files.folder.join("disk.ext4"), files.data())?);
    }
    let outcome = cut_power_repeatedly(&cluster, &mut devices).await;
    cluster.kill_all(&nodes)?;
    drop(devices);
    outcome?;
    cluster.passed();
    Ok(())
}

async fn cut_power_repeatedly(cluster: &TestCluster, devices: &mut [BlockDevice]) -> anyhow::Result<()> {
    let nodes = cluster.nodes_of(REGION);
    cluster.bring_up().await?;
    for round in 0..rounds(2, 20) {
        let writers = Writers::start(cluster, REGION, 6).await?;
        tokio::time::sleep(Duration::from_millis(700 + 37 * round as u64)).await;
        for node in &nodes {
            cluster.node(node).signal(Signal::SIGSTOP)?;
        }
        let copies: Vec<_> = devices
            .iter()
            .map(BlockDevice::freeze_copy)
            .collect::<anyhow::Result<_>>()?;
        // Nothing was answered after the freeze, so what the writers hold is what they were promised before it.
        cluster.kill_all(&nodes)?;
        let promises = writers.stop().await?;
        for (device, copy) in devices.iter_mut().zip(&copies) {
            device.power_up(copy)?;
        }
        cluster.start_all()?;
        cluster.region_ready(REGION).await?;
        for node in &nodes {
            verify(cluster, node, &promises).await?;
        }
        same_state_hash(cluster, REGION).await?;
        let kept = count(&promises);
        assert!(kept > 10, "the load was too small to mean anything: {kept}");
        figure("8, power cuts", &format!("cut {round}: {kept} promises kept"));
    }
    Ok(())
}
