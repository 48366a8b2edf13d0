//! What the local cluster writes for its nodes and its users: configurations and the list of endpoints.

use crate::cluster::{Cluster, Endpoint};
use crate::files::{write_private, write_public};
use crate::names::NodeName;
use anyhow::Context;
use std::path::Path;

/// Where snapshots are wanted more often, the log behind them is kept as much shorter: one entry in so many.
const KEEP_ONE_IN: u64 = 20;

impl Cluster {
    pub(crate) fn node_config(&self, node: &NodeName) -> String {
        let (cluster, region, id, mode) = (&self.plan().cluster, &node.region, node.id, &self.plan().mode);
        let filter = &self.plan().log_filter;
        let port = |endpoint| self.port(node, endpoint);
        let listener = |name: &str, endpoint, ca: &Path, advertise: bool| {
            let port = port(endpoint);
            let advertise = if advertise {
                format!("advertise = \"https://127.0.0.1:{port}\"\n")
            } else {
                String::new()
            };
            let ca = ca.display();
            format!(
                "[{name}]\nlisten = \"127.0.0.1:{port}\"\n{advertise}certificate = \"tls/{name}.pem\"\n\
                 key = \"tls/{name}-key.pem\"\nca = \"{ca}\"\n\n"
            )
        };
        let mut consensus = "[consensus]\n".to_owned();
        if let Some(entries) = self.plan().snapshot_every_entries {
            let keep = entries / KEEP_ONE_IN;
            consensus += &format!("snapshot_every_entries = {entries}\nkeep_entries = {keep}\n");
        }
        if let Some(interval) = self.plan().boot_count_interval_ms {
            consensus += &format!("boot_count_interval_ms = {interval}\n");
        }
        let mut text = format!(
            "# Written by the local cluster; described in cluster-configs/.\ncluster = \"{cluster}\"\n\
             region = \"{region}\"\nnode_id = {id}\nmode = \"{mode}\"\ndata_dir = \"data\"\n\n\
             [log]\nformat = \"text\"\nfilter = \"{filter}\"\n\n\
             [seal]\nprovider = \"file\"\npath = \"../root.key\"\n\n"
        );
        text += &listener("client", Endpoint::Client, &self.client_ca(), false);
        text += &self.http_listener(node);
        text += &listener("admin", Endpoint::Admin, &self.admin_ca(), false);
        text += &listener("raft", Endpoint::Raft, &self.region_ca(region, "raft"), false);
        let of_region: Vec<String> = self
            .nodes_of(region)
            .iter()
            .map(|n| format!("\"https://127.0.0.1:{}\"", self.port(n, Endpoint::Replication)))
            .collect();
        text += &listener(
            "replication",
            Endpoint::Replication,
            Path::new("tls/replication-regions-ca.pem"),
            true,
        );
        // Still within [replication]: where the whole region is reached, so that a pair outlives this node.
        text.truncate(text.trim_end().len());
        text += &format!("\nregion_endpoints = [{}]\n\n", of_region.join(", "));
        text += &format!(
            "[metrics]\nlisten = \"127.0.0.1:{}\"\n\n",
            port(Endpoint::Metrics)
        );
        if let Some(most) = self.plan().on_demand_rotations_max {
            text += &format!("[limits]\non_demand_rotations_max = {most}\n\n");
        }
        text + &consensus
    }

    fn http_listener(&self, node: &NodeName) -> String {
        let port = self.port(node, Endpoint::Http);
        let tls = match self.plan().http_tls {
            true => "certificate = \"tls/client.pem\"\nkey = \"tls/client-key.pem\"\n",
            false => "",
        };
        format!("[http]\nlisten = \"127.0.0.1:{port}\"\n{tls}\n")
    }

    pub(crate) fn write_kmsctl_config(&self) -> anyhow::Result<()> {
        let (caller, operator) = (self.caller_files(), self.operator_files());
        let mut text = format!(
            "default_context = \"{}\"\n",
            self.regions().first().context("no region")?
        );
        for region in self.regions() {
            let list = |endpoint| {
                let addresses = self
                    .nodes_of(region)
                    .iter()
                    .map(|n| self.address(n, endpoint))
                    .collect::<Vec<_>>();
                format!("[\"{}\"]", addresses.join("\", \""))
            };
            text += &format!(
                "\n[contexts.{region}]\nendpoints = {}\nadmin_endpoints = {}\nhttp_endpoint = \"{}\"\n\
                 server_ca = \"{}\"\ncertificate = \"{}\"\nkey = \"{}\"\n\
                 admin_server_ca = \"{}\"\nadmin_certificate = \"{}\"\nadmin_key = \"{}\"\n",
                list(Endpoint::Client),
                list(Endpoint::Admin),
                self.http_endpoint(region).context("a region has nodes")?,
                self.client_ca().display(),
                caller.certificate.display(),
                caller.key.display(),
                self.admin_ca().display(),
                operator.certificate.display(),
                operator.key.display(),
            );
        }
        write_private(&self.kmsctl_config(), text.as_bytes())
    }

    /// Writes `DIR/endpoints.json`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_endpoints(&self) -> anyhow::Result<()> {
        let regions: Vec<_> = self
            .regions()
            .iter()
            .map(|region| {
                let nodes: Vec<_> = self
                    .nodes_of(region)
                    .iter()
                    .map(|node| self.endpoints_of(node))
                    .collect();
                let http = self.http_endpoint(region);
                serde_json::json!({ "name": region, "http": http, "nodes": nodes })
            })
            .collect();
        let document = serde_json::json!({ "cluster": self.plan().cluster, "regions": regions });
        write_public(
            &self.folder().join("endpoints.json"),
            &serde_json::to_vec_pretty(&document)?,
        )
    }

    fn endpoints_of(&self, node: &NodeName) -> serde_json::Value {
        let files = self.node(node);
        serde_json::json!({
            "id": node.id,
            "pid": files.running(),
            "client": self.address(node, Endpoint::Client),
            "admin": self.address(node, Endpoint::Admin),
            "raft": self.address(node, Endpoint::Raft),
            "replication": self.address(node, Endpoint::Replication),
            "metrics": self.address(node, Endpoint::Metrics),
            "http": self.address(node, Endpoint::Http),
            "data": files.data(),
            "log": files.log(),
        })
    }
}
