//! The key-management state machine and its vocabulary.
//!
//! This crate is pure: no clock, no randomness, no files, no threads. Whatever is non-deterministic arrives
//! inside a [`Proposal`], so that every node of a region that applies the same log holds the same [`State`].
//! It knows nothing of Raft, storage, wire formats or cryptography: key material is opaque wrapped bytes here.

#![forbid(unsafe_code)]

pub mod apply;
pub mod changes;
pub mod command;
pub mod commands;
pub mod effect;
pub mod error;
pub mod guard;
pub mod identity;
mod import;
pub mod key;
pub mod key_states;
pub mod limits;
pub mod multi_region;
pub mod proposal;
pub mod pulse;
pub mod reply;
pub mod resolve;
mod rotation;
pub mod rows;
pub mod state;
mod state_write;
#[cfg(test)]
mod tests;
pub mod vocabulary;

pub use changes::Changes;
pub use command::Command;
pub use effect::Effect;
pub use error::KmsError;
pub use guard::Guard;
pub use key_states::{KeyState, Operation, UsableKey};
pub use proposal::{Applied, Proposal, RequestKey};
pub use reply::Reply;
pub use resolve::Resolved;
pub use rotation::check_on_demand_quota;
pub use rows::{Row, RowKey};
pub use state::State;
