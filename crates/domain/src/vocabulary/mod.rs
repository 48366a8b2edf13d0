//! Words of the field as types: once a value has one of these types, it is well formed.

pub mod access_key_id;
pub mod algorithms;
pub mod alias;
pub mod arn;
pub mod context;
pub mod epoch;
pub mod ids;
pub mod import;
mod names;
pub mod principal;
pub mod region;
pub mod spec;
pub mod tags;
pub mod time;

pub use access_key_id::AccessKeyId;
pub use algorithms::{
    DataKeyPairSpec, EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, MacAlgorithm,
    MessageType, SigningAlgorithm, WrappingAlgorithm, WrappingKeySpec,
};
pub use alias::AliasName;
pub use arn::{AliasArn, KeyArn, KeyReference};
pub use context::EncryptionContext;
pub use epoch::Epoch;
pub use ids::{
    AccountId, HpkeKeyId, ImportTokenId, Incarnation, KeyId, MaterialId, NodeId, StoreId, WrappingKeyId,
};
pub use import::ImportType;
pub use principal::Principal;
pub use region::RegionName;
pub use spec::{KeyOrigin, KeySpec, KeyUsage};
pub use time::Timestamp;

/// A text that is not a well-formed value of the type it was parsed as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Malformed {
    /// What is wrong, without the offending text.
    pub reason: &'static str,
}

pub(crate) const fn malformed(reason: &'static str) -> Malformed {
    Malformed { reason }
}
