//! Limits of the log, each with its unit in its name.

use std::sync::Arc;

use crate::error::StorageError;

/// Called once when a write to disk has failed and nothing may be acknowledged any more. In
/// production it ends the process: after a failed sync nobody knows what the disk holds.
pub type FatalHook = Arc<dyn Fn(&StorageError) + Send + Sync>;

/// Limits and memory of a [`crate::LogStore`].
#[derive(Clone)]
pub struct LogOptions {
    /// Page cache of the engine, in bytes.
    pub cache_bytes: usize,
    /// Payload bytes of flushed entries kept in memory for followers and apply.
    pub recent_bytes_max: usize,
    /// Payload bytes waiting for the disk before `append` waits too.
    pub queue_bytes_max: usize,
    /// Payload bytes in one durable commit. A single larger operation still goes as one.
    pub batch_bytes_max: usize,
    /// Operations in one durable commit.
    pub batch_operations_max: usize,
    /// Payload bytes of one entry.
    pub entry_bytes_max: usize,
    /// What to do when the disk fails.
    pub fatal: FatalHook,
}

impl Default for LogOptions {
    /// Sizes for a node that must idle under 120 MiB; the fatal hook aborts the process.
    fn default() -> Self {
        Self {
            cache_bytes: 16 << 20,
            recent_bytes_max: 8 << 20,
            queue_bytes_max: 16 << 20,
            batch_bytes_max: 4 << 20,
            batch_operations_max: 4096,
            entry_bytes_max: 8 << 20,
            fatal: Arc::new(|error| {
                tracing::error!(%error, "storage failed, the process ends so that nothing is acknowledged");
                std::process::abort();
            }),
        }
    }
}
