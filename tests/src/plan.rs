//! What a cluster is to be.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a cluster is to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// Names it; part of every identity.
    pub cluster: String,
    /// Regions, and the ids of their nodes.
    pub regions: BTreeMap<String, BTreeSet<u64>>,
    /// Region order, which fixes their ports.
    pub region_order: Vec<String>,
    /// First port.
    pub port_base: u16,
    /// `development` or `production`.
    pub mode: String,
    /// Entries between snapshots, where the default is not wanted.
    pub snapshot_every_entries: Option<u64>,
    /// Time between two raises of a node's boot count, in milliseconds, if not the default.
    #[serde(default)]
    pub boot_count_interval_ms: Option<u64>,
    /// On-demand rotations in a key's life, if not the default.
    #[serde(default)]
    pub on_demand_rotations_max: Option<u32>,
    /// Whether AWS clients are listened to over TLS, with the certificate of the client listener.
    #[serde(default)]
    pub http_tls: bool,
    /// What its nodes log, as `log.filter` has it.
    #[serde(default = "usual_log_filter")]
    pub log_filter: String,
}

fn usual_log_filter() -> String {
    "info".to_owned()
}

impl Plan {
    /// A development cluster of `nodes` nodes in each region.
    pub fn new(cluster: &str, regions: &[&str], nodes: u64, port_base: u16) -> Self {
        Self {
            cluster: cluster.to_owned(),
            regions: regions
                .iter()
                .map(|r| ((*r).to_owned(), (1..=nodes).collect()))
                .collect(),
            region_order: regions.iter().map(|r| (*r).to_owned()).collect(),
            port_base,
            mode: "development".to_owned(),
            snapshot_every_entries: None,
            boot_count_interval_ms: None,
            on_demand_rotations_max: None,
            http_tls: false,
            log_filter: usual_log_filter(),
        }
    }

    /// Refuses a folder that holds another cluster than this one. Nodes are counted, not named: a replaced one has a
    /// new id.
    ///
    /// # Errors
    /// Names each difference, with what is asked for and what is there.
    pub fn must_be(&self, there: &Self) -> anyhow::Result<()> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, asked: String, has: String| {
            if asked != has {
                differences.push(format!("{what}: {asked} asked for, {has} there"));
            }
        };
        compare("cluster", self.cluster.clone(), there.cluster.clone());
        compare(
            "--regions",
            self.region_order.join(","),
            there.region_order.join(","),
        );
        compare("--nodes", self.node_counts(), there.node_counts());
        compare(
            "--port-base",
            self.port_base.to_string(),
            there.port_base.to_string(),
        );
        compare("mode", self.mode.clone(), there.mode.clone());
        compare(
            "snapshot_every_entries",
            format!("{:?}", self.snapshot_every_entries),
            format!("{:?}", there.snapshot_every_entries),
        );
        anyhow::ensure!(differences.is_empty(), "{}", differences.join("; "));
        Ok(())
    }

    /// Nodes in each region: one number where all have as many.
    fn node_counts(&self) -> String {
        let counts: Vec<usize> = self.regions.values().map(BTreeSet::len).collect();
        match counts.as_slice() {
            [first, rest @ ..] if rest.iter().all(|count| count == first) => first.to_string(),
            _ => format!("{counts:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn another_cluster_is_refused_with_both_values() {
        let there = Plan::new("local", &["us-east-1", "eu-west-1"], 3, 7_100);
        let refused = |asked: Plan| format!("{:#}", asked.must_be(&there).unwrap_err());
        let regions = refused(Plan::new("local", &["us-east-1"], 3, 7_100));
        assert_eq!(
            regions,
            "--regions: us-east-1 asked for, us-east-1,eu-west-1 there"
        );
        let nodes = refused(Plan::new("local", &["us-east-1", "eu-west-1"], 1, 7_100));
        assert_eq!(nodes, "--nodes: 1 asked for, 3 there");
        let ports = refused(Plan::new("local", &["us-east-1", "eu-west-1"], 3, 8_100));
        assert_eq!(ports, "--port-base: 8100 asked for, 7100 there");
    }

    #[test]
    fn a_cluster_with_a_replaced_node_is_the_same_cluster() {
        let mut there = Plan::new("local", &["us-east-1"], 3, 7_100);
        there.regions.insert("us-east-1".to_owned(), [2, 3, 4].into());
        assert!(
            Plan::new("local", &["us-east-1"], 3, 7_100)
                .must_be(&there)
                .is_ok()
        );
    }
}
