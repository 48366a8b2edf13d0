//! A cluster that lives as long as one test. One at a time in a process: nine nodes share two cores.

use crate::cluster::{Binaries, Cluster, Plan};
use crate::ports::PortBlock;
use crate::scratch::Scratch;
use anyhow::Context;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use tokio::sync::{Mutex, MutexGuard};

/// The regions of the main job.
pub const THREE_REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-1"];

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A cluster of one test. Its processes are killed when it is dropped; its folder stays unless the test
/// [passed](TestCluster::passed).
#[derive(Debug)]
pub struct TestCluster {
    cluster: Cluster,
    // Dropped in this order: the folder before the ports are given back.
    scratch: Scratch,
    _ports: PortBlock,
    _turn: MutexGuard<'static, ()>,
}

impl TestCluster {
    /// Makes and starts a cluster, and waits until every node answers.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(test: &str, regions: &[&str], nodes: u64) -> anyhow::Result<Self> {
        Self::start_with(test, regions, nodes, |_| ()).await
    }

    /// As [`TestCluster::start`], with a plan that `change` has changed.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_with(
        test: &str,
        regions: &[&str],
        nodes: u64,
        change: impl FnOnce(&mut Plan),
    ) -> anyhow::Result<Self> {
        let made = Self::make(test, regions, nodes, change).await?;
        made.cluster.bring_up().await?;
        Ok(made)
    }

    /// Makes the files of a cluster and starts nothing.
    ///
    /// # Errors
    /// When files cannot be written.
    pub async fn make(
        test: &str,
        regions: &[&str],
        nodes: u64,
        change: impl FnOnce(&mut Plan),
    ) -> anyhow::Result<Self> {
        let turn = ONE_AT_A_TIME.lock().await;
        let ports = PortBlock::take()?;
        let scratch = Scratch::new(test)?;
        let mut plan = Plan::new("test", regions, nodes, ports.base());
        change(&mut plan);
        let cluster = Cluster::open_or_make(scratch.path(), binaries()?, plan)?;
        Ok(Self {
            cluster,
            scratch,
            _ports: ports,
            _turn: turn,
        })
    }
}

impl TestCluster {
    /// The last word of a test: ends the processes and removes the files.
    pub fn passed(mut self) {
        self.scratch.passed();
    }
}

impl Deref for TestCluster {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl DerefMut for TestCluster {
    fn deref_mut(&mut self) -> &mut Cluster {
        &mut self.cluster
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        let nodes = self.cluster.nodes();
        if let Err(error) = self.cluster.kill_all(&nodes) {
            tracing::error!(%error, "a node of a test could not be ended");
        }
    }
}

/// The programs under test: in `CONCORD_BINARIES`, or beside the test's own folder in the target folder.
///
/// # Errors
/// When they have not been built.
pub fn binaries() -> anyhow::Result<Binaries> {
    let folder = match std::env::var_os("CONCORD_BINARIES") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let own = std::env::current_exe()?;
            let folder = own.ancestors().find(|folder| folder.join("kmsd").is_file());
            folder
                .context("kmsd has not been built: run scripts/test, or cargo build --bins")?
                .to_owned()
        }
    };
    let binaries = Binaries {
        kmsd: folder.join("kmsd"),
        kmsctl: folder.join("kmsctl"),
    };
    anyhow::ensure!(
        binaries.kmsd.is_file(),
        "{} has not been built",
        binaries.kmsd.display()
    );
    anyhow::ensure!(
        binaries.kmsctl.is_file(),
        "{} has not been built",
        binaries.kmsctl.display()
    );
    Ok(binaries)
}

/// Whether the long forms are asked for (`scripts/test --long`).
pub fn long() -> bool {
    std::env::var("CONCORD_LONG").is_ok_and(|value| value == "yes")
}

/// `short` rounds, or `long` ones when the long forms are asked for.
pub fn rounds(short: usize, long_rounds: usize) -> usize {
    if long() { long_rounds } else { short }
}
