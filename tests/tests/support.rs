//! Steps that several promises share.

use anyhow::Context;
use kms_proto::admin::v1::RegionStatusResponse;
use kms_proto::kms::v1::{
    CreateKeyRequest, DescribeKeyRequest, EncryptRequest, KeyMetadata, ReplicateKeyRequest,
};
use kms_tests::client::Kms;
use kms_tests::cluster::Cluster;
use kms_tests::ledger::within;
use kms_tests::names::NodeName;
use kms_tests::wait::until;
use std::time::Duration;

pub(crate) const CALL: Duration = Duration::from_secs(5);
pub(crate) const SETTLED: Duration = Duration::from_secs(60);

/// A client of a region's first running node.
pub(crate) fn any_kms(cluster: &Cluster, region: &str) -> anyhow::Result<Kms> {
    let running = cluster
        .nodes_of(region)
        .into_iter()
        .find(|node| cluster.node(node).running().is_some());
    cluster.kms(&running.with_context(|| format!("no node of {region} runs"))?)
}

/// Makes a key and gives its id.
pub(crate) async fn create_key(kms: &mut Kms, multi_region: bool) -> anyhow::Result<String> {
    let request = CreateKeyRequest {
        multi_region: Some(multi_region),
        ..Default::default()
    };
    let answer = kms.create_key(within(request, CALL)).await?.into_inner();
    Ok(answer.key_metadata.context("CreateKey answers metadata")?.key_id)
}

pub(crate) async fn describe(kms: &mut Kms, key_id: &str) -> anyhow::Result<KeyMetadata> {
    let request = DescribeKeyRequest {
        key_id: key_id.to_owned(),
        ..Default::default()
    };
    let answer = kms.describe_key(within(request, CALL)).await?.into_inner();
    answer.key_metadata.context("DescribeKey answers metadata")
}

pub(crate) async fn encrypt(kms: &mut Kms, key_id: &str, plaintext: &[u8]) -> anyhow::Result<Vec<u8>> {
    let request = EncryptRequest {
        key_id: key_id.to_owned(),
        plaintext: plaintext.to_vec(),
        ..Default::default()
    };
    Ok(kms
        .encrypt(within(request, CALL))
        .await?
        .into_inner()
        .ciphertext_blob)
}

/// Replicates a key and waits until the replica is Enabled.
pub(crate) async fn replicate(cluster: &Cluster, from: &str, to: &str, key_id: &str) -> anyhow::Result<()> {
    let request = ReplicateKeyRequest {
        key_id: key_id.to_owned(),
        replica_region: to.to_owned(),
        ..Default::default()
    };
    let answer = any_kms(cluster, from)?
        .replicate_key(within(request, CALL))
        .await?
        .into_inner();
    let shown = answer
        .replica_key_metadata
        .context("ReplicateKey answers metadata")?;
    anyhow::ensure!(
        shown.key_state == "Creating" && !shown.enabled,
        "a new replica is Creating: {shown:?}"
    );
    enabled(cluster, to, key_id).await
}

/// Waits until a key is Enabled in a region.
pub(crate) async fn enabled(cluster: &Cluster, region: &str, key_id: &str) -> anyhow::Result<()> {
    until(
        &format!("{key_id} to be Enabled in {region}"),
        SETTLED,
        || async {
            let key = describe(&mut any_kms(cluster, region)?, key_id).await?;
            anyhow::ensure!(key.key_state == "Enabled", "it is {}", key.key_state);
            Ok(())
        },
    )
    .await
}

/// Waits until every running node of a region shows the same state hash at the same index, and gives it.
pub(crate) async fn same_state_hash(cluster: &Cluster, region: &str) -> anyhow::Result<(u64, String)> {
    cluster.same_state_hash(region, SETTLED).await
}

pub(crate) async fn status(cluster: &Cluster, node: &NodeName) -> anyhow::Result<RegionStatusResponse> {
    until(&format!("{node} to tell its status"), SETTLED, || {
        cluster.status(node)
    })
    .await
}

/// The lines of a node's log that hold `text`.
pub(crate) fn log_lines(cluster: &Cluster, node: &NodeName, text: &str) -> anyhow::Result<Vec<String>> {
    let log = std::fs::read(cluster.node(node).log())?;
    let log = String::from_utf8_lossy(&log);
    Ok(log
        .lines()
        .filter(|line| line.contains(text))
        .map(str::to_owned)
        .collect())
}
