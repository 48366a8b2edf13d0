//! Heals everything, waits until the regions agree, and reads what they show.

use crate::chaos::history::{Ciphertext, Finding, History, Name, Outcome};
use crate::chaos::roster::{Node, Roster};
use crate::chaos::traffic::calls::Calls;
use crate::chaos::validate::ciphertexts::When;
use crate::chaos::validate::convergence::disagreements;
use crate::chaos::validate::observed::{Observed, ObservedKey};
use crate::chaos::watch::replication;
use crate::cluster::Cluster;
use crate::ledger::within;
use crate::wait::until;
use anyhow::Context;
use kms_proto::admin::v1::KeyReplication;
use kms_proto::kms::v1::{DescribeKeyRequest, EnableKeyRequest, ListKeyRotationsRequest, ListKeysRequest};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const CALL_WITHIN: Duration = Duration::from_secs(5);
const CALLS_AT_ONCE: usize = 24;
const ATTEMPTS: usize = 3;
const PAGE: i32 = 1_000;

/// Starts what does not run, and waits until the regions agree and have nothing left to ship.
///
/// # Errors
/// When they do not in time, with what is missing.
pub async fn heal(cluster: &Cluster, roster: &Roster, converged_within: Duration) -> anyhow::Result<()> {
    cluster.start_all()?;
    for region in cluster.regions() {
        cluster.region_ready(region).await?;
    }
    until("nothing to be left to ship", converged_within, || {
        nothing_to_ship(roster)
    })
    .await?;
    for region in cluster.regions() {
        cluster.same_state_hash(region, converged_within).await?;
    }
    until("the regions to agree", converged_within, || async {
        let found = disagreements(&observe(roster).await?);
        let first = found.first().map_or("", |finding| finding.what.as_str());
        anyhow::ensure!(
            found.is_empty(),
            "{} disagreements, such as: {first}",
            found.len()
        );
        Ok(())
    })
    .await
}

async fn nothing_to_ship(roster: &Roster) -> anyhow::Result<()> {
    for region in roster.regions() {
        for node in roster.nodes(&region) {
            let (keys, peers) = replication(&mut node.admin.clone()).await?;
            for peer in peers {
                anyhow::ensure!(
                    peer.outbox_depth == 0,
                    "{} has {} records for {}: {:?}",
                    node.name,
                    peer.outbox_depth,
                    peer.region,
                    peer.last_failure
                );
            }
            for key in keys {
                let stuck = matches!(key.key_state.as_str(), "Creating" | "Updating") || key.rotation_pending;
                anyhow::ensure!(
                    !stuck,
                    "{} on {} is {}: {key:?}",
                    key.key_id,
                    node.name,
                    key.key_state
                );
            }
        }
    }
    Ok(())
}

/// Reads every key in every region, each through one of the region's nodes in turn.
///
/// # Errors
/// When a node does not answer.
pub async fn observe(roster: &Roster) -> anyhow::Result<Observed> {
    let mut observed = Observed::new();
    for region in roster.regions() {
        let nodes = roster.nodes(&region);
        let first = nodes.first().context("a region has nodes")?;
        let (replicated, _) = replication(&mut first.admin.clone()).await?;
        let replicated: BTreeMap<String, KeyReplication> = replicated
            .into_iter()
            .map(|key| (key.key_id.clone(), key))
            .collect();
        let mut reads = JoinSet::new();
        for (id, node) in list_keys(first).await?.into_iter().zip(nodes.iter().cycle()) {
            if reads.len() >= CALLS_AT_ONCE
                && let Some(read) = reads.join_next().await
            {
                let (id, key): (Name, ObservedKey) = read??;
                observed.insert((region.clone(), id), key);
            }
            let shown = replicated.get(&id).cloned();
            reads.spawn(read_key(node.clone(), id, shown));
        }
        while let Some(read) = reads.join_next().await {
            let (id, key) = read??;
            observed.insert((region.clone(), id), key);
        }
    }
    Ok(observed)
}

async fn list_keys(node: &Node) -> anyhow::Result<Vec<String>> {
    let mut kms = node.kms.clone();
    let mut ids = Vec::new();
    let mut marker = None;
    loop {
        let request = ListKeysRequest {
            limit: Some(PAGE),
            marker,
            ..Default::default()
        };
        let page = kms.list_keys(within(request, CALL_WITHIN)).await?.into_inner();
        ids.extend(page.keys.into_iter().map(|key| key.key_id));
        marker = page.next_marker;
        if marker.is_none() {
            return Ok(ids);
        }
    }
}

