//! Bounds and times of shipping, with their units in their names.

use std::time::Duration;

/// The longest request that a receiver reads, in bytes.
pub const REQUEST_BYTES_MAX: usize = 4 << 20;

/// The longest response that a sender reads, in bytes: 256 receipts with up to 64 material ids each.
pub const RESPONSE_BYTES_MAX: usize = 1 << 20;

/// The longest answer to the question for a sealing key that is read, in bytes; it has 1,308.
pub(crate) const SEALING_KEY_RESPONSE_BYTES_MAX: usize = 4 << 10;

/// Shipments in one request that a receiver takes.
pub const REQUEST_SHIPMENTS_MAX: usize = 256;

/// Bounds of one node's driver and receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Keys in one request.
    pub batch_keys_max: usize,
    /// Requests to one peer region at the same time.
    pub batches_in_flight_max: usize,
    /// Bytes on their way to one peer region, at most 8 MiB. A request is closed once it holds its share of them;
    /// the last shipment in it, of at most 1 MiB, may end beyond that.
    pub in_flight_bytes_max: usize,
    /// How long one request may take, the peer's writing included.
    pub call_timeout: Duration,
    /// How long the receiver and the noting of a receipt wait for this region.
    pub region_timeout: Duration,
    /// How often a peer's dirty rows are looked for when nobody says that there are any.
    pub look_interval: Duration,
    /// First and longest wait after a failure.
    pub back_off: (Duration, Duration),
    /// How often a peer is asked whether it has a new HPKE key. Regions renew theirs when half of its validity has
    /// passed, so this may be long.
    pub sealing_key_interval: Duration,
    /// Requests that a receiver works on at the same time; more are refused at once.
    pub requests_at_once_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_keys_max: 64,
            batches_in_flight_max: 4,
            in_flight_bytes_max: 4 << 20,
            call_timeout: Duration::from_secs(5),
            region_timeout: Duration::from_secs(4),
            look_interval: Duration::from_millis(500),
            back_off: (Duration::from_millis(100), Duration::from_secs(5)),
            sealing_key_interval: Duration::from_secs(600),
            requests_at_once_max: 32,
        }
    }
}

impl Limits {
    /// When a request is closed, in bytes. With one shipment more it still fits [`REQUEST_BYTES_MAX`].
    pub(crate) fn batch_bytes(&self) -> usize {
        let share = self.in_flight_bytes_max / self.batches_in_flight_max.max(1);
        share.clamp(1, REQUEST_BYTES_MAX / 2)
    }
}
