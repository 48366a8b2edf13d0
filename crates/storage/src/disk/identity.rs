//! Whom a data folder belongs to.

use std::fmt;

use crate::error::StorageError;

/// The node a data folder belongs to, as its configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeIdentity {
    /// Name of the cluster.
    pub cluster: String,
    /// Name of the region.
    pub region: String,
    /// Raft node id in the region.
    pub node_id: u64,
}

/// 16 random bytes drawn when a disk is formatted. A disk that was emptied gets another one and is
/// thereby another node to its peers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(pub [u8; 16]);

impl StoreId {
    /// Reads a store id from its 16 bytes.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, StorageError> {
        let bytes = bytes.try_into();
        bytes
            .map(Self)
            .map_err(|_| StorageError::Corrupt("a store id has 16 bytes".to_owned()))
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StoreId({self})")
    }
}