async fn read_key(
    node: Node,
    id: String,
    shown: Option<KeyReplication>,
) -> anyhow::Result<(Name, ObservedKey)> {
    let mut kms = node.kms.clone();
    let request = DescribeKeyRequest {
        key_id: id.clone(),
        ..Default::default()
    };
    let answer = kms.describe_key(within(request, CALL_WITHIN)).await?.into_inner();
    let key = answer.key_metadata.context("DescribeKey answers metadata")?;
    let request = ListKeyRotationsRequest {
        key_id: id.clone(),
        include_key_material: Some("ALL_KEY_MATERIAL".to_owned()),
        limit: Some(PAGE),
        marker: None,
    };
    let rotations = kms
        .list_key_rotations(within(request, CALL_WITHIN))
        .await?
        .into_inner()
        .rotations;
    let material = |entry: kms_proto::kms::v1::RotationsListEntry| {
        (
            entry.key_material_id.unwrap_or_default(),
            entry.key_material_state.unwrap_or_default(),
        )
    };
    let configuration = key.multi_region_configuration;
    let is_primary = configuration
        .as_ref()
        .is_some_and(|c| c.multi_region_key_type == "PRIMARY");
    let observed = ObservedKey {
        state: key.key_state,
        enabled: key.enabled,
        description: key.description,
        primary: configuration
            .and_then(|c| c.primary_key)
            .map(|primary| primary.region),
        is_primary,
        current_material: key.current_key_material_id,
        materials: rotations.into_iter().map(material).collect(),
        shared_at: shown.and_then(|key| {
            let epoch = key.epoch?;
            Some((
                epoch.counter,
                epoch.region,
                epoch.incarnation,
                key.shared_revision,
            ))
        }),
    };
    Ok((Name::from(id), observed))
}

/// Enables every key that was left disabled, so that all ciphertexts can be opened.
///
/// # Errors
/// When a region refuses.
pub async fn enable_all(roster: &Roster, observed: &Observed) -> anyhow::Result<()> {
    for ((region, id), _) in observed.iter().filter(|(_, key)| !key.enabled) {
        let node = roster
            .nodes(region)
            .into_iter()
            .next()
            .context("a region has nodes")?;
        let request = EnableKeyRequest {
            key_id: id.to_string(),
        };
        node.kms
            .clone()
            .enable_key(within(request, CALL_WITHIN))
            .await
            .with_context(|| format!("EnableKey of {id} in {region}"))?;
    }
    Ok(())
}

/// Decrypts every ciphertext in every region that holds its key. Gives how many were opened, and what was found.
pub async fn decrypt_all(roster: &Roster, history: &History, observed: &Observed) -> (u64, Vec<Finding>) {
    // A history of their own: these calls are a check, not traffic.
    let checks = Arc::new(History::default());
    let mut tasks = JoinSet::new();
    let mut opened = 0;
    for region in roster.regions() {
        let nodes = roster.nodes(&region);
        let here = history
            .ciphertexts()
            .into_iter()
            .filter(|c| observed.contains_key(&(region.clone(), c.key.clone())));
        for (ciphertext, node) in here.zip(nodes.iter().cycle()) {
            if tasks.len() >= CALLS_AT_ONCE {
                opened += tasks.join_next().await.map_or(0, |done| done.unwrap_or(0));
            }
            tasks.spawn(decrypt_at_last(
                Arc::clone(&checks),
                region.clone(),
                node.clone(),
                ciphertext,
            ));
        }
    }
    while let Some(done) = tasks.join_next().await {
        opened += done.unwrap_or(0);
    }
    (opened, checks.findings())
}

async fn decrypt_at_last(checks: Arc<History>, region: Name, node: Node, ciphertext: Arc<Ciphertext>) -> u64 {
    for attempt in 1..=ATTEMPTS {
        let when = if attempt == ATTEMPTS {
            When::AtTheEnd
        } else {
            When::Running
        };
        let mut calls = Calls {
            history: &checks,
            region: &region,
            kms: node.kms.clone(),
        };
        match calls.decrypt(&ciphertext, when).await {
            Ok(()) => return 1,
            Err(Outcome::Unknown | Outcome::Refused(_)) => {}
            Err(Outcome::Acknowledged) => break,
        }
    }
    0
}
