//! The fencing number of a multi-Region key's primary role.

use super::{Incarnation, RegionName};

/// Orders the holders of a key's primary role. Compared by counter, then region, then incarnation; it only grows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    /// Raised by each change of the primary role; the first is 1.
    pub counter: u64,
    /// The region that is primary in this epoch.
    pub region: RegionName,
    /// The life of that region in which it became primary.
    pub incarnation: Incarnation,
}
