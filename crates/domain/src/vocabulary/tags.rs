//! Tags of keys.

use std::collections::BTreeMap;

/// Tags of one key, by tag key. Bounds are in [`crate::limits`].
pub type Tags = BTreeMap<String, String>;
