//! The shapes that several answers share.

use kms_domain::vocabulary::{Epoch, Timestamp};
use kms_proto::admin::v1;
use kms_raft::NodeStatus;

/// Seconds and nanoseconds, as protobuf has them.
pub(super) fn time(at: Timestamp) -> prost_types::Timestamp {
    let seconds = i64::try_from(at.0 / 1_000).unwrap_or(i64::MAX);
    let nanos = i32::try_from(at.0 % 1_000).unwrap_or_default() * 1_000_000;
    prost_types::Timestamp { seconds, nanos }
}

/// The reverse of [`time`]; times before 1970 read as 1970.
pub(super) fn timestamp(at: &prost_types::Timestamp) -> Timestamp {
    let seconds = u64::try_from(at.seconds).unwrap_or_default();
    let millis = u64::try_from(at.nanos / 1_000_000).unwrap_or_default();
    Timestamp(seconds.saturating_mul(1_000).saturating_add(millis))
}

/// An epoch as operators see it.
pub(super) fn epoch(epoch: &Epoch) -> v1::Epoch {
    v1::Epoch {
        counter: epoch.counter,
        region: epoch.region.to_string(),
        incarnation: epoch.incarnation.to_string(),
    }
}

/// The members as the answering node knows them.
pub(super) fn members(status: &NodeStatus) -> Vec<v1::Member> {
    status
        .members
        .iter()
        .map(|member| v1::Member {
            node_id: member.node_id,
            store_id: member.store_id.to_string(),
            raft_address: member.address.clone(),
            voter: member.voter,
            leader: status.leader == Some(member.node_id),
            matched_index: member.matched_index,
            last_heard_ms: member.last_heard_ms,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_protobuf_to_the_millisecond() {
        for ms in [0, 1, 999, 1_000, 1_700_000_000_123] {
            assert_eq!(timestamp(&time(Timestamp(ms))), Timestamp(ms));
        }
        let before_1970 = prost_types::Timestamp {
            seconds: -1,
            nanos: 0,
        };
        assert_eq!(timestamp(&before_1970), Timestamp(0));
    }
}
