//! Whether the nodes of a region hold the same state.

use crate::cluster::Cluster;
use crate::wait::until;
use anyhow::Context;
use std::time::Duration;

impl Cluster {
    /// The index and hash that all running nodes of a region show now.
    ///
    /// # Errors
    /// When one does not answer, or they differ.
    pub async fn state_hash(&self, region: &str) -> anyhow::Result<(u64, String)> {
        let mut seen: Vec<(u64, String)> = Vec::new();
        for node in self.nodes_of(region) {
            if self.node(&node).running().is_some() {
                let status = self.status(&node).await?;
                seen.push((status.state_hash_index, status.state_hash));
            }
        }
        let first = seen.first().cloned().context("no node runs")?;
        anyhow::ensure!(seen.iter().all(|other| *other == first), "they differ: {seen:?}");
        Ok(first)
    }

    /// Waits until every running node of a region shows the same state hash at the same index, and gives both.
    ///
    /// # Errors
    /// When they do not in time.
    pub async fn same_state_hash(&self, region: &str, within: Duration) -> anyhow::Result<(u64, String)> {
        until(&format!("equal state hashes in {region}"), within, || {
            self.state_hash(region)
        })
        .await
    }
}
