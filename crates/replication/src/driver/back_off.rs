//! Waiting after failures: longer each time, with jitter so that nodes do not return in step. In memory only: another
//! leader starts afresh.

use std::time::Duration;

/// The wait after failures in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BackOff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl BackOff {
    pub(crate) fn new((first, longest): (Duration, Duration)) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// Starts again at the first wait.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after one more failure: between half of it and all of it, where `fraction` says, from 0 to 1.
    pub(crate) fn next(&mut self, fraction: f64) -> Duration {
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        let wait = self.first.saturating_mul(1 << doublings).min(self.longest);
        wait.mul_f64(0.5 + fraction.clamp(0.0, 1.0) / 2.0)
    }
}
