//! What regions prove and send to each other: identities, signatures, HPKE keys and sealed key material.
//!
//! Regions are pinned by administrators, never learned from the wire; this module checks what a pinned identity
//! signed, and knows nothing of transport or of who may send what.

mod access_key;
mod handover;
mod hpke_key;
mod identity;
mod shipment;
mod signing;

pub use access_key::{AccessKeyShipmentPlace, open_access_key_secret, seal_access_key_secret};
pub use handover::handover_fields;
pub use hpke_key::{HpkeKeyPair, HpkePublicKey, SignedHpkeKey};
pub use identity::{RegionIdentity, RegionLife};
pub use shipment::{
    SHIPMENT_BYTES_MAX, ShipmentHeader, ShipmentPlace, open_commitment, open_material, seal_commitment,
    seal_material,
};
pub use signing::{RegionSigningKey, RegionVerifyingKey, Signature};

#[cfg(test)]
mod tests;
