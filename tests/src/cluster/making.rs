//! Making a cluster's files: certificates, root keys, configurations, and where everything listens.

use super::{ACCOUNT, Cluster, Endpoint};
use crate::certificates::{CertificateFiles, Subject, VALID_FOR};
use crate::files::{private_folder, write_private, write_public};
use crate::names::NodeName;
use anyhow::Context;
use std::path::Path;
use std::process::Command;

impl Cluster {
    pub(super) fn files_in(&self, folder: &Path, name: &str) -> CertificateFiles {
        CertificateFiles {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}-key.pem")),
        }
    }

    pub(super) fn save_plan(&self) -> anyhow::Result<()> {
        write_private(
            &self.folder.join("cluster.json"),
            &serde_json::to_vec_pretty(&self.plan)?,
        )
    }

    pub(super) fn make_callers(&self) -> anyhow::Result<()> {
        let cluster = &self.plan.cluster;
        let folder = self.folder.join("callers");
        let issue = |authority: &str, name: &str, uri: String| -> anyhow::Result<()> {
            let subject = Subject {
                dns: "localhost",
                uri,
                valid_for: VALID_FOR,
            };
            self.authority(authority)?.issue(&folder, name, &subject)?;
            Ok(())
        };
        issue(
            "client",
            "administrator",
            format!("spiffe://{cluster}/account/{ACCOUNT}/user/administrator"),
        )?;
        issue(
            "admin",
            "operator",
            format!("spiffe://{cluster}/operator/operator"),
        )
    }

    pub(super) fn make_root_key(&self, region: &str) -> anyhow::Result<()> {
        let path = self.folder.join(region).join("root.key");
        if path.exists() {
            return Ok(());
        }
        let mut command = Command::new(&self.binaries.kmsd);
        command.args(["seal", "init", "--out"]).arg(&path);
        if self.plan.mode != "production" {
            command.arg("--development");
        }
        let output = command
            .output()
            .with_context(|| format!("cannot run {}", self.binaries.kmsd.display()))?;
        if !output.status.success() {
            anyhow::bail!(
                "kmsd seal init failed: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }

    pub(super) fn make_node(&self, node: &NodeName) -> anyhow::Result<()> {
        let files = self.node(node);
        let tls = files.folder.join("tls");
        private_folder(&tls)?;
        let (cluster, region, id) = (&self.plan.cluster, &node.region, node.id);
        let uri = || format!("spiffe://{cluster}/region/{region}/node/{id}");
        let raft_dns = format!("node-{id}.{region}.{cluster}.concord.internal");
        let replication_dns = format!("{region}.{cluster}.concord.internal");
        let listeners = [
            ("client", "client".to_owned(), "localhost"),
            ("admin", "admin".to_owned(), "localhost"),
            ("raft", format!("{region}-raft"), raft_dns.as_str()),
            (
                "replication",
                format!("{region}-replication"),
                replication_dns.as_str(),
            ),
        ];
        for (listener, authority, dns) in listeners {
            let subject = Subject {
                dns,
                uri: uri(),
                valid_for: VALID_FOR,
            };
            self.authority(&authority)?.issue(&tls, listener, &subject)?;
        }
        self.write_replication_bundle(&tls)?;
        write_private(&files.config(), self.node_config(node).as_bytes())
    }

    /// The authorities of all regions' replication listeners: who is who among them, the pinned identities say.
    fn write_replication_bundle(&self, tls: &Path) -> anyhow::Result<()> {
        let mut bundle = String::new();
        for region in self.regions() {
            let authority = self.authority(&format!("{region}-replication"))?;
            bundle.push_str(&std::fs::read_to_string(authority.certificate())?);
        }
        write_public(&tls.join("replication-regions-ca.pem"), bundle.as_bytes())
    }

    fn node_config(&self, node: &NodeName) -> String {
        let (cluster, region, id, mode) = (&self.plan.cluster, &node.region, node.id, &self.plan.mode);
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
        let consensus = match self.plan.snapshot_every_entries {
            Some(entries) => format!("[consensus]\nsnapshot_every_entries = {entries}\n\n"),
            None => String::new(),
        };
        let mut text = format!(
            "# Written by the local cluster; described in cluster-configs/.\ncluster = \"{cluster}\"\n\
             region = \"{region}\"\nnode_id = {id}\nmode = \"{mode}\"\ndata_dir = \"data\"\n\n\
             [log]\nformat = \"text\"\nfilter = \"info\"\n\n\
             [seal]\nprovider = \"file\"\npath = \"../root.key\"\n\n"
        );
        text += &listener("client", Endpoint::Client, &self.client_ca(), false);
        text += &listener("admin", Endpoint::Admin, &self.admin_ca(), false);
        text += &listener("raft", Endpoint::Raft, &self.region_ca(region, "raft"), true);
        text += &listener(
            "replication",
            Endpoint::Replication,
            Path::new("tls/replication-regions-ca.pem"),
            true,
        );
        text += &format!(
            "[metrics]\nlisten = \"127.0.0.1:{}\"\n\n",
            port(Endpoint::Metrics)
        );
        text + &consensus
    }

    pub(super) fn write_kmsctl_config(&self) -> anyhow::Result<()> {
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
                "\n[contexts.{region}]\nendpoints = {}\nadmin_endpoints = {}\n\
                 server_ca = \"{}\"\ncertificate = \"{}\"\nkey = \"{}\"\n\
                 admin_server_ca = \"{}\"\nadmin_certificate = \"{}\"\nadmin_key = \"{}\"\n",
                list(Endpoint::Client),
                list(Endpoint::Admin),
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
                serde_json::json!({ "name": region, "nodes": nodes })
            })
            .collect();
        let document = serde_json::json!({ "cluster": self.plan.cluster, "regions": regions });
        write_public(
            &self.folder.join("endpoints.json"),
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
            "data": files.data(),
            "log": files.log(),
        })
    }
}
