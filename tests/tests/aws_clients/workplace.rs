//! Where client programs run: a folder with the cluster's profiles at the place that README names, with the packages that
//! Node imports, and as their home. Nothing of the environment's own AWS settings reaches them.

use anyhow::Context;
use kms_tests::cluster::{Cluster, Endpoint};
use kms_tests::files::private_folder;
use kms_tests::interop::{node_modules, python};
use kms_tests::programs::{self, Done};
use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

/// The slowest is the AWS CLI: each of its commands takes about a second to start.
const DONE_WITHIN: Duration = Duration::from_secs(300);

/// What a program runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runtime {
    /// The Python that has the packages of `tests/interop/requirements.txt`.
    Python,
    /// Node, with the packages of `tests/interop/javascript`.
    Node,
}

impl Runtime {
    /// Why a program of this runtime is not run.
    pub(super) fn absent(self) -> &'static str {
        match self {
            Self::Python => "CONCORD_PYTHON names no Python",
            Self::Node => "CONCORD_NODE_MODULES names no packages",
        }
    }
}

pub(super) struct Workplace<'a> {
    cluster: &'a Cluster,
    folder: PathBuf,
}

impl<'a> Workplace<'a> {
    /// Makes the folder, inside the cluster's.
    pub(super) fn new(cluster: &'a Cluster) -> anyhow::Result<Self> {
        let state = cluster.folder().canonicalize()?;
        let folder = state.join("clients");
        private_folder(&folder.join(".state"))?;
        symlink(&state, folder.join(".state/local-cluster"))?;
        if let Some(modules) = node_modules() {
            symlink(modules, folder.join("node_modules"))?;
            for entry in std::fs::read_dir(interop().join("javascript"))? {
                let entry = entry?;
                if entry.path().extension() == Some(OsStr::new("mjs")) {
                    std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
                }
            }
        }
        Ok(Self { cluster, folder })
    }

    /// A program of `tests/interop`, with the cluster's profiles; none where its runtime is absent.
    pub(super) fn program(&self, runtime: Runtime, name: &str) -> Option<Command> {
        let program = match runtime {
            Runtime::Python => interop().join(name),
            Runtime::Node => self.folder.join(name),
        };
        self.script(runtime, &program)
    }

    /// A file as a program, with the cluster's profiles; none where its runtime is absent.
    pub(super) fn script(&self, runtime: Runtime, file: &Path) -> Option<Command> {
        let mut command = match runtime {
            Runtime::Python => {
                let mut command = self.command(python()?);
                // No compiled files beside the sources.
                command.arg("-B");
                command
            }
            Runtime::Node => {
                node_modules()?;
                let mut command = self.command("node");
                // It works on Node 20, and warns that a later one will be needed some day.
                command.env("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true");
                command
            }
        };
        command.arg(file);
        self.with_profiles(&mut command);
        Some(command)
    }

    /// A shell script, with the AWS CLI and the cluster's programs in its path.
    ///
    /// # Errors
    /// Where no Python is named, for the AWS CLI is beside it.
    pub(super) fn shell(&self, text: &str) -> anyhow::Result<Command> {
        let python = python().context(Runtime::Python.absent())?;
        let beside = |program: &Path| program.parent().unwrap_or(program).to_owned();
        let mut path = vec![
            beside(Path::new(&python)),
            beside(&self.cluster.binaries().kmsctl),
        ];
        path.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        let mut command = self.command("bash");
        command
            .args(["-euo", "pipefail", "-c", text])
            .env("PATH", std::env::join_paths(path)?)
            .env("KMSCTL_CONFIG", self.cluster.kmsctl_config());
        Ok(command)
    }

    /// A program that is named by its path.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = programs::command(program);
        command.current_dir(&self.folder).env("HOME", &self.folder);
        command
    }

    /// Names the cluster's profiles to a command.
    pub(super) fn with_profiles(&self, command: &mut Command) {
        programs::with_profiles(command, self.cluster);
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// With what it wrote, when it fails; when it does not end in time.
    pub(super) async fn run(&self, what: &str, command: &mut Command) -> anyhow::Result<Done> {
        programs::run(what, command, DONE_WITHIN).await
    }

    /// The folder that programs run in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The cluster that they use.
    pub(super) fn cluster(&self) -> &Cluster {
        self.cluster
    }

    /// Where a region's first node listens for AWS clients.
    pub(super) fn http_port(&self, region: &str) -> anyhow::Result<u16> {
        let first = self.cluster.nodes_of(region).into_iter().next();
        let first = first.with_context(|| format!("{region} has no node"))?;
        Ok(self.cluster.port(&first, Endpoint::Http))
    }
}

fn interop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}
