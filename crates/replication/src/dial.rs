//! How connections to other regions are made. This crate must not know certificates: the server supplies channels
//! that authenticate both ends.

use kms_domain::rows::PeerRegion;
use tonic::transport::Channel;

/// Why there is no channel to a peer region, for example an endpoint that does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DialError(pub String);

/// Makes channels to the replication listeners of peer regions.
pub trait DialRegion: Send + Sync + 'static {
    /// A channel to one of `peer`'s endpoints that connects when first used, reconnects by itself, and refuses a
    /// server whose certificate does not name the peer's region or was not issued by the pinned CA: what such a
    /// server answered would be taken for the peer's word.
    ///
    /// # Errors
    /// When the endpoint or the local certificate cannot be used.
    fn channel(&self, peer: &PeerRegion, endpoint: &str) -> Result<Channel, DialError>;
}
