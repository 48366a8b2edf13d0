//! Moving log time: a Pulse carries the clock readings of a majority, so that one wrong clock destroys nothing.

use super::propose;
use crate::node::Running;
use kms_domain::command::Pulse;
use kms_domain::vocabulary::{NodeId, Timestamp};
use kms_domain::{Command, Guard};
use std::time::Duration;
use tokio::time::Instant;

/// How long the other nodes' clocks may take to answer.
const CLOCKS_PATIENCE: Duration = Duration::from_millis(800);

/// Asks a majority for the time, and proposes a Pulse if the state has something to do at their median.
pub(super) async fn propose_if_wanted(running: &Running) {
    let readings = match running.raft.clocks(Instant::now() + CLOCKS_PATIENCE).await {
        Ok(readings) => readings,
        Err(error) => {
            tracing::debug!(%error, "no majority told its time");
            return;
        }
    };
    let Some(median) = lower_median(&readings) else {
        return;
    };
    let wanted = running.raft.view().state.wants_pulse(median) || running.replication.wants_pulse();
    if wanted {
        propose(running, Guard::default(), Command::Pulse(Pulse { readings })).await;
    }
}

/// The reading that at least half of the readings are not below.
fn lower_median(readings: &[(NodeId, Timestamp)]) -> Option<Timestamp> {
    let mut times: Vec<Timestamp> = readings.iter().map(|(_, time)| *time).collect();
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(times: &[u64]) -> Vec<(NodeId, Timestamp)> {
        (1..).zip(times.iter().map(|t| Timestamp(*t))).collect()
    }

    #[test]
    fn one_clock_far_ahead_does_not_move_the_median() {
        assert_eq!(lower_median(&readings(&[])), None);
        assert_eq!(lower_median(&readings(&[5])), Some(Timestamp(5)));
        assert_eq!(lower_median(&readings(&[u64::MAX, 5])), Some(Timestamp(5)));
        assert_eq!(lower_median(&readings(&[5, u64::MAX, 6])), Some(Timestamp(6)));
        assert_eq!(lower_median(&readings(&[9, 1, u64::MAX, 5])), Some(Timestamp(5)));
    }
}
