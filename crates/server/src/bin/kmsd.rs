//! `kmsd`: one node of Concord KMS.

use anyhow::Context;
use clap::{Parser, Subcommand};
use kms_server::config::Config;
use std::path::PathBuf;

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
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Run { config } | Command::CheckConfig { config } => {
            Config::load(&config).context("the configuration cannot be used")?;
            Ok(())
        }
    }
}
