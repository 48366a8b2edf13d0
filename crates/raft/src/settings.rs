//! How the Raft group behaves: times, batch sizes, snapshots. Defaults suit nodes of one region.

use std::sync::Arc;
use std::time::Duration;

use kms_storage::encoding;
use openraft::{Config, SnapshotPolicy, StepDownPolicy};

/// Largest message between nodes, in bytes: the longest row in a part of a snapshot, or a batch of
/// entries, and its envelope.
pub(crate) const MESSAGE_BYTES_MAX: usize = encoding::ROW_BYTES_MAX + (2 << 20);

/// Bytes of a snapshot in one message.
pub(crate) const SNAPSHOT_CHUNK_BYTES: usize = 1 << 20;

/// Settings of one region's Raft group. All nodes of a region should have the same.
#[derive(Debug, Clone)]
pub struct RaftSettings {
    /// Time between a leader's heartbeats, in milliseconds.
    pub heartbeat_ms: u64,
    /// Shortest wait before an election, in milliseconds.
    pub election_ms_min: u64,
    /// Longest wait before an election, in milliseconds; also the leader's lease. A follower waits the
    /// lease plus a random time between the two bounds, so a fail-over takes up to twice this.
    pub election_ms_max: u64,
    /// Entries in one message to a follower.
    pub append_entries_max: u64,
    /// Payload bytes in one message to a follower. A single larger entry still goes alone.
    pub append_bytes_max: usize,
    /// A snapshot is built after this many entries.
    pub snapshot_every_entries: u64,
    /// Entries kept in the log though a snapshot covers them, for followers that are a little behind.
    pub keep_entries: u64,
    /// Time within which a whole snapshot has to be sent and installed, in seconds.
    pub snapshot_timeout_s: u64,
    /// Bytes of one encoded proposal.
    pub proposal_bytes_max: usize,
    /// Proposals of this node that may wait at the same time; more are refused at once.
    pub proposals_waiting_max: usize,
    /// Encoded bytes of all waiting proposals of this node.
    pub proposals_waiting_bytes_max: usize,
    /// Reads that may wait at the same time; more are refused at once.
    pub reads_waiting_max: usize,
    /// Time between two raises of the boot count, in milliseconds: a copy of the disk that is older than this is told
    /// apart. The count is raised only after a peer has accepted the present one.
    pub boot_count_interval_ms: u64,
    /// Time after which the stream on which a leader asks for this node's vote is ended, in milliseconds. It keeps its
    /// connection open, and the certificates are checked again only when that is made anew.
    pub vote_stream_ms: u64,
}

impl Default for RaftSettings {
    fn default() -> Self {
        Self {
            heartbeat_ms: 100,
            election_ms_min: 300,
            election_ms_max: 600,
            append_entries_max: 512,
            append_bytes_max: 4 << 20,
            snapshot_every_entries: 20_000,
            keep_entries: 5_000,
            snapshot_timeout_s: 600,
            proposal_bytes_max: encoding::PROPOSAL_BYTES_MAX,
            proposals_waiting_max: 4_096,
            proposals_waiting_bytes_max: 64 << 20,
            reads_waiting_max: 65_536,
            boot_count_interval_ms: 60_000,
            vote_stream_ms: 300_000,
        }
    }
}

impl RaftSettings {
    /// The same as openraft takes it.
    ///
    /// # Errors
    /// When the values contradict each other; the text says how.
    pub(crate) fn to_config(&self, region: &str) -> Result<Arc<Config>, String> {
        let defaults = Config::default();
        let config = Config {
            cluster_name: region.to_owned(),
            heartbeat_interval: self.heartbeat_ms,
            election_timeout_min: self.election_ms_min,
            election_timeout_max: self.election_ms_max,
            install_snapshot_timeout: self.snapshot_timeout_s.saturating_mul(1_000),
            max_payload_entries: self.append_entries_max,
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_every_entries),
            // Below the distance at which a snapshot is built, or a snapshot would never end the lag.
            replication_lag_threshold: self.snapshot_every_entries.saturating_add(self.keep_entries),
            snapshot_max_chunk_size: SNAPSHOT_CHUNK_BYTES as u64,
            max_in_snapshot_log_to_keep: self.keep_entries,
            removed_leader_step_down: StepDownPolicy::After(self.heartbeat_ms),
            // A node that cannot win must not depose a leader that serves.
            enable_pre_vote: Some(true),
            // Reconnects fast enough that a restarted follower is back within one election time-out.
            backoff: "50ms 100ms 200ms ..500ms".to_owned(),
            // A disk that forgot entries is another disk: it gets a new store id and a new node id.
            allow_log_reversion: Some(false),
            // A restarted leader asks for votes like anybody else.
            enable_leader_restore: Some(false),
            ..defaults
        };
        config.validate().map(Arc::new).map_err(|error| error.to_string())
    }

    /// After this long without a quorum's answer a leader has lost its lease.
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_millis(self.election_ms_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_leave_time_for_a_failover_within_two_seconds() {
        let settings = RaftSettings::default();
        let config = settings.to_config("us-east-1").unwrap();
        assert_eq!(config.enable_pre_vote, Some(true));
        assert_eq!(config.enable_leader_restore, Some(false));
        assert_eq!(config.allow_log_reversion, Some(false));
        // Lease, then the longest wait, then pre-vote, vote and first commit.
        assert!(2 * settings.election_ms_max + 500 <= 2_000);
    }

    #[test]
    fn contradicting_times_are_refused_at_start() {
        let settings = RaftSettings {
            election_ms_min: 50,
            ..RaftSettings::default()
        };
        assert!(settings.to_config("us-east-1").is_err());
    }
}
