//! The public gRPC API. Translates shapes, identities and errors; holds no rules.

mod kms;

pub use kms::KmsService;
pub(crate) use kms::request_id;
// For kms-fuzz: else a time-out is read only within a call of a running node.
#[doc(hidden)]
pub use kms::timeout;
