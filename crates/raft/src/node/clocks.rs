//! Clock readings of a majority of nodes, which a Pulse carries as witnesses of time.

use std::sync::Arc;
use std::time::Duration;

use kms_domain::vocabulary::Timestamp;
use kms_proto::internal::raft::v1 as pb;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Node;
use crate::error::ReadError;
use crate::type_config::NodeId;

/// How long the rest is waited for once a majority has answered. With two of three readings the
/// lower median is the lower one, with three the middle one, which is the better witness.
const REST_TIMEOUT: Duration = Duration::from_millis(100);

impl Node {
    /// Readings of the clocks of at least a majority of the voters, this node's own included if it
    /// is one, in node order.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] if fewer answer by `deadline`.
    pub async fn clocks(&self, deadline: Instant) -> Result<Vec<(NodeId, Timestamp)>, ReadError> {
        let core = &self.inner.core;
        let membership = Arc::clone(&core.observed.membership.borrow());
        let voters: Vec<NodeId> = membership.voter_ids().collect();
        let majority = voters.len() / 2 + 1;
        let mut asking = JoinSet::new();
        let mut readings = Vec::with_capacity(voters.len());
        for voter in &voters {
            if *voter == self.node_id() {
                readings.push((*voter, (core.clock)()));
            } else if let Some(peer) = core.peer(*voter) {
                let timeout = deadline.saturating_duration_since(Instant::now());
                asking.spawn(async move {
                    let message = pb::ReadClockRequest {
                        header: peer.header(),
                    };
                    let answer: Result<pb::ReadClockResponse, _> = peer
                        .call(message, timeout, |mut client, request| async move {
                            client.read_clock(request).await
                        })
                        .await;
                    answer.map(|answer| (peer.node_id(), Timestamp(answer.unix_ms)))
                });
            }
        }
        let mut until = deadline;
        loop {
            if !voters.is_empty() && readings.len() >= majority {
                until = until.min(Instant::now() + REST_TIMEOUT);
            }
            match tokio::time::timeout_at(until, asking.join_next()).await {
                Ok(Some(Ok(Ok(reading)))) => readings.push(reading),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        if voters.is_empty() || readings.len() < majority {
            let text = format!("{} of {} clocks could be read", readings.len(), voters.len());
            return Err(ReadError::Unavailable(text));
        }
        readings.sort_unstable();
        Ok(readings)
    }
}
