//! What the nodes of a region say to each other in Raft's words, and what of it lies in the log and in snapshots.

use crate::Seed;
use crate::world::{multi_region_key, proposal};
use bytes::Bytes;
use kms_domain::Command;
use kms_proto::internal::raft::v1 as pb;
use kms_raft::fuzzing;
use kms_storage::encoding::encode_proposal;
use pb::entry_payload::Kind;
use prost::Message;

/// Bytes as each of Raft's messages: what reads is written in one way, which reads as the same.
pub fn raft_message(bytes: &[u8]) -> bool {
    let rewriters = [
        fuzzing::rewrite_payload,
        fuzzing::rewrite_vote,
        fuzzing::rewrite_log_id,
        fuzzing::rewrite_snapshot_meta,
        fuzzing::rewrite_append_entries,
    ];
    let mut accepted = false;
    for rewrite in rewriters {
        if let Some(written) = rewrite(bytes) {
            assert_eq!(rewrite(&written).as_ref(), Some(&written));
            accepted = true;
        }
    }
    accepted
}

/// Each kind of payload, a joint membership as a snapshot carries it, a vote, a log id, and a request to append.
pub fn seeds() -> Vec<Seed> {
    let disable = proposal(Command::DisableKey(multi_region_key(0x11)));
    let payloads = [
        ("blank", Kind::Blank(true)),
        ("proposal", Kind::Proposal(encode_proposal(&disable).into())),
        ("membership", Kind::Membership(membership())),
    ]
    .map(|(name, kind)| (name, pb::EntryPayload { kind: Some(kind) }.encode_to_vec()));
    let vote = pb::RaftVote {
        term: 7,
        node_id: 2,
        committed: true,
    };
    let log_id = pb::LogId { term: 7, index: 300 };
    let entries = payloads.iter().map(|(_, payload)| pb::Entry {
        log_id: Some(log_id),
        payload: payload.clone().into(),
    });
    let append = pb::AppendEntriesRequest {
        header: Some(header()),
        vote: Some(vote),
        previous: Some(log_id),
        entries: entries.collect(),
        leader_committed: Some(log_id),
    };
    let meta = pb::StoredMembership {
        log_id: Some(log_id),
        membership: Some(membership()),
    };
    let mut seeds = vec![
        Seed::new("vote", vote.encode_to_vec()),
        Seed::new("log-id", log_id.encode_to_vec()),
        Seed::new("snapshot-meta", meta.encode_to_vec()),
        Seed::new("append-entries", append.encode_to_vec()),
    ];
    seeds.extend(payloads.map(|(name, payload)| Seed::new(name, payload)));
    seeds
}

fn header() -> pb::CallHeader {
    pb::CallHeader {
        cluster_id: "concord-test".to_owned(),
        region: "us-east-1".to_owned(),
        node_id: 2,
        store_id: Bytes::from_static(&[2; 16]),
        boot_count: 5,
        boot_nonce: Bytes::from_static(&[9; 16]),
        target_node_id: 1,
    }
}

/// Three members, of which one is leaving the voters.
fn membership() -> pb::Membership {
    let member = |node_id: u8| pb::Member {
        node_id: node_id.into(),
        store_id: vec![node_id; 16].into(),
        address: format!("127.0.0.1:700{node_id}"),
    };
    let voters = [vec![1, 2, 3], vec![1, 2]];
    pb::Membership {
        voters: voters.map(|node_ids| pb::VoterSet { node_ids }).into(),
        members: [1, 2, 3].map(member).into(),
    }
}
