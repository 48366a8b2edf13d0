//! `scripts/local-cluster`: a cluster of several regions on this machine, for trying things and for tests.

use anyhow::Context;
use clap::{Parser, Subcommand};
use kms_tests::cluster::{Binaries, Cluster, Endpoint, Plan};
use kms_tests::demo;
use kms_tests::names::NodeName;
use kms_tests::test_cluster::THREE_REGIONS;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Nodes in each region, unless told otherwise.
const NODES: u64 = 3;
/// First port, unless told otherwise.
const PORT_BASE: u16 = 7_100;

/// A Concord KMS cluster on this machine: three regions of three nodes unless told otherwise.
#[derive(Parser)]
#[command(name = "local-cluster", version)]
struct Arguments {
    /// The cluster's folder: certificates, root keys, data and logs.
    #[arg(long, global = true, default_value = ".state/local-cluster")]
    state: PathBuf,
    /// Folder with the programs kmsd and kmsctl.
    #[arg(long, global = true, hide = true)]
    binaries: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make what is missing, start what does not run, wait until all answers, and run the demo. Safe to repeat: a
    /// folder that holds a cluster is taken as it is, and refused if another shape is asked for.
    Up {
        #[command(flatten)]
        shape: Shape,
        /// Do not run the demo.
        #[arg(long)]
        no_demo: bool,
    },
    /// Show every node and what its region says.
    Status,
    /// Show the last lines of a node's log.
    Logs {
        /// The node, such as us-east-1/1.
        node: NodeName,
        /// Lines from the end.
        #[arg(long, default_value_t = 40)]
        lines: usize,
    },
    /// kill -9 a node.
    Kill {
        /// The node, such as us-east-1/1.
        node: NodeName,
    },
    /// Stop a node in good order: a leader hands over first.
    Stop {
        /// The node, such as us-east-1/1.
        node: NodeName,
    },
    /// Start a node.
    Start {
        /// The node, such as us-east-1/1.
        node: NodeName,
    },
    /// Run the demo on a cluster that is up.
    Demo,
    /// Stop every node. The folder stays; remove it for a fresh start.
    Down,
}

/// What the cluster is to be.
#[derive(clap::Args)]
struct Shape {
    /// Regions, the first of which the demo begins in [default: what the folder holds, else
    /// us-east-1,eu-west-1,ap-southeast-1]
    #[arg(long, value_delimiter = ',')]
    regions: Option<Vec<String>>,
    /// Nodes in each region, 1 to 9 [default: what the folder holds, else 3]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=9))]
    nodes: Option<u64>,
    /// First port; each region takes 100 from it [default: what the folder holds, else 7100]
    #[arg(long)]
    port_base: Option<u16>,
}

