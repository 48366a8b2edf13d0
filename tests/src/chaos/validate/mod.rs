//! Holds a history against what the product promises. Pure: no cluster, no clock, one promise a file.

pub mod ciphertexts;
pub mod convergence;
pub mod disabled_keys;
pub mod lost_changes;
pub mod observed;
pub mod primaries;

#[cfg(test)]
mod fabricated;
