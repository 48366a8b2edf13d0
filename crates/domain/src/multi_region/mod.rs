//! The protocol that keeps a multi-Region key's copies equal, free of IO so that it can be simulated whole.
//!
//! State is transferred per key, not operations: an outbox row says that a peer has not acknowledged a key's current
//! shared record. The leader's driver ships that record ([`ship`]), the receiver opens it ([`receive`]) and proposes
//! [`crate::Command::AcceptShipment`], and the sender proposes the receiver's answer as
//! [`crate::Command::NoteReceipt`]. Every message may be lost, repeated, delayed or reordered: (epoch, shared
//! revision) orders records, and a receipt names exactly what it acknowledges.

mod adopt;
pub mod describe;
mod examine;
mod links;
mod receive;
pub mod record;
mod replica_set;
pub mod reseal;
pub mod role;
mod rotation;
mod shared_change;
mod ship;

pub(crate) use adopt::{Cargo, create_replica, follow_record, take_over};
pub use describe::{KeyReplication, PeerReplication, describe, next_retry};
pub(crate) use examine::{Standing, bounded_reason, check_addresses, examine, record_view, refused};
pub use receive::{receipt, receive};
pub use record::{
    AcceptOutcome, HandoverProof, MaterialInRecord, Receipt, RecordStamp, ReplicaCreation, SharedImport,
    SharedRecord, Shipment, ShipmentBody,
};
pub(crate) use replica_set::{
    count_authz_change, forget_holdings, forget_imports_revision, mark_dirty_if_told, remove_replica,
    resume_as_primary,
};
pub use reseal::{MaterialBinding, Reseal, ResealError};
pub use role::{Handover, MultiRegion, Replica, ReplicaPhase, Role, Tombstone};
pub(crate) use rotation::{complete_rotation_if_held, material_after};
pub use rotation::{is_protected, rotation_blocked_by};
pub(crate) use shared_change::{mark_dirty, shared_change};
pub use ship::{due, shared_record, ship};
