//! What kmsctl promises whoever runs it, tested on the real binary against nodes that answer as they are told.

#![allow(clippy::unwrap_used)]

mod certificates;
mod cryptography;
mod identities;
mod import;
mod kms;
mod nodes;
mod plain;
mod promises;
mod runs;
mod secrets;
