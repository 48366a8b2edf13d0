//! A test's folder: removed when the test passes, kept and named when it fails.

use std::path::{Path, PathBuf};

/// A folder of one test. When the test panics, the folder stays and its path is printed.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    keep: bool,
}

impl Scratch {
    /// A new folder below `CONCORD_TEST_DIR`, or below the system's temporary folder.
    ///
    /// # Errors
    /// What the file system says.
    pub fn new(test: &str) -> anyhow::Result<Self> {
        let below = std::env::var_os("CONCORD_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let path = below.join(format!(
            "concord-{test}-{}-{:08x}",
            std::process::id(),
            rand::random::<u32>()
        ));
        crate::files::private_folder(&path)?;
        Ok(Self { path, keep: false })
    }

    /// Whether the folder stays in any case.
    pub fn keep(&mut self, keep: bool) {
        self.keep = keep;
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    #[expect(clippy::print_stderr, reason = "a failing test says where its logs are")]
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        if std::thread::panicking() {
            eprintln!("the cluster's files and logs are kept in {}", self.path.display());
        } else if let Err(error) = std::fs::remove_dir_all(&self.path) {
            eprintln!("cannot remove {}: {error}", self.path.display());
        }
    }
}
