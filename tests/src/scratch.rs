//! A test's folder: removed when the test passes, kept and named when it fails.

use std::path::{Path, PathBuf};

/// A folder of one test. Unless the test says that it has [passed](Scratch::passed), the folder stays and its path is
/// printed: a test fails by a panic, by an error, or by being broken off, and its logs are wanted after each.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    passed: bool,
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
        Ok(Self { path, passed: false })
    }

    /// The folder is not needed any more.
    pub fn passed(&mut self) {
        self.passed = true;
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    #[expect(clippy::print_stderr, reason = "a failing test says where its logs are")]
    fn drop(&mut self) {
        if !self.passed {
            eprintln!("the cluster's files and logs are kept in {}", self.path.display());
        } else if let Err(error) = std::fs::remove_dir_all(&self.path) {
            eprintln!("cannot remove {}: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Scratch;

    #[test]
    fn a_folder_goes_only_when_its_test_has_passed() {
        let failed = Scratch::new("failed").expect("a folder is made");
        let kept = failed.path().to_owned();
        drop(failed);
        assert!(kept.is_dir());
        let again = Scratch {
            path: kept.clone(),
            passed: true,
        };
        drop(again);
        assert!(!kept.exists());
    }
}
