//! The key-management state machine and its vocabulary.
//!
//! This crate is pure: no clock, no randomness, no files, no threads. Whatever is non-deterministic arrives
//! inside a `Proposal`, so that every node of a region that applies the same log holds the same `State`.
//! It knows nothing of Raft, storage, wire formats or cryptography: key material is opaque wrapped bytes here.

#![forbid(unsafe_code)]

pub mod vocabulary;
