//! Bytes to bytes: generate, seal, open, wrap, sign, commit. Every format is fixed in SECURITY.md.
//!
//! The crate is pure. Randomness arrives as `&mut dyn CryptoRng`, time arrives as a value, and nothing here
//! reads a file, a clock or the environment. It knows no key states, no policies and no storage: whoever
//! calls [`symmetric::encrypt`] has already decided that it may happen.
//!
//! Plaintext key material exists only inside the types of this crate. They have no `Debug`, `Clone` or
//! serialization, and are zeroized when dropped. AWS-LC keeps its own key objects on the ordinary heap
//! and cleanses them when they are freed; nothing here can keep those in a chosen place.
//!
//! Errors are one enum, [`CryptoError`], whose variants say whose fault the failure is and no more: a caller
//! must not learn which check a ciphertext failed.

#![forbid(unsafe_code)]

pub mod access_key;
pub mod data_key;
pub mod data_key_pair;
pub mod ecc;
pub mod encapsulation;
mod envelope;
pub mod error;
pub mod fields;
pub mod hmac;
pub mod import;
pub mod import_token;
pub mod key_agreement;
pub mod mac;
pub mod material;
pub mod ml_dsa;
pub mod ml_kem;
pub mod region;
pub mod rsa;
pub mod rsa_oaep;
pub mod seal;
pub mod secret;
pub mod signing;
mod spki;
pub mod symmetric;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
pub mod wrap;
#[cfg(test)]
mod wycheproof;

pub use error::{CryptoError, Fault};
pub use fields::Fields;
pub use material::{KeyMaterial, MaterialCommitment, MaterialName, SymmetricMaterial};
pub use rand_core::CryptoRng;
pub use secret::{SecretBytes, SecretKey256};
