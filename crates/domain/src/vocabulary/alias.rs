//! Alias names.

use super::{Malformed, malformed};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// An alias with its prefix, such as `alias/payroll`: at most 256 characters, after `alias/` at least one of
/// `a-z`, `A-Z`, `0-9`, `/`, `_`, `-`. Names under `alias/aws/` belong to services; see [`AliasName::is_reserved`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AliasName(Arc<str>);

impl AliasName {
    /// The alias as text, with its `alias/` prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sorts before every alias; not an alias itself, and never leaves this crate.
    pub(crate) fn lower_bound() -> Self {
        Self("alias/".into())
    }

    /// Whether the name is under `alias/aws/`, which only services may hold.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with("alias/aws/")
    }
}

impl FromStr for AliasName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let name = text
            .strip_prefix("alias/")
            .ok_or(malformed("an alias begins with alias/"))?;
        if name.is_empty() || text.len() > 256 {
            return Err(malformed("an alias is 1 to 250 characters after alias/"));
        }
        if !name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-'))
        {
            return Err(malformed(
                "an alias holds letters, digits, slash, underscore and hyphen only",
            ));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
