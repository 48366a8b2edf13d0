//! Between openraft's types and the messages of `raft.proto`. The encoded forms of entries,
//! memberships and votes are the same on the wire and on disk.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use kms_proto::internal::raft::v1 as pb;
use openraft::vote::RaftLeaderId;
use prost::Message;

use crate::StoreId;
use crate::type_config::{
    Entry, LeaderId, LogId, Member, Membership, Payload, ProposalBytes, StoredMembership, Vote, log_id,
    term_of,
};

/// Bytes that do not mean anything this version knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

impl From<Malformed> for std::io::Error {
    fn from(error: Malformed) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
}

pub(crate) fn log_id_to_pb(id: &LogId) -> pb::LogId {
    pb::LogId {
        term: term_of(id),
        index: id.index,
    }
}

pub(crate) fn log_id_from_pb(id: &pb::LogId) -> LogId {
    log_id(id.term, id.index)
}

pub(crate) fn encode_log_id(id: &LogId) -> Bytes {
    Bytes::from(log_id_to_pb(id).encode_to_vec())
}

pub(crate) fn decode_log_id(bytes: &[u8]) -> Result<LogId, Malformed> {
    let id = pb::LogId::decode(bytes).map_err(|_| Malformed("log id"))?;
    Ok(log_id_from_pb(&id))
}

pub(crate) fn vote_to_pb(vote: &Vote) -> pb::RaftVote {
    pb::RaftVote {
        term: vote.leader_id.term,
        node_id: vote.leader_id.voted_for,
        committed: vote.committed,
    }
}

pub(crate) fn vote_from_pb(vote: Option<&pb::RaftVote>) -> Result<Vote, Malformed> {
    let vote = vote.ok_or(Malformed("call without a vote"))?;
    Ok(Vote {
        leader_id: LeaderId::new(vote.term, vote.node_id),
        committed: vote.committed,
    })
}

pub(crate) fn encode_vote(vote: &Vote) -> Vec<u8> {
    vote_to_pb(vote).encode_to_vec()
}

pub(crate) fn decode_vote(bytes: &[u8]) -> Result<Vote, Malformed> {
    let vote = pb::RaftVote::decode(bytes).map_err(|_| Malformed("vote"))?;
    vote_from_pb(Some(&vote))
}

pub(crate) fn store_id_from_pb(bytes: &[u8]) -> Result<StoreId, Malformed> {
    Ok(StoreId(bytes.try_into().map_err(|_| Malformed("store id"))?))
}

pub(crate) fn membership_to_pb(membership: &Membership) -> pb::Membership {
    let voters = membership
        .get_joint_config()
        .iter()
        .map(|set| pb::VoterSet {
            node_ids: set.iter().copied().collect(),
        })
        .collect();
    let members = membership
        .nodes()
        .map(|(node_id, member)| pb::Member {
            node_id: *node_id,
            store_id: member.store_id.0.to_vec().into(),
            address: member.address.clone(),
        })
        .collect();
    pb::Membership { voters, members }
}

pub(crate) fn membership_from_pb(membership: &pb::Membership) -> Result<Membership, Malformed> {
    let mut members = BTreeMap::new();
    for member in &membership.members {
        let store_id = store_id_from_pb(&member.store_id)?;
        members.insert(
            member.node_id,
            Member {
                store_id,
                address: member.address.clone(),
            },
        );
    }
    let voters: Vec<BTreeSet<u64>> = membership
        .voters
        .iter()
        .map(|set| set.node_ids.iter().copied().collect())
        .collect();
    Membership::new(voters, members).map_err(|_| Malformed("membership"))
}

pub(crate) fn stored_membership_to_pb(stored: &StoredMembership) -> pb::StoredMembership {
    pb::StoredMembership {
        log_id: stored.log_id().as_ref().map(log_id_to_pb),
        membership: Some(membership_to_pb(stored.membership())),
    }
}

