//! Words of importing key material that are no algorithms.

use super::names::names;
use super::{Malformed, malformed};
use std::fmt;
use std::str::FromStr;

names!(
    /// Whether the key material is one that the key knows already.
    ImportType {
        /// Other bytes than any that the key has, or its first.
        New = "NEW_KEY_MATERIAL",
        /// The same bytes again, or in another region.
        Existing = "EXISTING_KEY_MATERIAL",
    }
    "not an import type"
);
