//! The public gRPC API. Translates shapes, identities and errors; holds no rules.

mod kms;

pub use kms::KmsService;
