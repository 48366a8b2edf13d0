//! Asks every region, all the time, which keys it claims to be primary of, and tells the callers where keys are.

use crate::chaos::history::{Claim, Finding, History, Name};
use crate::chaos::plan::one_of;
use crate::chaos::roster::Roster;
use crate::chaos::traffic::keys::Keys;
use crate::client::Admin;
use crate::ledger::within;
use kms_proto::admin::v1::{DescribeReplicationRequest, KeyReplication, PeerReplication};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tonic::Status;

const EVERY: Duration = Duration::from_millis(400);
const CALL_WITHIN: Duration = Duration::from_secs(2);
const KEYS_PER_PAGE: i32 = 1_000;

/// The watch under way.
#[derive(Debug)]
pub struct Watch {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<u64>,
}

impl Watch {
    /// Watches every region.
    pub fn start(seed: u64, history: &Arc<History>, keys: &Arc<Keys>, roster: &Roster) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for (place, region) in (0..).zip(roster.regions()) {
            tasks.spawn(watch_region(
                SmallRng::seed_from_u64(seed ^ (0xa11 + place)),
                region,
                Arc::clone(history),
                Arc::clone(keys),
                roster.clone(),
                Arc::clone(&stop),
            ));
        }
        Self { stop, tasks }
    }

    /// Ends the watch and gives how often a region was asked and answered.
    pub async fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let mut answers = 0;
        while let Some(ended) = self.tasks.join_next().await {
            answers += ended.unwrap_or(0);
        }
        answers
    }
}

async fn watch_region(
    mut random: SmallRng,
    region: Name,
    history: Arc<History>,
    keys: Arc<Keys>,
    roster: Roster,
    stop: Arc<AtomicBool>,
) -> u64 {
    let mut answers = 0;
    // Per node and key: a node's own view of a key's epoch never goes back, whatever dies meanwhile.
    let mut highest: BTreeMap<(u64, String), (u64, u64)> = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        let nodes = roster.nodes(&region);
        if let Some(node) = one_of(&nodes, &mut random)
            && let Ok((shown, _)) = replication(&mut node.admin.clone()).await
        {
            answers += 1;
            for key in &shown {
                let now = (epoch_counter(key), key.shared_revision);
                let before = highest.entry((node.name.id, key.key_id.clone())).or_insert(now);
                if now.0 < before.0 {
                    let what = format!(
                        "{} in {}: epoch {} after {}",
                        key.key_id, node.name, now.0, before.0
                    );
                    history.finding(Finding::new("epochs never go back", what));
                }
                *before = (*before).max(now);
                tell(&keys, &region, key);
            }
            history.claims(shown.iter().filter_map(|key| claim(&region, key)));
        }
        tokio::time::sleep(EVERY).await;
    }
    answers
}

fn epoch_counter(key: &KeyReplication) -> u64 {
    key.epoch.as_ref().map_or(0, |epoch| epoch.counter)
}

/// The claim that a region makes by showing a key as its primary.
pub fn claim(region: &Name, key: &KeyReplication) -> Option<Claim> {
    let epoch = key.epoch.as_ref().filter(|_| key.role == "PRIMARY")?;
    Some(Claim {
        key: Name::from(key.key_id.as_str()),
        counter: epoch.counter,
        epoch_region: epoch.region.clone(),
        incarnation: epoch.incarnation.clone(),
        claimant: region.clone(),
    })
}

fn tell(keys: &Keys, region: &Name, shown: &KeyReplication) {
    let Some(key) = keys.get(&shown.key_id) else {
        return;
    };
    if shown.key_state != "Creating" {
        key.seen_in(region);
    }
    if shown.role == "PRIMARY" {
        key.primary_seen(region, epoch_counter(shown));
    }
}

/// All pages of DescribeReplication.
///
/// # Errors
/// What the node answers.
pub async fn replication(admin: &mut Admin) -> Result<(Vec<KeyReplication>, Vec<PeerReplication>), Status> {
    let mut keys = Vec::new();
    let mut marker = None;
    loop {
        let request = DescribeReplicationRequest {
            limit: Some(KEYS_PER_PAGE),
            marker,
            ..Default::default()
        };
        let page = admin
            .describe_replication(within(request, CALL_WITHIN))
            .await?
            .into_inner();
        keys.extend(page.keys);
        marker = page.next_marker;
        if marker.is_none() {
            return Ok((keys, page.peers));
        }
    }
}
