//! The harness that every real-cluster test, the local cluster, chaos and bench share: one way to make a cluster on
//! one machine, to run it, to hurt it and to look at it.
//!
//! Everything listens on loopback. Every process that is started here is known by its id and is ended by it.

pub mod agreement;
pub mod aws_profiles;
pub mod bench;
pub mod block_device;
pub mod certificates;
pub mod chaos;
pub mod client;
pub mod cluster;
mod cluster_files;
pub mod demo;
pub mod files;
pub mod forming;
pub mod interop;
pub mod ledger;
pub mod names;
mod plan;
pub mod ports;
pub mod process;
pub mod programs;
pub mod replacement;
pub mod scratch;
pub mod summary;
pub mod test_cluster;
pub mod wait;
