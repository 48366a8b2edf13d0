//! Programs that are clients of a cluster: nothing of the environment's own AWS settings reaches them, and none outlives
//! its test.

use crate::cluster::Cluster;
use anyhow::Context;
use std::ffi::OsStr;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// What a program that succeeded wrote, and how long it ran.
#[derive(Debug)]
pub struct Done {
    /// To its standard output.
    pub output: String,
    /// To its standard error.
    pub errors: String,
    /// From its start to its end.
    pub took: Duration,
}

/// A command for a program, without input.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Names the cluster's profiles to a command.
pub fn with_profiles(command: &mut Command, cluster: &Cluster) {
    command
        .env("AWS_CONFIG_FILE", cluster.aws_config())
        .env("AWS_SHARED_CREDENTIALS_FILE", cluster.aws_credentials());
}

/// Runs a command to its end.
///
/// # Errors
/// With what it wrote, when it fails; when it does not end in time.
pub async fn run(what: &str, command: &mut Command, within: Duration) -> anyhow::Result<Done> {
    let started = Instant::now();
    let done = tokio::time::timeout(within, command.output())
        .await
        .with_context(|| format!("{what} did not end"))?
        .with_context(|| format!("{what} cannot be run"))?;
    let output = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    anyhow::ensure!(
        done.status.success(),
        "{what}: {}, after\n{output}{errors}",
        done.status
    );
    let took = started.elapsed();
    Ok(Done { output, errors, took })
}
