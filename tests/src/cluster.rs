//! A cluster on one machine: its folder, its nodes, and what can be done to them.
//!
//! ```text
//! DIR/cluster.json        what the cluster is
//! DIR/endpoints.json      where it listens, kept true when nodes start and stop
//! DIR/kmsctl.toml         a context per region
//! DIR/ca/                 authorities
//! DIR/callers/            certificates of the account's administrator and of the operator
//! DIR/aws-config          profiles of AWS clients, their access keys in DIR/aws-credentials
//! DIR/<region>/root.key   the region's root key
//! DIR/<region>/node-<id>/ kmsd.toml, tls/, data/, kmsd.log
//! ```

use crate::certificates::{Authority, CertificateFiles, DEVELOPMENT_MARK, Subject, VALID_FOR};
use crate::files::{private_folder, write_private, write_public};
use crate::names::NodeName;
pub use crate::plan::Plan;
use crate::process::NodeFiles;
use anyhow::Context;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The account that the local cluster's administrator belongs to.
pub const ACCOUNT: &str = "111122223333";

/// How long a node may take to hand over and end.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// Ports of one node.
const PORTS_PER_NODE: u16 = 10;

/// Ports of one region.
const PORTS_PER_REGION: u16 = 100;

/// The programs a cluster consists of.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// The server.
    pub kmsd: PathBuf,
    /// The command line.
    pub kmsctl: PathBuf,
}

/// A listener of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Public gRPC API.
    Client = 0,
    /// Operators' gRPC API.
    Admin = 1,
    /// Nodes of the same region.
    Raft = 2,
    /// Nodes of other regions.
    Replication = 3,
    /// Prometheus.
    Metrics = 4,
    /// AWS clients, in plain HTTP.
    Http = 5,
}

/// A cluster in a folder.
#[derive(Debug, Clone)]
pub struct Cluster {
    folder: PathBuf,
    binaries: Binaries,
    plan: Plan,
    environment: BTreeMap<NodeName, Vec<(String, String)>>,
}

impl Cluster {
    /// Opens the cluster in `folder`, or makes its files there: certificates, root keys, configurations.
    ///
    /// # Errors
    /// When the folder holds another cluster, with what is asked for and what is there, or when it cannot be written.
    pub fn open_or_make(folder: &Path, binaries: Binaries, plan: Plan) -> anyhow::Result<Self> {
        if Self::is_in(folder) {
            let there = Self::open(folder, binaries)?;
            plan.must_be(&there.plan)
                .with_context(|| format!("{} holds another cluster", folder.display()))?;
            return Ok(there);
        }
        private_folder(folder)?;
        let folder = folder.canonicalize()?;
        let cluster = Self {
            folder,
            binaries,
            plan,
            environment: BTreeMap::new(),
        };
        cluster.make_callers()?;
        for region in &cluster.plan.region_order {
            private_folder(&cluster.folder.join(region))?;
            cluster.make_root_key(region)?;
        }
        for node in cluster.nodes() {
            cluster.make_node(&node)?;
        }
        cluster.write_kmsctl_config()?;
        cluster.write_endpoints()?;
        // Last, so that a folder with this file is whole.
        cluster.save_plan()?;
        Ok(cluster)
    }

    /// Whether a folder holds a cluster that was made whole.
    pub fn is_in(folder: &Path) -> bool {
        folder.join("cluster.json").exists()
    }

