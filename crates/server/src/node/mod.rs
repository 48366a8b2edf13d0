//! One node, put together: what is started in which order, what the parts share, and how it all ends.

mod error;
mod health;
mod key_usages;
mod listeners;
mod measures;
mod open_files;
mod readiness;
mod run;
mod shutdown;
mod start;

pub use error::NodeError;
pub use readiness::{Readiness, Standing};
pub use run::run;

use crate::clock::Clock;
use crate::config::Config;
use crate::keyring::Keyring;
use crate::operations::cache::MaterialCache;
use crate::operations::usage::KeyUsages;
use crate::tls::ReloadingTls;
use kms_storage::DataFolder;
use std::sync::Arc;
use std::time::Instant;

/// The listeners' certificates.
pub struct ListenerTls {
    /// Callers.
    pub client: Arc<ReloadingTls>,
    /// AWS clients, unless there is no listener for them or it is plain.
    pub http: Option<Arc<ReloadingTls>>,
    /// Operators.
    pub admin: Arc<ReloadingTls>,
    /// Nodes of this region.
    pub raft: Arc<ReloadingTls>,
    /// Nodes of other regions.
    pub replication: Arc<ReloadingTls>,
}

/// What the parts of a running node share.
pub struct Running {
    /// The settings.
    pub config: Config,
    /// The Raft group's member that this process is.
    pub raft: kms_raft::Node,
    /// Shipping to other regions.
    pub replication: kms_replication::Handle,
    /// The open data folder.
    pub disk: Arc<DataFolder>,
    /// The region's keys.
    pub keyring: Arc<Keyring>,
    /// Opened key material.
    pub cache: Arc<MaterialCache>,
    /// When keys were last used, as far as the region does not know yet.
    pub usage: Arc<KeyUsages>,
    /// The wall clock.
    pub clock: Clock,
    /// Whether the node serves, and why not.
    pub readiness: Readiness,
    /// Certificates.
    pub tls: ListenerTls,
    /// When the process began to serve.
    pub started_at: Instant,
}
