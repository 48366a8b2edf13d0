//! The server: authenticate, parse, decide, call, answer. Adapters, composition and everything that touches the
//! world around a node; the rules of key management live in `kms-domain`.
//!
//! The binary is `kmsd`. Secrets reach this crate only inside the types of `kms-crypto`; nothing here logs them.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod admin;
pub mod clock;
pub mod config;
pub mod errors;
pub mod grpc;
pub mod http;
pub mod identity;
pub mod keyring;
mod leader;
pub mod logging;
pub mod memory;
pub mod node;
pub mod operations;
pub mod seal;
pub mod tls;

#[cfg(test)]
mod testing;
