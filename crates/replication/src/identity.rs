//! Who calls from another region.

use kms_domain::State;
use kms_domain::rows::PeerRegion;
use kms_domain::vocabulary::{NodeId, RegionName};
use std::sync::Arc;
use tonic::Status;

/// The other end of a replication connection, as its certificate names it. The server's TLS layer puts one into the
/// extensions of every request; a request without it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRegionIdentity {
    /// The node's region.
    pub region: RegionName,
    /// The node in it.
    pub node_id: NodeId,
    /// SHA-256 of the SubjectPublicKeyInfo of the CA that issued its certificate.
    pub issuing_ca_spki_sha256: [u8; 32],
}

/// The pinned region that `identity` belongs to. A region that is not pinned and one whose certificate comes from
/// another CA than the pinned one are told the same.
pub(crate) fn pinned_region(state: &State, identity: &PeerRegionIdentity) -> Result<Arc<PeerRegion>, Status> {
    state
        .peer(&identity.region)
        .filter(|peer| peer.issuing_ca_spki_sha256 == identity.issuing_ca_spki_sha256)
        .cloned()
        .ok_or_else(|| Status::permission_denied("this region is not paired with the caller's"))
}
