//! Driver and transport of the protocol in `kms_domain::multi_region`, between regions.
//!
//! Every node receives ([`receiver`]); the leader ships ([`start`]). There are no rules here: what is due, what is
//! sent, what is accepted and what an answer means is the domain's. This crate adds what is not pure: signed and
//! sealed bytes, batches, connections, waiting after failures. It must not know certificates or root keys: the server
//! supplies authenticated channels ([`DialRegion`]), says who calls ([`PeerRegionIdentity`]), and opens this
//! region's keys ([`KeyRing`]).

#![forbid(unsafe_code)]
// In tests a panic is how an expectation fails.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod dial;
mod driver;
mod error;
mod frame;
mod identity;
mod key_ring;
mod limits;
mod local_region;
mod measures;
mod receiver;
mod reseal;

#[cfg(test)]
mod tests;

pub use dial::{DialError, DialRegion};
pub use driver::{Clock, Failure, Handle, Options, PeerStatus, start};
pub use error::ReplicationError;
pub use identity::PeerRegionIdentity;
pub use key_ring::{KeyRing, KeyRingError};
pub use limits::{Limits, REQUEST_BYTES_MAX, REQUEST_SHIPMENTS_MAX, RESPONSE_BYTES_MAX};
pub use local_region::{Later, LocalRegion, Outcome};
pub use receiver::{Receiver, ReceiverOptions, receiver};
