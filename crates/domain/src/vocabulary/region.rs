//! Region names.

use super::{Malformed, malformed};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A region's name, such as `us-east-1`: 1 to 32 characters of `a-z`, `0-9` and `-`, as AWS KMS bounds it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionName(Arc<str>);

impl RegionName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegionName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let well_formed = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !well_formed {
            return Err(malformed(
                "a region name is 1 to 32 characters of a-z, 0-9 and hyphen",
            ));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for RegionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RegionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
