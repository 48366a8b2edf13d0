//! `kmsctl region`: operators' commands on a region, its nodes and its pairs.

mod nodes;
mod pair;
pub(super) mod status;

use std::time::Duration;

use clap::Subcommand;
use kms_proto::admin::v1::NodeAddress;

use crate::failure::Failure;
use crate::parse;
use crate::session::Session;

/// The time limit of calls that return when nodes have caught up.
const LONG_TIMEOUT: Duration = Duration::from_secs(60);

/// Commands on a region.
#[derive(Debug, Subcommand)]
pub(crate) enum RegionCommand {
    /// Show the region and each of its nodes
    Status,
    /// Make a region out of fresh nodes, once in its life
    Bootstrap {
        /// The first voters as ID=HOST:PORT of the raft listener, with ,STORE_ID to pin the disk; repeat for each
        #[arg(long = "member", required = true, value_name = "ID=HOST:PORT", value_parser = parse::member)]
        members: Vec<NodeAddress>,
        /// The region's name [default: the context's name]
        #[arg(long)]
        region: Option<String>,
    },
    /// Trust another region: fetch its identity with its own context and pin it in this one
    Pair {
        /// The context of the other region
        #[arg(long, value_name = "CONTEXT")]
        with: String,
        /// Pin this region in the other one too
        #[arg(long)]
        mutual: bool,
        /// Do not ask for confirmation
        #[arg(long, short)]
        yes: bool,
    },
    /// Stop trusting another region
    Unpair {
        /// The region's name
        region: String,
        /// Do not ask for confirmation
        #[arg(long, short)]
        yes: bool,
    },
    /// Show this region's identity and its fingerprints
    Identity,
    /// List the regions that this one is paired with
    Peers,
    /// Add a node: a learner until it has caught up, then a voter
    AddNode {
        /// ID=HOST:PORT of its raft listener, with ,STORE_ID to pin the disk
        #[arg(value_name = "ID=HOST:PORT", value_parser = parse::member)]
        node: NodeAddress,
    },
    /// Remove a node for good: its id can never come back
    RemoveNode {
        /// The node's id
        node_id: u64,
        /// Do not ask for confirmation
        #[arg(long, short)]
        yes: bool,
    },
    /// Make another voter the leader
    TransferLeader {
        /// The voter's id [default: the one that has caught up furthest]
        #[arg(long = "to", value_name = "NODE ID")]
        target_node_id: Option<u64>,
    },
    /// Make a snapshot and purge the log behind it, on each node that runs (or on the one of --endpoint)
    Snapshot,
    /// List the keys that wrap key material at rest
    WrappingKeys,
}

impl RegionCommand {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Status => status::run(session).await,
            Self::Bootstrap { members, region } => {
                nodes::bootstrap(session, members, region.as_deref()).await
            }
            Self::Pair { with, mutual, yes } => pair::pair(session, with, *mutual, *yes).await,
            Self::Unpair { region, yes } => pair::unpair(session, region, *yes).await,
            Self::Identity => pair::identity(session).await,
            Self::Peers => pair::peers(session).await,
            Self::AddNode { node } => nodes::add(session, node).await,
            Self::RemoveNode { node_id, yes } => nodes::remove(session, *node_id, *yes).await,
            Self::TransferLeader { target_node_id } => nodes::transfer_leader(session, *target_node_id).await,
            Self::Snapshot => nodes::snapshot(session).await,
            Self::WrappingKeys => nodes::wrapping_keys(session).await,
        }
    }
}
