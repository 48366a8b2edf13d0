//! Optional settings: times and sizes with defaults that suit nodes of one region.

use kms_domain::limits::ON_DEMAND_ROTATIONS_MAX;
use serde::Deserialize;
use std::time::Duration;

/// Times and sizes of the Raft group; all nodes of a region should have the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Consensus {
    /// Time between a leader's heartbeats, in milliseconds.
    pub heartbeat_ms: u64,
    /// Shortest wait before an election, in milliseconds.
    pub election_ms_min: u64,
    /// Longest wait before an election, in milliseconds; also the leader's lease.
    pub election_ms_max: u64,
    /// A snapshot is made after this many entries.
    pub snapshot_every_entries: u64,
    /// Entries kept in the log though a snapshot covers them.
    pub keep_entries: u64,
    /// Time within which a whole snapshot must be sent and installed, in seconds.
    pub snapshot_timeout_s: u64,
    /// Time between two raises of the boot count, in milliseconds; an old copy of a disk is told apart when it is older.
    pub boot_count_interval_ms: u64,
}

impl Default for Consensus {
    fn default() -> Self {
        Self {
            heartbeat_ms: 100,
            election_ms_min: 300,
            election_ms_max: 600,
            snapshot_every_entries: 20_000,
            keep_entries: 5_000,
            snapshot_timeout_s: 600,
            boot_count_interval_ms: 60_000,
        }
    }
}

/// Bounds on what the node accepts and keeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections of one listener at a time; further ones are closed at once.
    pub connections_max: usize,
    /// Connections of one listener whose TLS handshake is under way.
    pub handshakes_max: usize,
    /// Time for a TLS handshake, in milliseconds.
    pub handshake_ms_max: u64,
    /// HTTP/2 streams open at a time on one connection.
    pub streams_per_connection_max: u32,
    /// A request of the client or admin listener, in bytes.
    pub request_bytes_max: usize,
    /// HTTP/2 headers of one request, in bytes.
    pub header_bytes_max: u32,
    /// Time within which a new connection of an AWS client must have sent a request's headers, in milliseconds.
    pub http_header_ms_max: u64,
    /// Time for the body of an AWS client's request, in milliseconds.
    pub http_body_ms_max: u64,
    /// Time that an AWS client's connection may be silent after an answer, in milliseconds.
    pub http_idle_ms_max: u64,
    /// Longest that shutdown waits for calls under way, in milliseconds.
    pub drain_ms_max: u64,
    /// Materials kept unwrapped in memory.
    pub material_cache_entries_max: u64,
    /// How long an unwrapped material is kept, in seconds; at most 300.
    pub material_cache_s_max: u64,
    /// Bytes of shipments on their way to one peer region and not yet acknowledged, 1 to 8 MiB: four requests of 2 MiB.
    pub replication_in_flight_bytes_max: usize,
    /// On-demand rotations in a key's life, AWS KMS's number unless set; at most 25.
    pub on_demand_rotations_max: u32,
    /// Time between looks at the certificate files, in seconds.
    pub certificate_reload_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            handshakes_max: 256,
            handshake_ms_max: 5_000,
            streams_per_connection_max: 128,
            request_bytes_max: 256 << 10,
            header_bytes_max: 16 << 10,
            http_header_ms_max: 10_000,
            http_body_ms_max: 10_000,
            http_idle_ms_max: 60_000,
            drain_ms_max: 5_000,
            material_cache_entries_max: 10_000,
            material_cache_s_max: 300,
            replication_in_flight_bytes_max: 4 << 20,
            on_demand_rotations_max: ON_DEMAND_ROTATIONS_MAX,
            certificate_reload_s: 5,
        }
    }
}

impl Limits {
    /// Time for a TLS handshake.
    pub const fn handshake(&self) -> Duration {
        Duration::from_millis(self.handshake_ms_max)
    }

    /// Time for the first headers of an AWS client's connection.
    pub const fn http_header(&self) -> Duration {
        Duration::from_millis(self.http_header_ms_max)
    }

    /// Time for the body of an AWS client's request.
    pub const fn http_body(&self) -> Duration {
        Duration::from_millis(self.http_body_ms_max)
    }

    /// Time that an AWS client's connection may be silent after an answer.
    pub const fn http_idle(&self) -> Duration {
        Duration::from_millis(self.http_idle_ms_max)
    }

    /// Longest that shutdown waits for calls under way.
    pub const fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms_max)
    }

    /// How long an unwrapped material is kept.
    pub const fn material_cache_age(&self) -> Duration {
        Duration::from_secs(self.material_cache_s_max)
    }

    /// Time between looks at the certificate files.
    pub const fn certificate_reload(&self) -> Duration {
        Duration::from_secs(self.certificate_reload_s)
    }
}
