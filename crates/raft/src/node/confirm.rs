//! Whether a leader still leads, from its own vote and that of one more node. In a group of three the two are a quorum,
//! so that one message confirms what heartbeats to everybody would.
//!
//! This is ReadIndex (Ongaro's dissertation, 6.4) with votes for heartbeats. A node's vote only grows, and a leader of a
//! later term needs the votes of a quorum, one of which would be the leader's or the other node's. Neither had let anybody
//! count a vote for a later term when its vote was looked up, which was after the reader came: so nothing of a later term
//! had been acknowledged when it came, and what this leader has committed holds all that was.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::Core;
use super::quorum::is_quorum;
use crate::type_config::{LogId, Membership, NodeId, Vote, term_of};
use crate::wire::{decode_vote, vote_from_pb};

/// The longest wait for one node's vote. After that everybody is asked.
const VOTE_TIMEOUT: Duration = Duration::from_millis(50);

/// What the Raft core of a node that may lead holds at one moment.
struct Standing {
    node_id: NodeId,
    vote: Vote,
    committed: Option<LogId>,
}

impl Standing {
    /// The read index, if this node leads and `voter`, whose vote is `vote`, makes a quorum with it.
    fn index_confirmed_by(&self, membership: &Membership, voter: NodeId, vote: &Vote) -> Option<u64> {
        let leads = self.vote.committed && self.vote.leader_id.voted_for == self.node_id;
        if !leads || *vote != self.vote || !is_quorum(membership, &[self.node_id, voter].into()) {
            return None;
        }
        // Until an entry of its own term is committed, a leader does not know how much was committed before.
        let committed = self.committed.as_ref()?;
        (term_of(committed) == self.vote.leader_id.term).then_some(committed.index)
    }
}

impl Core {
    /// This node's durable vote; none if it has never voted. A later one that is not durable yet counts for nobody: before
    /// openraft answers a vote or an append, or counts its own vote, it waits for `RaftLogStorage::save_vote`, and the
    /// store shows a vote before it says that it is saved.
    pub(crate) fn vote_now(&self) -> Option<Vote> {
        match decode_vote(&self.log.vote()?) {
            Ok(vote) => Some(vote),
            Err(error) => {
                tracing::error!(%error, "this node's own vote cannot be read");
                None
            }
        }
    }

    /// The read index, if this node leads and the voter makes a quorum with it. `vote` is the voter's, looked up after
    /// the reader came.
    pub(crate) async fn index_confirmed_by(&self, voter: NodeId, vote: Vote) -> Option<u64> {
        let node_id = self.local.node_id();
        let confirmed = self.raft.with_raft_state(move |state| {
            let standing = Standing {
                node_id,
                vote: *state.vote_ref(),
                committed: state.local_committed().copied(),
            };
            standing.index_confirmed_by(state.membership_state.effective().membership(), voter, &vote)
        });
        confirmed.await.ok().flatten()
    }

    /// As leader of a group in which one more node makes a quorum: asks that node, or nobody. A node that does not
    /// answer in time, or no longer votes for this one, is not the one asked next.
    pub(crate) async fn ask_one_voter(&self, deadline: Instant) -> Option<u64> {
        let own_id = self.local.node_id();
        let others: Vec<NodeId> = {
            let membership = self.observed.membership.borrow();
            let voters = || membership.voter_ids().filter(|id| *id != own_id);
            voters()
                .filter(|id| is_quorum(membership.membership(), &[own_id, *id].into()))
                .collect()
        };
        let turn = self.confirming_turn.load(Ordering::Relaxed);
        let voter = *others.get(turn.checked_rem(others.len())?)?;
        let timeout = deadline
            .saturating_duration_since(Instant::now())
            .min(VOTE_TIMEOUT);
        let vote = self.vote_of(voter, timeout).await;
        let index = match vote {
            Some(vote) => {
                let confirmed = self.index_confirmed_by(voter, vote);
                tokio::time::timeout_at(deadline, confirmed).await.ok().flatten()
            }
            None => None,
        };
        // Who had less time than it may take is not to blame.
        if index.is_none() && timeout == VOTE_TIMEOUT {
            self.confirming_turn.fetch_add(1, Ordering::Relaxed);
        }
        index
    }

