//! Carries out the plan on the cluster, and measures how long callers notice.

use crate::chaos::plan::{Fault, Step, one_of};
use crate::chaos::roster::Publisher;
use crate::client::Kms;
use crate::cluster::Cluster;
use crate::ledger::within;
use crate::names::NodeName;
use crate::replacement::wipe_and_replace;
use crate::wait::until;
use anyhow::Context;
use kms_proto::kms::v1::{CreateKeyRequest, EncryptRequest, UpdateKeyDescriptionRequest};
use nix::sys::signal::Signal;
use rand::rngs::SmallRng;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const LEADER_WITHIN: Duration = Duration::from_secs(30);
const WORKING_WITHIN: Duration = Duration::from_secs(30);
/// Nodes of which one may die without notice.
const NODES_TO_LOSE_ONE: usize = 3;
const STOP_WITHIN: Duration = Duration::from_secs(15);
/// A probe that a dying leader took with it must not hide that the next one would succeed.
const PROBE_WITHIN: Duration = Duration::from_millis(500);
const REGION_HELD_AT_LEAST: Duration = Duration::from_secs(4);

/// A fault that was carried out.
#[derive(Debug, Clone)]
pub struct Done {
    /// The fault.
    pub fault: Fault,
    /// Which nodes, and what followed.
    pub detail: String,
    /// From the kill of a leader until a write and a read succeeded through every survivor.
    pub fail_over: Option<Duration>,
    /// What did not come back, in words.
    pub not_recovered: Option<String>,
}

/// Hurts and mends a cluster.
#[derive(Debug)]
pub struct Conductor<'a> {
    cluster: &'a mut Cluster,
    publisher: Publisher,
    random: SmallRng,
    probes: BTreeMap<String, String>,
}

impl<'a> Conductor<'a> {
    /// Makes a key in each region to probe it with.
    ///
    /// # Errors
    /// When a region does not answer.
    pub async fn new(
        cluster: &'a mut Cluster,
        publisher: Publisher,
        random: SmallRng,
    ) -> anyhow::Result<Self> {
        let mut probes = BTreeMap::new();
        for region in cluster.regions() {
            let node = cluster
                .nodes_of(region)
                .into_iter()
                .next()
                .context("a region has nodes")?;
            let answer = cluster
                .kms(&node)?
                .create_key(within(CreateKeyRequest::default(), WORKING_WITHIN))
                .await?;
            let key = answer
                .into_inner()
                .key_metadata
                .context("CreateKey answers metadata")?;
            probes.insert(region.clone(), key.key_id);
        }
        Ok(Self {
            cluster,
            publisher,
            random,
            probes,
        })
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        self.cluster
    }

    /// Waits out the quiet time and carries out one fault, until all is mended.
    ///
    /// # Errors
    /// When the fault could not be carried out. That it was not recovered from is no error but a result.
    pub async fn carry_out(&mut self, step: &Step) -> anyhow::Result<Done> {
        tokio::time::sleep(step.quiet).await;
        // Killing one of two nodes left by an earlier trouble proves nothing more.
        if let Fault::KillLeader { region } | Fault::KillFollower { region } = &step.fault {
            let nodes = self.cluster.nodes_of(region).len();
            anyhow::ensure!(nodes >= NODES_TO_LOSE_ONE, "{region} has only {nodes} nodes left");
        }
        match &step.fault {
            Fault::KillLeader { region } => {
                let leader = until("a leader", LEADER_WITHIN, || self.cluster.leader(region)).await?;
                self.kill_one(step, &leader, true).await
            }
            Fault::KillFollower { region } => {
                let leader = until("a leader", LEADER_WITHIN, || self.cluster.leader(region)).await?;
                let followers = self.others(&leader);
                let victim = one_of(&followers, &mut self.random)
                    .context("a region has followers")?
                    .clone();
                self.kill_one(step, &victim, false).await
            }
            Fault::WipeAndReplace { region } => {
                let nodes = self.cluster.nodes_of(region);
                let victim = one_of(&nodes, &mut self.random)
                    .context("a region has nodes")?
                    .clone();
                self.wipe(step, &victim).await
            }
            Fault::StopRegion { region } => self.stop_region(step, region).await,
            Fault::KillAll => self.kill_all(step).await,
        }
    }

    fn others(&self, node: &NodeName) -> Vec<NodeName> {
        let nodes = self.cluster.nodes_of(&node.region);
        nodes.into_iter().filter(|other| other != node).collect()
    }

    async fn kill_one(&mut self, step: &Step, victim: &NodeName, leads: bool) -> anyhow::Result<Done> {
        let survivors = self.others(victim);
        let began = Instant::now();
        tokio::task::block_in_place(|| self.cluster.kill(victim))?;
        let mut trouble = Vec::new();
        let working = self.working(&survivors, began).await;
        let fail_over = match &working {
            Ok(took) => leads.then_some(*took),
            Err(error) => {
                trouble.push(format!("without {victim}: {error:#}"));
                None
            }
        };
        tokio::time::sleep(step.held).await;
        self.cluster.start(victim)?;
        trouble.extend(self.ready(std::slice::from_ref(&victim.region)).await);
        let took = working.map_or_else(|_| "never".to_owned(), |took| format!("{} ms", took.as_millis()));
        Ok(done(
            step,
            format!("{victim}, survivors work after {took}"),
            fail_over,
            &trouble,
        ))
    }

