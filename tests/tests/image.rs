//! Must hold 6: sled's folder deleted or filled with rubbish, on one node or on all, is rebuilt and said so, with the
//! same state hash.

use crate::support::{SETTLED, log_lines, same_state_hash, status};
use kms_tests::cluster::Cluster;
use kms_tests::ledger::{Promise, Writers, verify};
use kms_tests::names::NodeName;
use kms_tests::test_cluster::TestCluster;
use kms_tests::wait::until;
use std::path::PathBuf;
use std::time::Duration;

const REGION: &str = "us-east-1";
/// What the node logs when it rebuilds the image.
const SAID: &str = "rebuil";

fn image_folder(cluster: &Cluster, node: &NodeName) -> PathBuf {
    cluster.node(node).data().join("image")
}

fn fill_with_rubbish(folder: &std::path::Path) -> anyhow::Result<()> {
    let mut spoiled = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            let length = usize::try_from(std::fs::metadata(&path)?.len())?.max(4_096);
            let rubbish: Vec<u8> = (0..length).map(|_| rand::random::<u8>()).collect();
            std::fs::write(path, rubbish)?;
            spoiled += 1;
        }
    }
    anyhow::ensure!(spoiled > 0, "there was nothing to spoil in {}", folder.display());
    Ok(())
}

/// Pairs of looks at the state: a Pulse may fall between them, which comes every ten seconds or so, and what nodes still
/// had to say of the last uses of keys.
const ATTEMPTS: usize = 6;

/// What all nodes of the region hold: index and state hash.
async fn held(cluster: &Cluster) -> anyhow::Result<(u64, String)> {
    let (index, hash) = same_state_hash(cluster, REGION).await?;
    let nodes = cluster.nodes_of(REGION);
    let seen = status(cluster, &nodes[0]).await?;
    anyhow::ensure!(seen.state_hash == hash, "the state moved on meanwhile");
    Ok((index, hash))
}

/// Spoils the images of the victims, and sees them rebuilt to the very state that was there before.
async fn rebuilt(
    cluster: &Cluster,
    victims: &[NodeName],
    promises: &[Promise],
    spoil: impl Fn(&std::path::Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for _ in 0..ATTEMPTS {
        let before = until("a state at rest", SETTLED, || held(cluster)).await?;
        spoil_and_restart(cluster, victims, &spoil).await?;
        let after = until("a state at rest", SETTLED, || held(cluster)).await?;
        assert!(after.0 >= before.0);
        // Nobody asks for anything meanwhile, and a new leader's empty entry changes no row, so that the state is the
        // same as soon as neither a Pulse nor a last use falls between the looks.
        if after.1 == before.1 {
            for node in victims {
                verify(cluster, node, promises).await?;
            }
            return Ok(());
        }
    }
    anyhow::bail!("rebuilt {ATTEMPTS} times, the state was never the one from before")
}

async fn spoil_and_restart(
    cluster: &Cluster,
    victims: &[NodeName],
    spoil: &impl Fn(&std::path::Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let said: Vec<usize> = victims
        .iter()
        .map(|node| Ok(log_lines(cluster, node, SAID)?.len()))
        .collect::<anyhow::Result<_>>()?;
    for node in victims {
        cluster.stop(node)?;
        spoil(&image_folder(cluster, node))?;
    }
    for node in victims {
        cluster.start(node)?;
    }
    cluster.region_ready(REGION).await?;
    for (node, said_before) in victims.iter().zip(said) {
        assert!(
            log_lines(cluster, node, SAID)?.len() > said_before,
            "{node} did not say that it rebuilt its image"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_or_spoiled_image_is_rebuilt_from_snapshot_and_log() -> anyhow::Result<()> {
    let cluster = TestCluster::start("image", &[REGION], 3).await?;
    let writers = Writers::start(&cluster, REGION, 4).await?;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let promises = writers.stop().await?;
    let nodes = cluster.nodes_of(REGION);
    let delete = |folder: &std::path::Path| Ok(std::fs::remove_dir_all(folder)?);
    rebuilt(&cluster, &nodes[..1], &promises, delete).await?;
    rebuilt(&cluster, &nodes[1..2], &promises, fill_with_rubbish).await?;
    // Also with the log purged: then the snapshot carries most of it.
    cluster.kmsctl(&["--context", REGION, "region", "snapshot"])?;
    rebuilt(&cluster, &nodes, &promises, delete).await?;
    rebuilt(&cluster, &nodes, &promises, fill_with_rubbish).await?;
    cluster.passed();
    Ok(())
}