    async fn vote_of(&self, node_id: NodeId, timeout: Duration) -> Option<Vote> {
        let peer = self.peer(node_id)?;
        let answer = self.vote_line.ask(&peer, timeout).await.ok()?;
        vote_from_pb(answer.vote.as_ref()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::type_config::{LeaderId, Member, log_id};
    use std::collections::{BTreeMap, BTreeSet};

    fn vote(term: u64, node_id: NodeId, committed: bool) -> Vote {
        Vote {
            leader_id: LeaderId {
                term,
                voted_for: node_id,
            },
            committed,
        }
    }

    fn membership(voters: &[&[NodeId]], learners: &[NodeId]) -> Membership {
        let sets: Vec<BTreeSet<NodeId>> = voters.iter().map(|set| set.iter().copied().collect()).collect();
        let ids = voters.iter().copied().flatten().chain(learners);
        let nodes: BTreeMap<NodeId, Member> =
            ids.map(|id| (*id, Member::unidentified("localhost:1"))).collect();
        Membership::new(sets, nodes).unwrap()
    }

    /// Node 1 leads term 5 and has committed up to index 70.
    fn leading() -> Standing {
        Standing {
            node_id: 1,
            vote: vote(5, 1, true),
            committed: Some(log_id(5, 70)),
        }
    }

    #[test]
    fn a_leader_and_one_of_two_others_that_vote_for_it_are_enough() {
        let three = membership(&[&[1, 2, 3]], &[]);
        for voter in [2, 3] {
            let index = leading().index_confirmed_by(&three, voter, &vote(5, 1, true));
            assert_eq!(index, Some(70));
        }
    }

    #[test]
    fn no_other_vote_confirms() {
        let three = membership(&[&[1, 2, 3]], &[]);
        for other in [
            vote(6, 1, true),
            vote(6, 2, false),
            vote(5, 1, false),
            vote(4, 1, true),
            vote(5, 2, true),
        ] {
            assert_eq!(leading().index_confirmed_by(&three, 2, &other), None, "{other}");
        }
    }

    #[test]
    fn who_is_not_a_quorum_with_the_leader_confirms_nothing() {
        let same = vote(5, 1, true);
        type Case<'a> = (&'a [&'a [NodeId]], &'a [NodeId], NodeId);
        let cases: [Case<'_>; 5] = [
            (&[&[1, 2, 3, 4, 5]], &[], 2),
            (&[&[1, 2, 3]], &[4], 4),
            (&[&[1, 2, 3]], &[], 9),
            (&[&[1, 2, 3]], &[], 1),
            (&[&[1, 2, 3], &[1, 4, 5]], &[], 2),
        ];
        for (voters, learners, voter) in cases {
            let index = leading().index_confirmed_by(&membership(voters, learners), voter, &same);
            assert_eq!(index, None, "{voters:?} {learners:?} {voter}");
        }
    }

    #[test]
    fn a_leader_with_nothing_committed_in_its_term_and_a_node_that_does_not_lead_give_no_index() {
        let three = membership(&[&[1, 2, 3]], &[]);
        for committed in [None, Some(log_id(4, 70))] {
            let standing = Standing {
                committed,
                ..leading()
            };
            assert_eq!(standing.index_confirmed_by(&three, 2, &vote(5, 1, true)), None);
        }
        for own in [vote(5, 2, true), vote(5, 1, false)] {
            let standing = Standing {
                vote: own,
                ..leading()
            };
            assert_eq!(standing.index_confirmed_by(&three, 2, &own), None);
        }
    }
}