    async fn wipe(&mut self, step: &Step, victim: &NodeName) -> anyhow::Result<Done> {
        let began = Instant::now();
        let newcomer = match wipe_and_replace(self.cluster, victim).await {
            Ok(newcomer) => newcomer,
            Err(error) => {
                self.leave_members_only(&victim.region).await?;
                let trouble = [format!("{victim} could not be replaced: {error:#}")];
                return Ok(done(step, format!("{victim} is gone"), None, &trouble));
            }
        };
        self.publisher.publish(self.cluster)?;
        let trouble = self.ready(std::slice::from_ref(&victim.region)).await;
        let took = began.elapsed().as_millis();
        Ok(done(
            step,
            format!("{victim} replaced by {newcomer} in {took} ms"),
            None,
            &trouble,
        ))
    }

    /// After a replacement that broke off: nodes that do not belong to the region would only confuse what follows.
    async fn leave_members_only(&mut self, region: &str) -> anyhow::Result<()> {
        let leader = until("a leader", LEADER_WITHIN, || self.cluster.leader(region)).await?;
        let members = self.cluster.status(&leader).await?.members;
        for node in self.cluster.nodes_of(region) {
            if members.iter().all(|member| member.node_id != node.id) {
                self.cluster.kill(&node)?;
                self.cluster.forget_node(&node)?;
            }
        }
        self.publisher.publish(self.cluster)
    }

    async fn stop_region(&mut self, step: &Step, region: &str) -> anyhow::Result<Done> {
        let nodes = self.cluster.nodes_of(region);
        let mut trouble = Vec::new();
        for node in &nodes {
            self.cluster.node(node).signal(Signal::SIGTERM)?;
        }
        for node in &nodes {
            let files = self.cluster.node(node);
            if let Err(error) = tokio::task::block_in_place(|| files.wait_gone(STOP_WITHIN)) {
                trouble.push(format!("SIGTERM to {node}: {error:#}"));
                self.cluster.kill(node)?;
            }
        }
        tokio::time::sleep(step.held + REGION_HELD_AT_LEAST).await;
        let began = Instant::now();
        for node in &nodes {
            self.cluster.start(node)?;
        }
        trouble.extend(self.ready(&[region.to_owned()]).await);
        let took = began.elapsed().as_millis();
        Ok(done(
            step,
            format!("{region} answers {took} ms after its start"),
            None,
            &trouble,
        ))
    }

    async fn kill_all(&mut self, step: &Step) -> anyhow::Result<Done> {
        let nodes = self.cluster.nodes();
        tokio::task::block_in_place(|| self.cluster.kill_all(&nodes))?;
        tokio::time::sleep(step.held).await;
        let began = Instant::now();
        self.cluster.start_all()?;
        let trouble = self.ready(self.cluster.regions()).await;
        let took = began.elapsed().as_millis();
        Ok(done(
            step,
            format!("all answer {took} ms after their start"),
            None,
            &trouble,
        ))
    }

    /// Waits until every node of these regions answers, and says which did not.
    async fn ready(&self, regions: &[String]) -> Vec<String> {
        let mut trouble = Vec::new();
        for region in regions {
            if let Err(error) = self.cluster.region_ready(region).await {
                trouble.push(format!("{region}: {error:#}"));
            }
        }
        trouble
    }

    /// Time since `began` until a write and a read have succeeded through each of these nodes.
    async fn working(&self, nodes: &[NodeName], began: Instant) -> anyhow::Result<Duration> {
        let mut probes = JoinSet::new();
        for node in nodes {
            let key = self
                .probes
                .get(&node.region)
                .context("every region has a probe")?
                .clone();
            let (kms, node) = (self.cluster.kms(node)?, node.clone());
            probes.spawn(async move {
                until(&format!("{node} to work again"), WORKING_WITHIN, || {
                    probe(kms.clone(), key.clone())
                })
                .await
                .map(|()| began.elapsed())
            });
        }
        let mut slowest = Duration::ZERO;
        while let Some(probe) = probes.join_next().await {
            slowest = slowest.max(probe??);
        }
        Ok(slowest)
    }
}

async fn probe(mut kms: Kms, key: String) -> anyhow::Result<()> {
    let request = UpdateKeyDescriptionRequest {
        key_id: key.clone(),
        description: "a probe".to_owned(),
    };
    kms.update_key_description(within(request, PROBE_WITHIN)).await?;
    let request = EncryptRequest {
        key_id: key,
        plaintext: b"a probe".to_vec(),
        ..Default::default()
    };
    kms.encrypt(within(request, PROBE_WITHIN)).await?;
    Ok(())
}

fn done(step: &Step, detail: String, fail_over: Option<Duration>, trouble: &[String]) -> Done {
    Done {
        fault: step.fault.clone(),
        detail,
        fail_over,
        not_recovered: (!trouble.is_empty()).then(|| trouble.join("; ")),
    }
}