impl Shape {
    /// The plan that is asked for; what is not asked for is as in the folder.
    fn plan(self, state: &Path, binaries: &Binaries) -> anyhow::Result<Plan> {
        let mut plan = match Cluster::is_in(state) {
            true => Cluster::open(state, binaries.clone())?.plan().clone(),
            false => Plan::new("local", &THREE_REGIONS, NODES, PORT_BASE),
        };
        if self.regions.is_none() && self.nodes.is_none() {
            plan.port_base = self.port_base.unwrap_or(plan.port_base);
            return Ok(plan);
        }
        let there = plan.regions.values().map(BTreeSet::len).max();
        let nodes = match self.nodes {
            Some(nodes) => nodes,
            None => u64::try_from(there.unwrap_or_default())?,
        };
        let regions = self.regions.unwrap_or(plan.region_order);
        let names: Vec<&str> = regions.iter().map(String::as_str).collect();
        let port_base = self.port_base.unwrap_or(plan.port_base);
        Ok(Plan::new("local", &names, nodes, port_base))
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let binaries = binaries(arguments.binaries)?;
    let state = arguments.state;
    match arguments.command {
        Command::Up { shape, no_demo } => {
            let plan = shape.plan(&state, &binaries)?;
            up(&state, binaries, plan, !no_demo).await
        }
        Command::Status => status(&Cluster::open(&state, binaries)?).await,
        Command::Logs { node, lines } => logs(&Cluster::open(&state, binaries)?, &node, lines),
        Command::Kill { node } => {
            let cluster = Cluster::open(&state, binaries)?;
            known(&cluster, &node)?;
            cluster.kill(&node)?;
            say(&format!(
                "{node} is dead; start it again with: scripts/local-cluster start {node}"
            ))
        }
        Command::Stop { node } => {
            let cluster = Cluster::open(&state, binaries)?;
            known(&cluster, &node)?;
            cluster.stop(&node)?;
            say(&format!(
                "{node} has stopped; start it again with: scripts/local-cluster start {node}"
            ))
        }
        Command::Start { node } => {
            let cluster = Cluster::open(&state, binaries)?;
            known(&cluster, &node)?;
            cluster.start(&node)?;
            cluster.region_ready(&node.region).await?;
            say(&format!("{node} runs and answers"))
        }
        Command::Demo => demo::run(&Cluster::open(&state, binaries)?, &mut std::io::stdout()).await,
        Command::Down => {
            let cluster = Cluster::open(&state, binaries)?;
            cluster.stop_all()?;
            say(&format!(
                "every node has stopped; data stays in {}",
                cluster.folder().display()
            ))
        }
    }
}

async fn up(state: &Path, binaries: Binaries, plan: Plan, with_demo: bool) -> anyhow::Result<()> {
    let cluster = Cluster::open_or_make(state, binaries, plan)?;
    let (regions, nodes) = (cluster.regions().len(), cluster.nodes().len());
    say(&format!(
        "starting {nodes} nodes in {regions} regions, in {}",
        cluster.folder().display()
    ))?;
    cluster.bring_up().await.with_context(|| {
        format!(
            "the cluster did not come up; its logs are {}/*/node-*/kmsd.log",
            cluster.folder().display()
        )
    })?;
    cluster.make_aws_profiles().await?;
    say("every region has a leader, every node answers, AWS clients have their profiles\n")?;
    if with_demo {
        demo::run(&cluster, &mut std::io::stdout()).await?;
    }
    say(&demo::how_to_go_on(&cluster))
}

async fn status(cluster: &Cluster) -> anyhow::Result<()> {
    let mut text = format!(
        "{:<20} {:>8} {:<9} {:>6} {:>10} {:<18} {}\n",
        "NODE", "PID", "ROLE", "TERM", "APPLIED", "STATE HASH", "CLIENT ENDPOINT"
    );
    for node in cluster.nodes() {
        let pid = cluster
            .node(&node)
            .running()
            .map_or("-".to_owned(), |pid| pid.to_string());
        let (role, term, applied, hash) = match cluster.status(&node).await {
            Err(_) => ("down", String::new(), String::new(), String::new()),
            Ok(status) => {
                let role = if status.leader_id == Some(node.id) {
                    "leader"
                } else {
                    "follower"
                };
                let hash = status.state_hash.chars().take(16).collect();
                (
                    role,
                    status.term.to_string(),
                    status.applied_index.to_string(),
                    hash,
                )
            }
        };
        let endpoint = cluster.address(&node, Endpoint::Client);
        text += &format!(
            "{:<20} {pid:>8} {role:<9} {term:>6} {applied:>10} {hash:<18} {endpoint}\n",
            node.to_string()
        );
    }
    say(text.trim_end())
}

fn logs(cluster: &Cluster, node: &NodeName, lines: usize) -> anyhow::Result<()> {
    known(cluster, node)?;
    let path = cluster.node(node).log();
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let all: Vec<&str> = text.lines().collect();
    say(&format!(
        "{}\n{}",
        path.display(),
        all[all.len().saturating_sub(lines)..].join("\n")
    ))
}

fn known(cluster: &Cluster, node: &NodeName) -> anyhow::Result<()> {
    let nodes = cluster.nodes();
    let names = nodes
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    anyhow::ensure!(nodes.contains(node), "there is no node {node}; there are {names}");
    Ok(())
}

/// The programs lie beside this one unless told otherwise.
fn binaries(folder: Option<PathBuf>) -> anyhow::Result<Binaries> {
    let folder = match folder {
        Some(folder) => folder,
        None => {
            let own = std::env::current_exe()?;
            own.parent().context("this program lies in a folder")?.to_owned()
        }
    };
    Ok(Binaries {
        kmsd: folder.join("kmsd"),
        kmsctl: folder.join("kmsctl"),
    })
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(())
}
