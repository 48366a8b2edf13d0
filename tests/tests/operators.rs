//! What operators are told.

use crate::support::{SETTLED, create_key, replicate};
use kms_tests::test_cluster::TestCluster;
use kms_tests::wait::until;

const REGION: &str = "us-east-1";
const OTHER: &str = "eu-west-1";

/// Only the leader ships, so only it knows why a peer region is not reached: kmsctl must find it, wherever it is in
/// the list of endpoints.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replication_status_shows_a_dead_peer_region_whichever_node_leads() -> anyhow::Result<()> {
    let cluster = TestCluster::start("operators", &[REGION, OTHER], 3).await?;
    let leader = cluster.leader(REGION).await?;
    let key = create_key(&mut cluster.kms(&leader)?, true).await?;
    replicate(&cluster, REGION, OTHER, &key).await?;
    cluster.kill_all(&cluster.nodes_of(OTHER))?;
    for to in cluster.nodes_of(REGION) {
        if cluster.leader(REGION).await? != to {
            let id = to.id.to_string();
            cluster.kmsctl(&["--context", REGION, "region", "transfer-leader", "--to", &id])?;
        }
        // A change that cannot be shipped.
        let description = format!("led by {to}");
        cluster.kmsctl(&[
            "--context",
            REGION,
            "keys",
            "update-description",
            &key,
            &description,
        ])?;
        cluster.kmsctl(&["--context", REGION, "rotation", "enable", &key])?;
        until(&format!("the failure that {to} knows"), SETTLED, || async {
            let shown =
                cluster.kmsctl(&["--context", REGION, "--output", "json", "replication", "status"])?;
            let shown: serde_json::Value = serde_json::from_str(&shown)?;
            anyhow::ensure!(shown["FromLeader"] == true, "not from the leader: {shown}");
            let failure = shown["Peers"][0]["LastFailure"].as_str();
            anyhow::ensure!(failure.is_some(), "no failure is shown: {shown}");
            Ok(())
        })
        .await?;
        cluster.kmsctl(&["--context", REGION, "rotation", "disable", &key])?;
    }
    cluster.passed();
    Ok(())
}
