//! A file system on a loop device, whose power can be cut: what had not reached the device is gone, exactly as the
//! page cache is gone when the current fails. Needs root.

use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;

const SIZE: &str = "512M";

/// An ext4 file system in a file, mounted on a folder. Unmounted when dropped.
#[derive(Debug)]
pub struct BlockDevice {
    image: PathBuf,
    folder: PathBuf,
    mounted: bool,
}

fn run(program: &str, arguments: &[&std::ffi::OsStr]) -> anyhow::Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{program} {arguments:?} failed: {said}");
    Ok(())
}

/// Whether loop devices can be mounted here.
pub fn available() -> bool {
    nix::unistd::Uid::effective().is_root() && Path::new("/dev/loop-control").exists()
}

impl BlockDevice {
    /// Makes an empty file system in `image` and mounts it on `folder`.
    ///
    /// # Errors
    /// When a tool is missing or refuses.
    pub fn make(image: PathBuf, folder: PathBuf) -> anyhow::Result<Self> {
        run("truncate", &["-s".as_ref(), SIZE.as_ref(), image.as_os_str()])?;
        run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), image.as_os_str()])?;
        let mut device = Self {
            image,
            folder,
            mounted: false,
        };
        device.mount()?;
        Ok(device)
    }

    fn mount(&mut self) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        run(
            "mount",
            &[
                "-o".as_ref(),
                "loop".as_ref(),
                self.image.as_os_str(),
                self.folder.as_os_str(),
            ],
        )?;
        self.mounted = true;
        Ok(())
    }

    fn unmount(&mut self) -> anyhow::Result<()> {
        if self.mounted {
            run("umount", &[self.folder.as_os_str()])?;
            self.mounted = false;
        }
        Ok(())
    }

    /// Copies what the device holds at this moment. The writers must be frozen.
    ///
    /// # Errors
    /// When the copy fails.
    pub fn freeze_copy(&self) -> anyhow::Result<PathBuf> {
        let copy = self.image.with_extension("cut");
        run(
            "cp",
            &[
                "--sparse=always".as_ref(),
                self.image.as_os_str(),
                copy.as_os_str(),
            ],
        )?;
        Ok(copy)
    }

    /// The power comes back: the folder shows `copy`, recovered by the file system's own journal. Nothing may have
    /// files open on the folder.
    ///
    /// # Errors
    /// When the file system cannot be unmounted, or the copy cannot be mounted.
    pub fn power_up(&mut self, copy: &Path) -> anyhow::Result<()> {
        self.unmount()?;
        std::fs::rename(copy, &self.image)?;
        self.mount()
    }
}

impl Drop for BlockDevice {
    fn drop(&mut self) {
        if let Err(error) = self.unmount() {
            tracing::error!(%error, "cannot unmount {}", self.folder.display());
        }
    }
}
