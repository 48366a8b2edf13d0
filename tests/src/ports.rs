//! Blocks of loopback ports below the ephemeral range, so that no outgoing connection ever takes a node's port
//! while the node is down. A lock file keeps parallel test processes apart.

use anyhow::Context;
use nix::fcntl::{Flock, FlockArg};
use std::fs::File;
use std::net::TcpListener;

/// Ports in one block: three regions of up to nine nodes with ten ports each, and room.
pub const BLOCK_PORTS: u16 = 400;
const FIRST: u16 = 10_000;
const LAST: u16 = 32_000;

/// A block of ports that no other test process uses while this value lives.
#[derive(Debug)]
pub struct PortBlock {
    base: u16,
    _lock: Flock<File>,
}

impl PortBlock {
    /// Takes a free block.
    ///
    /// # Errors
    /// When every block is taken.
    pub fn take() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join("concord-test-ports");
        std::fs::create_dir_all(&folder)?;
        let start = FIRST + (std::process::id() % 50) as u16 * BLOCK_PORTS;
        let bases = (start..LAST)
            .chain(FIRST..start)
            .step_by(usize::from(BLOCK_PORTS));
        for base in bases {
            let file =
                File::create(folder.join(base.to_string())).context("the lock file of a port block")?;
            let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else {
                continue;
            };
            // A block in which some other program listens is passed over.
            if (base..base + 40).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
                return Ok(Self { base, _lock: lock });
            }
        }
        anyhow::bail!("no free block of {BLOCK_PORTS} loopback ports between {FIRST} and {LAST}")
    }

    /// The first port of the block.
    pub fn base(&self) -> u16 {
        self.base
    }
}
