//! Why a node did not start, or had to stop.

use crate::memory::MemoryError;
use crate::seal::SealError;
use crate::tls::TlsError;
use kms_crypto::CryptoError;
use kms_domain::vocabulary::{NodeId, RegionName};
use kms_raft::StartError;
use kms_storage::StorageError;
use std::io;
use std::net::SocketAddr;

/// Why a node did not start, or had to stop. Every text is for an operator and names files, never secrets.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The process's memory could not be protected.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A listener's certificates cannot be used.
    #[error("{listener}: {source}")]
    Tls {
        /// The section of the configuration.
        listener: &'static str,
        /// What is wrong.
        source: TlsError,
    },
    /// A certificate that this node shows to other nodes names somebody else: they would refuse it.
    #[error("{listener}.certificate must name node {node_id} of region {region} in this cluster: {found}")]
    OwnCertificate {
        /// The section of the configuration.
        listener: &'static str,
        /// The node in the configuration.
        node_id: NodeId,
        /// The region in the configuration.
        region: RegionName,
        /// What the certificate says.
        found: String,
    },
    /// The root key cannot be loaded.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The root key cannot be used.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The data folder cannot be opened.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The Raft member did not start.
    #[error(transparent)]
    Raft(#[from] StartError),
    /// An address cannot be listened on.
    #[error("{listener}: cannot listen on {address}: {source}")]
    Listen {
        /// The section of the configuration.
        listener: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// Metrics could not be started.
    #[error("metrics: {0}")]
    Metrics(String),
    /// Signals could not be subscribed to, or a blocking step did not run.
    #[error("{what}: {source}")]
    Process {
        /// What was attempted.
        what: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The Raft member stopped by itself: its disk failed, or the log holds what this version does not understand.
    #[error("the node has stopped: {0}")]
    Stopped(String),
}
