//! Must hold 5: kill -9 of all nodes of all regions at once under load; after a restart nothing acknowledged is missing.

use crate::support::{any_kms, create_key, enabled, encrypt, replicate, same_state_hash};
use kms_tests::ledger::{Writers, count, decrypt, verify};
use kms_tests::summary::figure;
use kms_tests::test_cluster::{THREE_REGIONS, TestCluster, rounds};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_of_every_node_at_once_loses_nothing_that_was_acknowledged() -> anyhow::Result<()> {
    let cluster = TestCluster::start("crash", &THREE_REGIONS, 3).await?;
    let [first, others @ ..] = THREE_REGIONS;
    let key = create_key(&mut any_kms(&cluster, first)?, true).await?;
    for other in others {
        replicate(&cluster, first, other, &key).await?;
    }
    let ciphertext = encrypt(&mut any_kms(&cluster, first)?, &key, b"shared").await?;
    for round in 0..rounds(1, 10) {
        let mut writers = Vec::new();
        for region in THREE_REGIONS {
            writers.push(Writers::start(&cluster, region, 3).await?);
        }
        // How long the load lasts is not a condition to wait for: the kill may fall anywhere.
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        cluster.kill_all(&cluster.nodes())?;
        let mut promises = Vec::new();
        for of_region in writers {
            promises.push(of_region.stop().await?);
        }
        cluster.start_all()?;
        for (region, promises) in THREE_REGIONS.iter().zip(&promises) {
            cluster.region_ready(region).await?;
            for node in cluster.nodes_of(region) {
                verify(&cluster, &node, promises).await?;
                assert_eq!(decrypt(&mut cluster.kms(&node)?, &ciphertext).await?, b"shared");
            }
            enabled(&cluster, region, &key).await?;
            same_state_hash(&cluster, region).await?;
        }
        let kept: u64 = promises.iter().map(|p| count(p)).sum();
        assert!(kept > 30, "the load was too small to mean anything: {kept}");
        figure(
            "5, kill -9 of all",
            &format!("round {round}: {kept} promises kept"),
        );
    }
    cluster.passed();
    Ok(())
}
