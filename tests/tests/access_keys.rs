//! Access keys while leaders are killed: one that was answered proves its caller in every region, and one whose deletion
//! was answered proves nothing on any node of its home, from that moment on.

use crate::support::{CALL, SETTLED, same_state_hash};
use http::StatusCode;
use kms_proto::admin::v1::DeleteAccessKeyRequest;
use kms_tests::aws_profiles::AwsCredentials;
use kms_tests::bench::http::callers::{Call, Callers, Target};
use kms_tests::cluster::{ACCOUNT, Cluster, Endpoint};
use kms_tests::ledger::within;
use kms_tests::names::NodeName;
use kms_tests::summary::figure;
use kms_tests::test_cluster::{TestCluster, rounds};
use kms_tests::wait::until;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const HOME: &str = "us-east-1";
const OTHER: &str = "eu-west-1";
/// Between two changes: there is an end to how many access keys are looked at afterwards.
const PACE: Duration = Duration::from_millis(25);
/// Of so many access keys that are made, one is deleted.
const DELETED_ONE_IN: usize = 3;
const REFUSED: &str = "UnrecognizedClientException";

/// Changes that are answered between two kills, at least.
const CHANGES: usize = 20;

/// How far those who change have come, and whether they are to stop.
#[derive(Default)]
struct Progress {
    changes: AtomicUsize,
    stop: AtomicBool,
}

/// What was answered.
#[derive(Default)]
struct Answered {
    made: Vec<AwsCredentials>,
    deleted: Vec<AwsCredentials>,
    /// Deletions after which another node was asked at once, and refused.
    refused_at_once: usize,
}

/// What a node answers to a call that an access key signs.
async fn call_as(
    callers: &Callers,
    node: &NodeName,
    key: &AwsCredentials,
) -> anyhow::Result<(StatusCode, String)> {
    let signed = Call::new(callers.target(), &node.region, key, "ListKeys", "{}").sign()?;
    let (status, body) = tokio::time::timeout(CALL, callers.call(0, &signed)).await??;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

fn caller_of(cluster: &Cluster, node: &NodeName) -> anyhow::Result<Callers> {
    let port = cluster.port(node, Endpoint::Http);
    Ok(Callers::new(
        &Target::new(port, &cluster.client_ca(), b"http/1.1")?,
        1,
    ))
}

async fn delete(cluster: &Cluster, node: &NodeName, key: &AwsCredentials) -> anyhow::Result<()> {
    let request = DeleteAccessKeyRequest {
        access_key_id: key.access_key_id.clone(),
    };
    cluster
        .admin(node)?
        .delete_access_key(within(request, CALL))
        .await?;
    Ok(())
}

/// Makes access keys and deletes some of them, at one node after the other, until it is to stop. What was not answered
/// is unknown and not remembered.
async fn make_and_delete(cluster: &Cluster, progress: &Progress) -> anyhow::Result<Answered> {
    let nodes = cluster.nodes_of(HOME);
    let mut turns = nodes.iter().cycle();
    let mut next = || turns.next().unwrap();
    let mut answered = Answered::default();
    for number in 0.. {
        if progress.stop.load(Ordering::Relaxed) {
            break;
        }
        tokio::time::sleep(PACE).await;
        let principal = format!("arn:aws:iam::{ACCOUNT}:user/u{number}");
        let Ok(key) = cluster.make_access_key(next(), principal).await else {
            continue;
        };
        progress.changes.fetch_add(1, Ordering::Relaxed);
        if number % DELETED_ONE_IN != 0 {
            answered.made.push(key);
            continue;
        }
        if delete(cluster, next(), &key).await.is_err() {
            continue;
        }
        let elsewhere = next();
        // A node that does not answer admits nobody either.
        if let Ok((status, body)) = call_as(&caller_of(cluster, elsewhere)?, elsewhere, &key).await {
            let refused = status.is_server_error() || body.contains(REFUSED);
            assert!(refused, "{elsewhere} after the deletion: {status} {body}");
            answered.refused_at_once += 1;
        }
        answered.deleted.push(key);
    }
    Ok(answered)
}

/// Kills leaders of the home region, one after the other while changes are made, and starts each again.
async fn kill_leaders(cluster: &Cluster, progress: &Progress) -> anyhow::Result<()> {
    for _ in 0..rounds(2, 10) {
        let wanted = progress.changes.load(Ordering::Relaxed) + CHANGES;
        until("changes", SETTLED, || async {
            let changes = progress.changes.load(Ordering::Relaxed);
            anyhow::ensure!(changes >= wanted, "{changes} of {wanted}");
            Ok(())
        })
        .await?;
        let leader = until("a leader", SETTLED, || cluster.leader(HOME)).await?;
        cluster.kill(&leader)?;
        until("another leader", SETTLED, || async {
            let now = cluster.leader(HOME).await?;
            anyhow::ensure!(now != leader, "{now} is dead");
            Ok(())
        })
        .await?;
        cluster.start(&leader)?;
        cluster.region_ready(HOME).await?;
    }
    Ok(())
}

/// Each node's word on each access key.
async fn verify(cluster: &Cluster, answered: &Answered) -> anyhow::Result<()> {
    for node in cluster.nodes_of(HOME).into_iter().chain(cluster.nodes_of(OTHER)) {
        let callers = caller_of(cluster, &node)?;
        for key in &answered.made {
            until(&format!("{node} to know an access key"), SETTLED, || async {
                let (status, body) = call_as(&callers, &node, key).await?;
                anyhow::ensure!(status == StatusCode::OK, "{status} {body}");
                Ok(())
            })
            .await?;
        }
        for key in &answered.deleted {
            until(&format!("{node} to know a deletion"), SETTLED, || async {
                let (status, body) = call_as(&callers, &node, key).await?;
                anyhow::ensure!(body.contains(REFUSED), "{status} {body}");
                Ok(())
            })
            .await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_about_access_keys_holds_when_leaders_are_killed() -> anyhow::Result<()> {
    let cluster =
        TestCluster::start_with("access-keys", &[HOME, OTHER], 3, |plan| plan.http_tls = true).await?;
    drop(cluster.make_administrator_at_home(ACCOUNT).await?);
    let progress = Progress::default();
    let killing = async {
        let killed = kill_leaders(&cluster, &progress).await;
        progress.stop.store(true, Ordering::Relaxed);
        killed
    };
    let (answered, killed) = tokio::join!(make_and_delete(&cluster, &progress), killing);
    let answered = answered?;
    killed?;
    verify(&cluster, &answered).await?;
    same_state_hash(&cluster, HOME).await?;
    let (made, deleted, at_once) = (
        answered.made.len(),
        answered.deleted.len(),
        answered.refused_at_once,
    );
    let told = format!("{made} made and {deleted} deleted are so on every node, {at_once} of these at once");
    assert!(made > 0 && at_once > 0, "{told}");
    figure("access keys, leaders killed", &told);
    cluster.passed();
    Ok(())
}