pub(crate) fn stored_membership_from_pb(
    stored: &pb::StoredMembership,
) -> Result<StoredMembership, Malformed> {
    let Some(membership) = &stored.membership else {
        return Err(Malformed("stored membership"));
    };
    // A node that was never told of any member stores the empty membership, which `Membership::new`
    // would refuse as a proposal.
    let membership = if membership.voters.is_empty() && membership.members.is_empty() {
        Membership::default()
    } else {
        membership_from_pb(membership)?
    };
    Ok(StoredMembership::new(
        stored.log_id.as_ref().map(log_id_from_pb),
        membership,
    ))
}

/// The payload of an entry as it lies in the log and travels.
pub(crate) fn encode_payload(payload: &Payload) -> Bytes {
    let kind = match payload {
        Payload::Blank => pb::entry_payload::Kind::Blank(true),
        Payload::Normal(proposal) => pb::entry_payload::Kind::Proposal(proposal.0.clone()),
        Payload::Membership(membership) => pb::entry_payload::Kind::Membership(membership_to_pb(membership)),
    };
    Bytes::from(pb::EntryPayload { kind: Some(kind) }.encode_to_vec())
}

pub(crate) fn decode_payload(bytes: Bytes) -> Result<Payload, Malformed> {
    let payload = pb::EntryPayload::decode(bytes).map_err(|_| Malformed("log entry"))?;
    match payload.kind {
        Some(pb::entry_payload::Kind::Blank(_)) => Ok(Payload::Blank),
        Some(pb::entry_payload::Kind::Proposal(bytes)) => Ok(Payload::Normal(ProposalBytes(bytes))),
        Some(pb::entry_payload::Kind::Membership(membership)) => {
            Ok(Payload::Membership(membership_from_pb(&membership)?))
        }
        None => Err(Malformed("log entry of an unknown kind")),
    }
}

pub(crate) fn entry_to_pb(entry: &Entry) -> pb::Entry {
    pb::Entry {
        log_id: Some(log_id_to_pb(&entry.log_id)),
        payload: encode_payload(&entry.payload),
    }
}

pub(crate) fn entry_from_pb(entry: pb::Entry) -> Result<Entry, Malformed> {
    let log_id = entry
        .log_id
        .as_ref()
        .map(log_id_from_pb)
        .ok_or(Malformed("entry without a log id"))?;
    Ok(Entry {
        log_id,
        payload: decode_payload(entry.payload)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn membership() -> Membership {
        let member = |byte: u8| Member {
            store_id: StoreId([byte; 16]),
            address: format!("127.0.0.1:{byte}"),
        };
        Membership::new(
            vec![BTreeSet::from([1, 2]), BTreeSet::from([1])],
            BTreeMap::from([(1, member(1)), (2, member(2)), (3, member(3))]),
        )
        .unwrap()
    }

    #[test]
    fn every_kind_of_entry_comes_back_as_it_went() {
        let payloads = [
            Payload::Blank,
            Payload::Normal(ProposalBytes(Bytes::from_static(b"bytes"))),
            Payload::Membership(membership()),
        ];
        for payload in payloads {
            let entry = Entry {
                log_id: log_id(3, 9),
                payload,
            };
            assert_eq!(entry_from_pb(entry_to_pb(&entry)).unwrap(), entry);
        }
    }

    #[test]
    fn votes_and_stored_memberships_come_back_as_they_went() {
        let vote = Vote {
            leader_id: LeaderId::new(7, 2),
            committed: true,
        };
        assert_eq!(decode_vote(&encode_vote(&vote)).unwrap(), vote);
        for stored in [
            StoredMembership::default(),
            StoredMembership::new(Some(log_id(1, 0)), membership()),
        ] {
            assert_eq!(
                stored_membership_from_pb(&stored_membership_to_pb(&stored)).unwrap(),
                stored
            );
        }
    }

    #[test]
    fn an_entry_of_a_kind_that_this_version_does_not_know_is_refused() {
        // Field 9, length-delimited, as a later version might write it.
        assert!(decode_payload(Bytes::from_static(&[0x4a, 0x01, 0x00])).is_err());
        assert!(decode_payload(Bytes::from_static(&[0xff])).is_err());
    }
}
