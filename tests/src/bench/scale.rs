//! Figures that are no rate: memory at rest, restart with many keys, and how soon a peer region sees a change.

use crate::bench::operations::{CALLERS, Connections, Material, Operation};
use crate::client::Kms;
use crate::cluster::Cluster;
use crate::names::NodeName;
use crate::wait::until;
use anyhow::Context;
use hdrhistogram::Histogram;
use kms_proto::kms::v1::{
    CreateKeyRequest, DescribeKeyRequest, EnableKeyRotationRequest, GetKeyRotationStatusRequest,
    ReplicateKeyRequest,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

const RESTART_WITHIN: Duration = Duration::from_secs(120);
const VISIBLE_WITHIN: Duration = Duration::from_secs(30);
const KEYS_AT_ONCE: Duration = Duration::from_secs(2);
/// Periods of automatic rotation to choose from, in days.
const PERIODS: std::ops::Range<i32> = 90..2_560;

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory {
    /// Resident (VmRSS).
    pub resident_bytes: u64,
    /// Address space that is locked as soon as it is touched (VmLck); 0 if mlockall was not allowed.
    pub locked_bytes: u64,
}

/// The memory of a running node.
///
/// # Errors
/// When it does not run, or /proc does not say.
pub fn memory(cluster: &Cluster, node: &NodeName) -> anyhow::Result<Memory> {
    let pid = cluster
        .node(node)
        .running()
        .with_context(|| format!("{node} does not run"))?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = |name: &str| -> anyhow::Result<u64> {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .with_context(|| format!("/proc/{pid}/status has no {name}"))?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1_024)
    };
    Ok(Memory {
        resident_bytes: value("VmRSS:")?,
        locked_bytes: value("VmLck:")?,
    })
}

/// Makes keys until the region has `count` of them.
///
/// # Errors
/// When no more keys can be made.
pub async fn fill(
    cluster: &Cluster,
    leader: &NodeName,
    connections: &Connections,
    material: &Arc<Material>,
    count: u64,
) -> anyhow::Result<u64> {
    loop {
        let keys = cluster.status(leader).await?.key_count;
        if keys >= count {
            return Ok(keys);
        }
        let made = connections
            .closed(Operation::CreateKey, material, CALLERS, KEYS_AT_ONCE)
            .await?;
        anyhow::ensure!(
            made.succeeded > 0,
            "no key could be made: {:?}",
            made.first_failure
        );
    }
}

/// Stops a node in good order and gives the time from its start until it answers callers.
///
/// # Errors
/// When it does not stop or does not answer in time.
pub async fn restart(cluster: &Cluster, node: &NodeName) -> anyhow::Result<Duration> {
    tokio::task::block_in_place(|| cluster.stop(node))?;
    let began = Instant::now();
    cluster.start(node)?;
    until(&format!("{node} to answer"), RESTART_WITHIN, || {
        cluster.answers(node)
    })
    .await?;
    Ok(began.elapsed())
}

/// A multi-Region key with an Enabled replica.
///
/// # Errors
/// When it cannot be made in time.
pub async fn replicated_key(here: &mut Kms, there: &Kms, region: &str) -> anyhow::Result<String> {
    let request = CreateKeyRequest {
        multi_region: Some(true),
        ..Default::default()
    };
    let made = here.create_key(request).await?.into_inner();
    let key_id = made.key_metadata.context("CreateKey answers metadata")?.key_id;
    let request = ReplicateKeyRequest {
        key_id: key_id.clone(),
        replica_region: region.to_owned(),
        ..Default::default()
    };
    here.replicate_key(request).await?;
    until("the replica to be Enabled", VISIBLE_WITHIN, || {
        let (mut there, key_id) = (there.clone(), key_id.clone());
        async move {
            let request = DescribeKeyRequest {
                key_id,
                ..Default::default()
            };
            let shown = there.describe_key(request).await?.into_inner();
            let state = shown.key_metadata.unwrap_or_default().key_state;
            anyhow::ensure!(state == "Enabled", "it is {state}");
            Ok(())
        }
    })
    .await?;
    Ok(key_id)
}

/// Changes the rotation period at the primary again and again; times from each call's start until the peer shows it.
///
/// # Errors
/// When the change is refused or does not become visible in time.
pub async fn visible_in_peer(
    here: &mut Kms,
    there: &mut Kms,
    key_id: &str,
    changes: usize,
) -> anyhow::Result<Histogram<u64>> {
    let mut latency_us = Histogram::new(3)?;
    for period in PERIODS.take(changes) {
        let began = Instant::now();
        let request = EnableKeyRotationRequest {
            key_id: key_id.to_owned(),
            rotation_period_in_days: Some(period),
        };
        here.enable_key_rotation(request).await?;
        loop {
            let request = GetKeyRotationStatusRequest {
                key_id: key_id.to_owned(),
            };
            let shown = there.get_key_rotation_status(request).await?.into_inner();
            if shown.rotation_period_in_days == Some(period) {
                break;
            }
            anyhow::ensure!(
                began.elapsed() < VISIBLE_WITHIN,
                "the peer still shows {:?}",
                shown.rotation_period_in_days
            );
        }
        latency_us.record(u64::try_from(began.elapsed().as_micros())?)?;
    }
    Ok(latency_us)
}
