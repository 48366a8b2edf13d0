//! One Raft group per region: the only crate that names openraft.
//!
//! A [`Node`] proposes commands through the leader ([`Node::propose`]), reads linearizably on every
//! node ([`Node::read`]), and manages membership, snapshots and recovery. It must not know what
//! commands mean (that is `kms-domain`), how bytes lie on disk (`kms-storage`), or how certificates
//! are checked: the server supplies authenticated channels ([`Dial`]) and tells who calls
//! ([`PeerIdentity`]).

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod encoding;
mod error;
// What peers send is decoded only inside a running node, after its admission.
#[doc(hidden)]
pub mod fuzzing;
mod log_store;
mod network;
mod node;
mod settings;
mod state_machine;
mod type_config;
mod wire;

#[cfg(test)]
mod tests;

pub use error::{BootstrapError, MembershipError, ProposeError, ReadError, StartError};
pub use kms_storage::StoreId;
/// The encoding of what regions ship to each other is the log's own, so that a record has one form.
pub use kms_storage::encoding::{
    decode_receipt, decode_sealed_shipment, encode_receipt, encode_sealed_shipment,
};
pub use network::{Dial, DialError, PeerIdentity, RaftService};
pub use node::{
    Applied, Clock, Leadership, MemberStatus, NewNode, Node, NodeOptions, NodeStatus, Role, Started,
};
pub use settings::RaftSettings;
pub use state_machine::{AppliedId, EmittedEffect, View};
pub use type_config::NodeId;
