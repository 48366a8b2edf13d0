//! Whom traffic and watch can call now. The one who replaces nodes publishes a new list; nobody else changes it.

use crate::chaos::history::Name;
use crate::client::{Admin, Kms};
use crate::cluster::Cluster;
use crate::names::NodeName;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// One node's clients.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// Public API.
    pub kms: Kms,
    /// Operators' API.
    pub admin: Admin,
}

type Lists = Arc<BTreeMap<Name, Vec<Node>>>;

/// Publishes the nodes of all regions.
#[derive(Debug)]
pub struct Publisher {
    sender: watch::Sender<Lists>,
}

/// Reads what was published last.
#[derive(Debug, Clone)]
pub struct Roster {
    receiver: watch::Receiver<Lists>,
}

/// A roster of a cluster's nodes, running or not.
///
/// # Errors
/// When certificates cannot be read.
pub fn roster(cluster: &Cluster) -> anyhow::Result<(Publisher, Roster)> {
    let (sender, receiver) = watch::channel(lists(cluster)?);
    Ok((Publisher { sender }, Roster { receiver }))
}

impl Publisher {
    /// Publishes the nodes that the cluster has now.
    ///
    /// # Errors
    /// When certificates cannot be read.
    pub fn publish(&self, cluster: &Cluster) -> anyhow::Result<()> {
        self.sender.send_replace(lists(cluster)?);
        Ok(())
    }
}

impl Roster {
    /// A region's nodes.
    pub fn nodes(&self, region: &str) -> Vec<Node> {
        self.receiver.borrow().get(region).cloned().unwrap_or_default()
    }

    /// The regions.
    pub fn regions(&self) -> Vec<Name> {
        self.receiver.borrow().keys().cloned().collect()
    }
}

fn lists(cluster: &Cluster) -> anyhow::Result<Lists> {
    let mut lists = BTreeMap::new();
    for region in cluster.regions() {
        let nodes: anyhow::Result<Vec<Node>> = cluster
            .nodes_of(region)
            .into_iter()
            .map(|name| {
                Ok(Node {
                    kms: cluster.kms(&name)?,
                    admin: cluster.admin(&name)?,
                    name,
                })
            })
            .collect();
        lists.insert(Name::from(region.as_str()), nodes?);
    }
    Ok(Arc::new(lists))
}
