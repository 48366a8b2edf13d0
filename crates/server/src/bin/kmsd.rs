//! `kmsd`: one node of Concord KMS.

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use kms_server::config::{Config, Mode};
use kms_server::{logging, memory, node, seal};
use std::path::PathBuf;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "kmsd", version, about = "One node of Concord KMS")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the node until SIGTERM or SIGINT.
    Run {
        /// The node's configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Reads and checks a configuration file.
    CheckConfig {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// The root key.
    Seal {
        #[command(subcommand)]
        command: SealCommand,
    },
}

#[derive(Subcommand)]
enum SealCommand {
    /// Makes a region's root key file, once; never overwrites one.
    Init(SealInit),
}

#[derive(Args)]
#[group(required = true, multiple = false, id = "place")]
struct SealPlace {
    /// Where the configuration says, for a node that has no data yet.
    #[arg(long)]
    config: Option<PathBuf>,
    /// In this file, to be copied to all nodes of the region by a safe way.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Args)]
struct SealInit {
    #[command(flatten)]
    place: SealPlace,
    /// With --out: marks the root key as made for development; production refuses it.
    #[arg(long, requires = "out")]
    development: bool,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Run { config } => run(load(&config)?),
        Command::CheckConfig { config } => load(&config).map(drop),
        Command::Seal {
            command: SealCommand::Init(init),
        } => seal_init(&init),
    }
}

fn load(path: &std::path::Path) -> anyhow::Result<Config> {
    Config::load(path).context("the configuration cannot be used")
}

/// Memory is protected before the first thread and the first secret exist.
fn run(config: Config) -> anyhow::Result<()> {
    logging::start(&config.log)?;
    let outcome = memory::protect(config.mode)
        .map_err(node::NodeError::from)
        .and_then(|()| run_protected(config));
    if let Err(error) = &outcome {
        tracing::error!(%error, "the node ends");
    }
    outcome.context("the node could not go on")
}

fn run_protected(config: Config) -> Result<(), node::NodeError> {
    let runtime = runtime().map_err(|source| node::NodeError::Process {
        what: "starting threads",
        source,
    })?;
    runtime.block_on(node::run(config))
}

/// Tasks run in the order in which they were woken. By tokio's own choice a connection would run at once when one of its
/// calls has been answered, while others are about to be; a busy node would do some per cent less.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_name("kmsd");
    #[cfg(tokio_unstable)]
    builder.disable_lifo_slot();
    builder.build()
}

fn seal_init(init: &SealInit) -> anyhow::Result<()> {
    match (&init.place.config, &init.place.out) {
        (Some(config), _) => {
            let config = load(config)?;
            memory::protect(config.mode)?;
            seal::init(&config)?;
        }
        (None, Some(out)) => {
            let mode = match init.development {
                true => Mode::Development,
                false => Mode::Production,
            };
            memory::protect(Mode::Development)?;
            seal::init_file(out, mode)?;
        }
        (None, None) => anyhow::bail!("--config or --out is needed"),
    }
    Ok(())
}
