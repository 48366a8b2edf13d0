//! Replacing a node whose disk is gone: its id is removed for good, and a node with a new id takes its place.

use crate::cluster::{Cluster, Endpoint};
use crate::names::NodeName;
use crate::wait::until;
use kms_proto::admin::v1::TriggerSnapshotRequest;
use std::time::Duration;

const SETTLED_WITHIN: Duration = Duration::from_secs(60);
const SNAPSHOT_WITHIN: Duration = Duration::from_secs(30);

/// Some member of the region other than `node` that leads.
///
/// # Errors
/// When there is none in time.
pub async fn leader_other_than(cluster: &Cluster, node: &NodeName) -> anyhow::Result<NodeName> {
    until("another leader", SETTLED_WITHIN, || async {
        let leader = cluster.leader(&node.region).await?;
        anyhow::ensure!(leader != *node, "{node} leads still");
        Ok(leader)
    })
    .await
}

/// Kills a node, empties its disk, removes its id, and brings up a node with a new id in its place, which can catch up
/// by a snapshot only. Gives the newcomer's name once it votes.
///
/// # Errors
/// When a step fails.
pub async fn wipe_and_replace(cluster: &mut Cluster, victim: &NodeName) -> anyhow::Result<NodeName> {
    let region = victim.region.clone();
    cluster.kill(victim)?;
    std::fs::remove_dir_all(cluster.node(victim).data())?;
    leader_other_than(cluster, victim).await?;
    let id = victim.id.to_string();
    cluster.kmsctl(&["--context", &region, "region", "remove-node", &id, "--yes"])?;
    purge_log(cluster, victim).await?;
    let newcomer = cluster.plan_node(&region)?;
    cluster.forget_node(victim)?;
    cluster.start(&newcomer)?;
    until(&format!("{newcomer} to answer operators"), SETTLED_WITHIN, || {
        cluster.status(&newcomer)
    })
    .await?;
    let member = format!(
        "{}=127.0.0.1:{}",
        newcomer.id,
        cluster.port(&newcomer, Endpoint::Raft)
    );
    cluster.kmsctl(&["--context", &region, "region", "add-node", &member])?;
    let voters = cluster.nodes_of(&region).len();
    until(&format!("{newcomer} to vote"), SETTLED_WITHIN, || async {
        let members = cluster.status(&newcomer).await?.members;
        let voter = members
            .iter()
            .any(|member| member.node_id == newcomer.id && member.voter);
        anyhow::ensure!(voter && members.len() == voters, "{members:?}");
        Ok(())
    })
    .await?;
    Ok(newcomer)
}

/// Purged logs leave a newcomer nothing but a snapshot: the leader's own log must be, since it is the leader that feeds.
async fn purge_log(cluster: &Cluster, victim: &NodeName) -> anyhow::Result<()> {
    until("the leader to purge its log", SETTLED_WITHIN, || async {
        let leader = leader_other_than(cluster, victim).await?;
        let mut request = tonic::Request::new(TriggerSnapshotRequest {});
        request.set_timeout(SNAPSHOT_WITHIN);
        let made = cluster
            .admin(&leader)?
            .trigger_snapshot(request)
            .await?
            .into_inner();
        anyhow::ensure!(
            made.purged_index > 0,
            "the log was not purged, so a snapshot would prove nothing"
        );
        Ok(())
    })
    .await
}
