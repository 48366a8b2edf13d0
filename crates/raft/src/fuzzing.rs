//! Doors for `kms-fuzz` to what peers, the log and snapshots say in Raft's words. It is decoded inside a running node
//! only, and openraft's types do not leave this crate: a door reads bytes and gives what this version writes for what
//! it read, `None` when it refuses them.

use bytes::Bytes;
use kms_proto::internal::raft::v1 as pb;
use prost::Message;

use crate::state_machine::{decode_membership, encode_meta};
use crate::wire;

/// An entry's payload, as it travels and as it lies in the log.
pub fn rewrite_payload(bytes: &[u8]) -> Option<Vec<u8>> {
    let payload = wire::decode_payload(Bytes::copy_from_slice(bytes)).ok()?;
    Some(wire::encode_payload(&payload).into())
}

/// A vote as it lies on disk.
pub fn rewrite_vote(bytes: &[u8]) -> Option<Vec<u8>> {
    let vote = wire::decode_vote(bytes).ok()?;
    Some(wire::encode_vote(&vote))
}

/// A log id as it lies on disk.
pub fn rewrite_log_id(bytes: &[u8]) -> Option<Vec<u8>> {
    let id = wire::decode_log_id(bytes).ok()?;
    Some(wire::encode_log_id(&id).into())
}

/// What a snapshot says beside its rows: the membership.
pub fn rewrite_snapshot_meta(bytes: &[u8]) -> Option<Vec<u8>> {
    let membership = decode_membership(bytes).ok()?;
    Some(encode_meta(&membership).into())
}

/// A leader's request to append entries.
pub fn rewrite_append_entries(bytes: &[u8]) -> Option<Vec<u8>> {
    let request = pb::AppendEntriesRequest::decode(bytes).ok()?;
    let vote = wire::vote_from_pb(request.vote.as_ref()).ok()?;
    let entries = request.entries.into_iter().map(wire::entry_from_pb);
    let entries = entries.collect::<Result<Vec<_>, _>>().ok()?;
    let log_id = |id: &pb::LogId| wire::log_id_to_pb(&wire::log_id_from_pb(id));
    let written = pb::AppendEntriesRequest {
        header: request.header,
        vote: Some(wire::vote_to_pb(&vote)),
        previous: request.previous.as_ref().map(log_id),
        entries: entries.iter().map(wire::entry_to_pb).collect(),
        leader_committed: request.leader_committed.as_ref().map(log_id),
    };
    Some(written.encode_to_vec())
}
