//! From started processes to a cluster that answers: bootstrap each region, pair the regions, wait until ready.

use crate::cluster::{Cluster, Endpoint};
use crate::names::NodeName;
use crate::wait::until;
use anyhow::Context;
use kms_proto::admin::v1::{ListRegionPairsRequest, RegionStatusRequest, RegionStatusResponse};
use kms_proto::kms::v1::ListKeysRequest;
use std::time::Duration;

/// How long a freshly started region may take until it answers.
pub const READY_WITHIN: Duration = Duration::from_secs(60);

impl Cluster {
    /// Starts every node, forms the regions that are not formed, pairs those that are not paired, and waits until
    /// every node of every region answers. Safe to repeat.
    ///
    /// # Errors
    /// When a step fails, with what it said.
    pub async fn bring_up(&self) -> anyhow::Result<()> {
        self.start_all()?;
        for region in self.regions() {
            self.form_region(region)
                .await
                .with_context(|| format!("region {region}"))?;
        }
        for region in self.regions() {
            self.region_ready(region).await?;
            self.log_time_runs(region).await?;
        }
        self.pair_regions().await?;
        self.write_endpoints()
    }

    /// Starts and forms one region, and waits until its nodes answer.
    ///
    /// # Errors
    /// When a step fails, with what it said.
    pub async fn bring_up_region(&self, region: &str) -> anyhow::Result<()> {
        for node in self.nodes_of(region) {
            self.start(&node)?;
        }
        self.form_region(region)
            .await
            .with_context(|| format!("region {region}"))?;
        self.region_ready(region).await
    }

    /// Bootstraps a region unless that has been done.
    ///
    /// # Errors
    /// When its nodes do not answer or refuse.
    pub async fn form_region(&self, region: &str) -> anyhow::Result<()> {
        let nodes = self.nodes_of(region);
        for node in &nodes {
            until(&format!("node {node} to answer operators"), READY_WITHIN, || {
                self.status(node)
            })
            .await?;
        }
        let first = nodes.first().context("a region has at least one node")?;
        if !self.status(first).await?.incarnation.is_empty() || self.leader(region).await.is_ok() {
            return Ok(());
        }
        let members: Vec<String> = nodes
            .iter()
            .map(|node| {
                format!(
                    "--member={}=127.0.0.1:{}",
                    node.id,
                    self.port(node, Endpoint::Raft)
                )
            })
            .collect();
        let mut arguments = vec!["--context", region, "region", "bootstrap"];
        arguments.extend(members.iter().map(String::as_str));
        self.kmsctl(&arguments)?;
        Ok(())
    }

    /// Waits until every running node of a region answers callers.
    ///
    /// # Errors
    /// When one does not in time.
    pub async fn region_ready(&self, region: &str) -> anyhow::Result<()> {
        for node in self.nodes_of(region) {
            if self.node(&node).running().is_some() {
                until(&format!("node {node} to answer callers"), READY_WITHIN, || {
                    self.answers(&node)
                })
                .await?;
            }
        }
        Ok(())
    }

    /// Waits for a new region's first Pulse: before it, nothing that needs log time can be scheduled.
    async fn log_time_runs(&self, region: &str) -> anyhow::Result<()> {
        let node = self
            .nodes_of(region)
            .into_iter()
            .find(|node| self.node(node).running().is_some());
        let node = node.with_context(|| format!("no node of {region} runs"))?;
        until(&format!("log time to run in {region}"), READY_WITHIN, || async {
            let log_time = self.status(&node).await?.log_time.unwrap_or_default();
            anyhow::ensure!(log_time.seconds > 0, "no Pulse yet");
            Ok(())
        })
        .await
    }

    /// Pins every region in every other.
    ///
    /// # Errors
    /// When a region refuses.
    pub async fn pair_regions(&self) -> anyhow::Result<()> {
        for (i, here) in self.regions().iter().enumerate() {
            let first = self
                .nodes_of(here)
                .into_iter()
                .next()
                .context("a region has at least one node")?;
            let pairs = self
                .admin(&first)?
                .list_region_pairs(ListRegionPairsRequest {})
                .await?
                .into_inner()
                .pairs;
            let known = |name: &String| {
                pairs
                    .iter()
                    .any(|p| p.identity.as_ref().is_some_and(|identity| identity.name == *name))
            };
            for there in self.regions().iter().skip(i + 1).filter(|name| !known(name)) {
                self.kmsctl(&[
                    "--context",
                    here,
                    "region",
                    "pair",
                    "--with",
                    there,
                    "--mutual",
                    "--yes",
                ])?;
            }
        }
        Ok(())
    }

    /// What a node says of its region.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&self, node: &NodeName) -> anyhow::Result<RegionStatusResponse> {
        let mut request = tonic::Request::new(RegionStatusRequest {});
        request.set_timeout(Duration::from_secs(2));
        Ok(self.admin(node)?.region_status(request).await?.into_inner())
    }

    /// The node that leads a region, as a majority of its running nodes see it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn leader(&self, region: &str) -> anyhow::Result<NodeName> {
        let nodes = self.nodes_of(region);
        let mut leaders = Vec::new();
        for node in &nodes {
            if self.node(node).running().is_some()
                && let Ok(status) = self.status(node).await
                && let Some(leader) = status.leader_id
            {
                leaders.push((status.term, leader));
            }
        }
        leaders.sort_unstable();
        let (term, leader) = leaders
            .last()
            .copied()
            .with_context(|| format!("{region} has no leader"))?;
        let agreed = leaders.iter().filter(|seen| **seen == (term, leader)).count();
        anyhow::ensure!(
            2 * agreed > nodes.len(),
            "{region} does not agree on a leader: {leaders:?}"
        );
        let name = NodeName::new(region, leader);
        anyhow::ensure!(
            self.node(&name).running().is_some(),
            "{region} still names {name}, which does not run"
        );
        Ok(name)
    }

    /// Whether a node answers a caller's linearizable read.
    ///
    /// # Errors
    /// When it does not.
    pub async fn answers(&self, node: &NodeName) -> anyhow::Result<()> {
        let mut request = tonic::Request::new(ListKeysRequest {
            limit: Some(1),
            ..Default::default()
        });
        request.set_timeout(Duration::from_secs(2));
        self.kms(node)?.list_keys(request).await?;
        Ok(())
    }
}
