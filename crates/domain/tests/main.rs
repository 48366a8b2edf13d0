//! Integration tests of the domain, in one binary.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod simulation;
