//! Points in time as the log carries them.

use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z. Never read from a clock inside this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub u64);

/// Milliseconds in a day, the unit of waiting windows and rotation periods.
pub const DAY_MS: u64 = 86_400_000;

impl Timestamp {
    /// This time plus `duration_ms`, held at the end of the range.
    pub const fn plus_ms(self, duration_ms: u64) -> Self {
        Self(self.0.saturating_add(duration_ms))
    }

    /// This time plus whole days, held at the end of the range.
    pub const fn plus_days(self, days: u32) -> Self {
        self.plus_ms(DAY_MS.saturating_mul(days as u64))
    }

    /// Milliseconds from `earlier` to this time; zero when `earlier` is later.
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}
