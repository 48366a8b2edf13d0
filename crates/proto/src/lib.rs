//! Generated code only, no logic: the messages and services of the workspace's `proto` folder.

#![allow(missing_docs, clippy::all)]

/// What nodes and regions say to each other, and how they keep it.
pub mod internal {
    /// Version 1 of the internal formats.
    pub mod v1 {
        tonic::include_proto!("kms.internal.v1");
    }
}
