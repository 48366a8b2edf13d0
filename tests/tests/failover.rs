//! Must hold 3 and 4: one dead node is not noticed, a dead leader for at most two seconds, two dead nodes are said
//! clearly and lose nothing.

use crate::support::{any_kms, create_key, describe, encrypt, same_state_hash};
use kms_proto::kms::v1::{
    CreateKeyRequest, DecryptRequest, DescribeKeyRequest, EnableKeyRotationRequest, EncryptRequest,
    GenerateDataKeyRequest, ListKeysRequest, UpdateKeyDescriptionRequest,
};
use kms_tests::client::{Kms, exception};
use kms_tests::ledger::{Writers, count, decrypt, verify, within};
use kms_tests::names::NodeName;
use kms_tests::summary::figure;
use kms_tests::test_cluster::{TestCluster, rounds};
use kms_tests::wait::until;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const REGION: &str = "us-east-1";
const FAILOVER_MAX: Duration = Duration::from_secs(2);

/// Time from now until a write and a read succeed through each of the given nodes.
async fn time_until_working(
    cluster: &TestCluster,
    nodes: &[NodeName],
    key: &str,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    for node in nodes {
        until(
            &format!("{node} to work again"),
            Duration::from_secs(20),
            || async {
                let mut kms = cluster.kms(node)?;
                let request = UpdateKeyDescriptionRequest {
                    key_id: key.to_owned(),
                    description: node.to_string(),
                };
                kms.update_key_description(within(request, Duration::from_secs(2)))
                    .await?;
                encrypt(&mut kms, key, b"again").await?;
                Ok(())
            },
        )
        .await?;
    }
    Ok(began.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_leader_is_replaced_within_two_seconds_and_nothing_acknowledged_is_lost()
-> anyhow::Result<()> {
    let cluster = TestCluster::start("failover", &[REGION], 3).await?;
    let key = create_key(&mut any_kms(&cluster, REGION)?, false).await?;
    let ciphertext = encrypt(&mut any_kms(&cluster, REGION)?, &key, b"before").await?;
    let mut slowest = Duration::ZERO;
    for round in 0..rounds(3, 20) {
        let leader = until("a leader", Duration::from_secs(20), || cluster.leader(REGION)).await?;
        let writers = Writers::start(&cluster, REGION, 4).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        cluster.kill(&leader)?;
        let survivors: Vec<_> = cluster
            .nodes_of(REGION)
            .into_iter()
            .filter(|node| *node != leader)
            .collect();
        let took = time_until_working(&cluster, &survivors, &key).await?;
        slowest = slowest.max(took);
        let promises = writers.stop().await?;
        for node in &survivors {
            verify(&cluster, node, &promises).await?;
            assert_eq!(decrypt(&mut cluster.kms(node)?, &ciphertext).await?, b"before");
        }
        cluster.start(&leader)?;
        cluster.region_ready(REGION).await?;
        verify(&cluster, &leader, &promises).await?;
        figure(
            "3, leader killed",
            &format!(
                "kill {round}: works again after {} ms, {} promises kept",
                took.as_millis(),
                count(&promises)
            ),
        );
    }
    same_state_hash(&cluster, REGION).await?;
    figure(
        "3, leader killed",
        &format!("slowest fail-over {} ms", slowest.as_millis()),
    );
    assert!(slowest <= FAILOVER_MAX, "the slowest fail-over took {slowest:?}");
    cluster.passed();
    Ok(())
}

/// What the caller's own timer may be late by: with a deadline below the node's own, the caller itself ends the call.
const TIMER: Duration = Duration::from_millis(100);
/// No call is answered later than this, however long its caller would wait. No margin: the caller's clock counts.
const LATEST: Duration = Duration::from_secs(5);

type Ended = (&'static str, Duration, Result<(), tonic::Status>);

/// Calls of every sort at once on one node, each with the time until it ended, as the caller sees it.
async fn every_sort(
    kms: &Kms,
    key: &str,
    ciphertext: &[u8],
    allowed: Duration,
) -> anyhow::Result<Vec<Ended>> {
    let mut calls: JoinSet<Ended> = JoinSet::new();
    macro_rules! call {
        ($method:ident, $request:expr) => {{
            let (mut kms, request) = (kms.clone(), $request);
            calls.spawn(async move {
                let began = Instant::now();
                let answer = kms.$method(within(request, allowed)).await;
                (stringify!($method), began.elapsed(), answer.map(|_| ()))
            });
        }};
    }
    let key_id = key.to_owned();
    call!(create_key, CreateKeyRequest::default());
    call!(list_keys, ListKeysRequest::default());
    call!(
        describe_key,
        DescribeKeyRequest {
            key_id: key_id.clone(),
            ..Default::default()
        }
    );
    call!(
        update_key_description,
        UpdateKeyDescriptionRequest {
            key_id: key_id.clone(),
            description: "lost?".to_owned(),
        }
    );
    call!(
        enable_key_rotation,
        EnableKeyRotationRequest {
            key_id: key_id.clone(),
            ..Default::default()
        }
    );
    call!(
        generate_data_key,
        GenerateDataKeyRequest {
            key_id: key_id.clone(),
            number_of_bytes: Some(32),
            ..Default::default()
        }
    );
    call!(
        encrypt,
        EncryptRequest {
            key_id,
            plaintext: b"x".to_vec(),
            ..Default::default()
        }
    );
    call!(
        decrypt,
        DecryptRequest {
            ciphertext_blob: Some(ciphertext.to_vec()),
            ..Default::default()
        }
    );
    let mut ended = Vec::new();
    while let Some(call) = calls.join_next().await {
        ended.push(call?);
    }
    Ok(ended)
}

/// Every call on a node that has lost its quorum is refused, clearly and in time.
async fn refuses_in_time(kms: &Kms, key: &str, ciphertext: &[u8]) -> anyhow::Result<Duration> {
    let mut slowest = Duration::ZERO;
    for allowed in [
        Duration::from_millis(500),
        Duration::from_secs(3),
        Duration::from_secs(60),
    ] {
        let limit = LATEST.min(allowed + TIMER);
        for (operation, took, outcome) in every_sort(kms, key, ciphertext, allowed).await? {
            slowest = slowest.max(took);
            assert!(
                took <= limit,
                "{operation} within {allowed:?} took {took:?}, above {limit:?}"
            );
            let status = outcome.expect_err(operation);
            let told = exception(&status);
            let own_deadline = told.is_empty()
                && allowed < LATEST
                && matches!(
                    status.code(),
                    tonic::Code::DeadlineExceeded | tonic::Code::Cancelled
                );
            assert!(
                told == "DependencyTimeoutException" || own_deadline,
                "{operation}: {status:?}"
            );
        }
    }
    Ok(slowest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_quorum_every_call_is_refused_in_time_and_afterwards_everything_is_there()
-> anyhow::Result<()> {
    let cluster = TestCluster::start("no-quorum", &[REGION], 3).await?;
    let writers = Writers::start(&cluster, REGION, 4).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let promises = writers.stop().await?;
    let mut kms = any_kms(&cluster, REGION)?;
    let key = create_key(&mut kms, false).await?;
    let ciphertext = encrypt(&mut kms, &key, b"kept").await?;
    let nodes = cluster.nodes_of(REGION);
    for leader_survives in [true, false] {
        let leader = until("a leader", Duration::from_secs(20), || cluster.leader(REGION)).await?;
        let survivor = nodes
            .iter()
            .find(|node| (**node == leader) == leader_survives)
            .unwrap();
        // Connected before, so that what is measured is the call.
        let mut kms = cluster.kms(survivor)?;
        assert_eq!(decrypt(&mut kms, &ciphertext).await?, b"kept");
        let dead: Vec<_> = nodes.iter().filter(|node| *node != survivor).cloned().collect();
        cluster.kill_all(&dead)?;
        let slowest = refuses_in_time(&kms, &key, &ciphertext).await?;
        let left = if leader_survives { "leader" } else { "follower" };
        figure(
            "4, no quorum",
            &format!("{left} left: slowest refusal after {} ms", slowest.as_millis()),
        );
        for node in &dead {
            cluster.start(node)?;
        }
        cluster.region_ready(REGION).await?;
        for node in &nodes {
            verify(&cluster, node, &promises).await?;
            assert_eq!(decrypt(&mut cluster.kms(node)?, &ciphertext).await?, b"kept");
            // The refused description is unknown, not undone.
            let shown = describe(&mut cluster.kms(node)?, &key).await?.description;
            assert!(shown.is_empty() || shown == "lost?", "{shown}");
        }
        same_state_hash(&cluster, REGION).await?;
    }
    cluster.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_one_dead_node_in_each_region_every_operation_works() -> anyhow::Result<()> {
    const OTHER: &str = "eu-west-1";
    let cluster = TestCluster::start("dead-node", &[REGION, OTHER], 3).await?;
    let mut dead = Vec::new();
    for region in [REGION, OTHER] {
        let leader = cluster.leader(region).await?;
        let follower = cluster
            .nodes_of(region)
            .into_iter()
            .find(|node| *node != leader)
            .unwrap();
        cluster.kill(&follower)?;
        dead.push(follower);
    }
    for node in cluster.nodes().iter().filter(|node| !dead.contains(node)) {
        crate::every_operation::every_operation_once(&mut cluster.kms(node)?).await?;
    }
    let key = create_key(&mut any_kms(&cluster, REGION)?, true).await?;
    crate::support::replicate(&cluster, REGION, OTHER, &key).await?;
    crate::main_job::move_primary(&cluster, REGION, OTHER, &key).await?;
    for node in &dead {
        cluster.start(node)?;
        cluster.region_ready(&node.region).await?;
        same_state_hash(&cluster, &node.region).await?;
    }
    cluster.passed();
    Ok(())
}
