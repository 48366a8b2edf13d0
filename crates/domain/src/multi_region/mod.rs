//! The protocol that keeps a multi-Region key's copies equal, free of IO so that it can be simulated whole.
//!
//! State is transferred per key, not operations: an outbox row says that a peer has not acknowledged a key's current
//! shared record. The leader's driver ships that record ([`ship`]), the receiver opens it ([`receive`]) and proposes
//! [`crate::Command::AcceptShipment`], and the sender proposes the receiver's answer as
//! [`crate::Command::NoteReceipt`]. Every message may be lost, repeated, delayed or reordered: (epoch, shared
//! revision) orders records, and a receipt names exactly what it acknowledges.

pub mod record;
pub mod reseal;
pub mod role;
mod shared_change;

pub use record::{
    AcceptOutcome, HandoverProof, MaterialInRecord, Receipt, RecordStamp, ReplicaCreation, SharedRecord,
    Shipment, ShipmentBody,
};
pub use reseal::{Reseal, ResealError};
pub use role::{Handover, MultiRegion, Replica, ReplicaPhase, Role, Tombstone};
pub(crate) use shared_change::{mark_dirty, shared_change};