    /// Opens the cluster in `folder`.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(folder: &Path, binaries: Binaries) -> anyhow::Result<Self> {
        let path = folder.join("cluster.json");
        let text = std::fs::read(&path).with_context(|| {
            format!(
                "there is no cluster in {}: run `scripts/local-cluster up`",
                folder.display()
            )
        })?;
        let plan =
            serde_json::from_slice(&text).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self {
            folder: folder.canonicalize()?,
            binaries,
            plan,
            environment: BTreeMap::new(),
        })
    }

    /// The cluster's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the cluster is.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its programs.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Regions in their order.
    pub fn regions(&self) -> &[String] {
        &self.plan.region_order
    }

    /// Nodes of one region.
    pub fn nodes_of(&self, region: &str) -> Vec<NodeName> {
        let ids = self.plan.regions.get(region).into_iter().flatten();
        ids.map(|id| NodeName::new(region, *id)).collect()
    }

    /// All nodes.
    pub fn nodes(&self) -> Vec<NodeName> {
        self.regions()
            .iter()
            .flat_map(|region| self.nodes_of(region))
            .collect()
    }

    /// A node's folder and process.
    pub fn node(&self, node: &NodeName) -> NodeFiles {
        NodeFiles {
            folder: self.folder.join(&node.region).join(format!("node-{}", node.id)),
        }
    }

    /// A node's port.
    pub fn port(&self, node: &NodeName, endpoint: Endpoint) -> u16 {
        let region = self
            .plan
            .region_order
            .iter()
            .position(|r| *r == node.region)
            .unwrap_or(0);
        let region = u16::try_from(region).unwrap_or(0);
        let id = u16::try_from(node.id).unwrap_or(0);
        self.plan.port_base + region * PORTS_PER_REGION + id * PORTS_PER_NODE + endpoint as u16
    }

    /// A node's address as a client writes it.
    pub fn address(&self, node: &NodeName, endpoint: Endpoint) -> String {
        let port = self.port(node, endpoint);
        match endpoint {
            Endpoint::Http if self.plan.http_tls => format!("https://localhost:{port}"),
            Endpoint::Metrics | Endpoint::Http => format!("http://127.0.0.1:{port}"),
            Endpoint::Client | Endpoint::Admin => format!("https://localhost:{port}"),
            Endpoint::Raft | Endpoint::Replication => format!("https://127.0.0.1:{port}"),
        }
    }

    /// Environment variables that this node is started with from now on.
    pub fn set_environment(&mut self, node: &NodeName, variables: Vec<(String, String)>) {
        self.environment.insert(node.clone(), variables);
    }

    /// Starts a node, unless it runs.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(&self, node: &NodeName) -> anyhow::Result<()> {
        let files = self.node(node);
        if files.running().is_none() {
            let environment = self.environment.get(node).map(Vec::as_slice).unwrap_or_default();
            files
                .start(&self.binaries.kmsd, environment)
                .with_context(|| format!("node {node}"))?;
        }
        self.write_endpoints()
    }

    /// Starts every node.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub fn start_all(&self) -> anyhow::Result<()> {
        self.nodes().iter().try_for_each(|node| self.start(node))
    }

    /// `kill -9`, and waits until the process is gone.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&self, node: &NodeName) -> anyhow::Result<()> {
        self.kill_all(std::slice::from_ref(node))
    }

    /// `kill -9` of several nodes at once.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill_all(&self, nodes: &[NodeName]) -> anyhow::Result<()> {
        nodes
            .iter()
            .try_for_each(|node| self.node(node).signal(Signal::SIGKILL))?;
        nodes
            .iter()
            .try_for_each(|node| self.node(node).wait_gone(STOP_WITHIN))?;
        self.write_endpoints()
    }

    /// SIGTERM, and waits until the node has handed over and ended.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(&self, node: &NodeName) -> anyhow::Result<()> {
        self.node(node).signal(Signal::SIGTERM)?;
        self.node(node).wait_gone(STOP_WITHIN)?;
        self.write_endpoints()
    }

    /// Ends every node: SIGTERM to all, then SIGKILL to those that stay.
    ///
    /// # Errors
    /// When a process survives even that.
    pub fn stop_all(&self) -> anyhow::Result<()> {
        for node in self.nodes() {
            self.node(&node).signal(Signal::SIGTERM)?;
        }
        for node in self.nodes() {
            if self.node(&node).wait_gone(STOP_WITHIN).is_err() {
                self.kill(&node)?;
            }
        }
        self.write_endpoints()
    }

    /// Makes the files of one more node of a region.
    ///
    /// # Errors
    /// When the id was used before.
    pub fn plan_node(&mut self, region: &str) -> anyhow::Result<NodeName> {
        let ids = self
            .plan
            .regions
            .get_mut(region)
            .with_context(|| format!("there is no region {region}"))?;
        let id = ids.last().copied().unwrap_or(0) + 1;
        ids.insert(id);
        let node = NodeName::new(region, id);
        self.make_node(&node)?;
        self.save_plan()?;
        self.write_kmsctl_config()?;
        Ok(node)
    }

    /// Forgets a node that was removed from its region; its files stay where they are.
    ///
    /// # Errors
    /// When files cannot be written.
    pub fn forget_node(&mut self, node: &NodeName) -> anyhow::Result<()> {
        if let Some(ids) = self.plan.regions.get_mut(&node.region) {
            ids.remove(&node.id);
        }
        self.save_plan()?;
        self.write_kmsctl_config()?;
        self.write_endpoints()
    }

    /// Runs `kmsctl` with the cluster's configuration and gives what it wrote to standard output.
    ///
    /// # Errors
    /// When it fails: the text has its command line and what it wrote to standard error.
    pub fn kmsctl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(&self.binaries.kmsctl)
            .arg("--config")
            .arg(self.kmsctl_config())
            .args(arguments)
            .output()
            .with_context(|| format!("cannot run {}", self.binaries.kmsctl.display()))?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            anyhow::bail!(
                "kmsctl {} failed ({}): {errors}",
                arguments.join(" "),
                output.status
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// `DIR/kmsctl.toml`.
    pub fn kmsctl_config(&self) -> PathBuf {
        self.folder.join("kmsctl.toml")
    }

    /// Certificate of the account's administrator.
    pub fn caller_files(&self) -> CertificateFiles {
        self.files_in(&self.folder.join("callers"), "administrator")
    }

    /// Certificate of the operator.
    pub fn operator_files(&self) -> CertificateFiles {
        self.files_in(&self.folder.join("callers"), "operator")
    }

    /// Certificates of a node's listener: `client`, `admin`, `raft` or `replication`.
    pub fn listener_files(&self, node: &NodeName, listener: &str) -> CertificateFiles {
        self.files_in(&self.node(node).folder.join("tls"), listener)
    }

    /// The authority of callers and of client listeners.
    pub fn client_ca(&self) -> PathBuf {
        self.folder.join("ca/client-ca.pem")
    }

    /// The authority of operators and of admin listeners.
    pub fn admin_ca(&self) -> PathBuf {
        self.folder.join("ca/admin-ca.pem")
    }

    /// The authority of a region's `raft` or `replication` listeners.
    pub fn region_ca(&self, region: &str, purpose: &str) -> PathBuf {
        self.folder.join(format!("ca/{region}-{purpose}-ca.pem"))
    }

    /// Opens one of the cluster's authorities, to issue further certificates.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn authority(&self, name: &str) -> anyhow::Result<Authority> {
        let mark = if self.plan.mode == "production" {
            "Concord KMS"
        } else {
            DEVELOPMENT_MARK
        };
        Authority::open_or_make(&self.folder.join("ca"), name, mark)
    }

    fn files_in(&self, folder: &Path, name: &str) -> CertificateFiles {
        CertificateFiles {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}-key.pem")),
        }
    }

    fn save_plan(&self) -> anyhow::Result<()> {
        write_private(
            &self.folder.join("cluster.json"),
            &serde_json::to_vec_pretty(&self.plan)?,
        )
    }

    fn make_callers(&self) -> anyhow::Result<()> {
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

    fn make_root_key(&self, region: &str) -> anyhow::Result<()> {
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

    fn make_node(&self, node: &NodeName) -> anyhow::Result<()> {
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
}
