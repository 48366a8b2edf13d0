//! Fuzz targets for every parser of bytes that come from outside: from callers, from other regions, from the nodes of
//! this region, and back from disk.
//!
//! A target is a function of bytes, in a file of its name, that panics when a promise is broken: that nothing panics,
//! that what decodes encodes to the same bytes, that only what was sealed opens. It answers whether the bytes were
//! accepted, so that the corpus test sees a seed that has come to mean nothing. `fuzz_targets/NAME.rs` hands it to
//! libFuzzer, `corpus/NAME` holds inputs that every run of the tests goes through, findings among them
//! (`tests/corpus.rs`). CONTRIBUTING.md says how to fuzz.
//!
//! Keys, names and states in here are the same in every run: an input that was sealed once must open for ever.

mod applying;
mod fixed_rng;
mod keys;
mod region_keys;
mod seals;
mod trusting;
mod world;

pub mod api_message;
pub mod arn;
pub mod asymmetric_input;
pub mod aws_request;
pub mod aws_signature;
pub mod call_metadata;
pub mod certificate;
pub mod ciphertext;
pub mod import_token;
pub mod imported_material;
pub mod key_id;
pub mod log_record;
pub mod marker;
pub mod peer_public_key;
pub mod proposal;
pub mod raft_message;
pub mod replication_request;
pub mod row;
pub mod sealed_material;
pub mod sealing_key;
pub mod shipment;
pub mod snapshot_file;
pub mod snapshot_transfer;
pub mod wrapped_key;

/// An input that a target accepts, and the name of its file in the corpus.
pub struct Seed {
    /// The file's name.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Seed {
    fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let (name, bytes) = (name.into(), bytes.into());
        Self { name, bytes }
    }
}

/// One parser under test.
pub struct Target {
    /// Its name here, in `fuzz_targets` and in `corpus`.
    pub name: &'static str,
    /// Feeds it; answers whether the bytes were accepted.
    pub run: fn(&[u8]) -> bool,
    /// Inputs from the real encoders, all accepted. `cargo run -p kms-fuzz --example seeds` writes those to the corpus
    /// that are not there.
    pub seeds: fn() -> Vec<Seed>,
}

macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        &[$(Target { name: stringify!($name), run: $name::$name, seeds: $name::seeds }),+]
    };
}

/// Every target.
pub const TARGETS: &[Target] = targets![
    api_message,
    arn,
    asymmetric_input,
    aws_request,
    aws_signature,
    call_metadata,
    certificate,
    ciphertext,
    import_token,
    imported_material,
    key_id,
    log_record,
    marker,
    peer_public_key,
    proposal,
    raft_message,
    replication_request,
    row,
    sealed_material,
    sealing_key,
    shipment,
    snapshot_file,
    snapshot_transfer,
    wrapped_key,
];
