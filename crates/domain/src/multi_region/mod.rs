//! The protocol that keeps the copies of a multi-Region key, an account or an access key equal, free of IO so that it
//! can be simulated whole.
//!
//! State is transferred per record, not operations: an outbox row says that a peer has not acknowledged a record as
//! it is now. The leader's driver ships that record ([`ship`]), the receiver opens it ([`receive`]) and proposes
//! [`crate::Command::AcceptShipment`], and the sender proposes the receiver's answer as
//! [`crate::Command::NoteReceipt`]. Every message may be lost, repeated, delayed or reordered: (epoch, shared
//! revision) orders records, and a receipt names exactly what it acknowledges.

mod adopt;
pub mod describe;
mod examine;
mod identities;
pub mod identity_record;
mod links;
mod parcel;
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
pub(crate) use identities::{adopt_identity, change_identity, examine_identity, mark_identities_dirty};
pub use identities::{identity_receipt, receive_identity, ship_identity};
pub use identity_record::{
    AccessKeyRecord, AccountRecord, IdentityOutcome, IdentityReceipt, IdentityRecord, IdentityShipment,
    RecordId,
};
pub use parcel::{
    Parcel, ParcelOutcome, ParcelReceipt, parcel_outcome, parcel_receipt, receive_parcel, ship_parcel,
};
pub use receive::{receipt, receive};
pub use record::{
    AcceptOutcome, HandoverProof, MaterialInRecord, Receipt, RecordStamp, ReplicaCreation, SharedImport,
    SharedRecord, Shipment, ShipmentBody,
};
pub(crate) use replica_set::{
    count_authz_change, forget_holdings, forget_imports_revision, mark_dirty_if_told, remove_replica,
    resume_as_primary,
};
pub use reseal::{MaterialBinding, Reseal, ResealError, SecretBinding};
pub use role::{Handover, MultiRegion, Replica, ReplicaPhase, Role, Tombstone};
pub(crate) use rotation::{complete_rotation_if_held, material_after};
pub use rotation::{is_protected, rotation_blocked_by};
pub(crate) use shared_change::{mark_dirty, shared_change};
pub use ship::{due, shared_record, ship};
