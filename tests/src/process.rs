//! One `kmsd` process: started apart from this one, known by its id, ended by its id.

use anyhow::Context;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a started process may take until the system shows its command line.
const VISIBLE_WITHIN: Duration = Duration::from_secs(2);

/// Where a node's process leaves its traces.
#[derive(Debug, Clone)]
pub struct NodeFiles {
    /// The node's own folder.
    pub folder: PathBuf,
}

impl NodeFiles {
    /// Configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.join("kmsd.toml")
    }

    /// Data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Log file; appended to over restarts.
    pub fn log(&self) -> PathBuf {
        self.folder.join("kmsd.log")
    }

    fn pid(&self) -> PathBuf {
        self.folder.join("kmsd.pid")
    }

    /// The id of the running process, if it runs.
    pub fn running(&self) -> Option<u32> {
        let pid: u32 = std::fs::read_to_string(self.pid()).ok()?.trim().parse().ok()?;
        is_ours(pid, &self.config()).then_some(pid)
    }

    /// Starts the node with this binary. `environment` is added to that of this process.
    ///
    /// # Errors
    /// When it runs already or cannot be started.
    pub fn start(&self, kmsd: &Path, environment: &[(String, String)]) -> anyhow::Result<u32> {
        if let Some(pid) = self.running() {
            anyhow::bail!("{} runs already as process {pid}", self.folder.display());
        }
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let child = Command::new(kmsd)
            .arg("run")
            .arg("--config")
            .arg(self.config())
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A group of its own: Ctrl-C in the terminal does not end the cluster.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", kmsd.display()))?;
        let pid = child.id();
        crate::files::write_public(&self.pid(), pid.to_string().as_bytes())?;
        reap_in_background(child);
        self.wait_visible(pid)?;
        Ok(pid)
    }

    /// The system shows a new process's command line only some moments after it was started.
    fn wait_visible(&self, pid: u32) -> anyhow::Result<()> {
        let deadline = Instant::now() + VISIBLE_WITHIN;
        while self.running().is_none() {
            if Instant::now() > deadline {
                let log = self.log();
                anyhow::bail!(
                    "process {pid} ended as soon as it was started: see {}",
                    log.display()
                );
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Sends a signal to the node's process, if it runs.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let Some(pid) = self.running() else { return Ok(()) };
        match kill(Pid::from_raw(i32::try_from(pid)?), signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("cannot signal process {pid}")),
        }
    }

    /// Waits until the node's process is gone.
    ///
    /// # Errors
    /// When it is still there after `within`.
    pub fn wait_gone(&self, within: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + within;
        while let Some(pid) = self.running() {
            if Instant::now() > deadline {
                anyhow::bail!(
                    "process {pid} of {} did not end within {within:?}",
                    self.folder.display()
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

/// Collects the exit status, so that an ended child does not stay as a zombie while this process lives.
fn reap_in_background(mut child: std::process::Child) {
    std::thread::spawn(move || drop(child.wait()));
}

/// A process id may be given again by the system: it is the node's only if it runs with the node's configuration.
fn is_ours(pid: u32, config: &Path) -> bool {
    let Ok(command_line) = std::fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    let wanted = config.as_os_str().as_encoded_bytes();
    command_line.split(|b| *b == 0).any(|argument| argument == wanted)
}

/// Waits until this process is told to end, by Ctrl-C or SIGTERM, so that it can end what it started.
///
/// # Errors
/// When signals cannot be listened for.
pub async fn told_to_end() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
