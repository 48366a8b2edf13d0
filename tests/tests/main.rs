//! Promises of the whole product, on real processes. One file a promise; the numbers are those of the issue.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod calls;
mod canaries;
mod clocks;
mod crash;
mod every_operation;
mod failover;
mod identities;
mod image;
mod importing;
mod imports;
mod interoperability;
mod key_types;
mod layers;
mod limits;
mod main_job;
mod no_plaintext;
mod operations;
mod operators;
mod power_cut;
mod quotas;
mod replacement;
mod service_model;
mod speaker;
mod strange_messages;
mod support;
