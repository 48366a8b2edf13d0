//! Who belongs to the group: adding, removing, handing over the lead, snapshots on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kms_storage::StoreId;
use openraft::ChangeMembers;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::errors::{ClientWriteError, RaftError};
use tokio::time::Instant;

use super::Node;
use crate::error::MembershipError;
use crate::type_config::{Member, NodeId, TypeConfig};

/// A learner becomes a voter when it lacks no more entries than this.
const LAG_ENTRIES_MAX: u64 = 100;

/// How often a condition that openraft does not announce is looked at.
const POLL: Duration = Duration::from_millis(20);

/// Leases that a change of the voters waits to hear of a majority.
const LEASES_TO_HEAR_VOTERS: u32 = 3;

/// How long a snapshot on demand waits for the log behind it to go.
const PURGE_PATIENCE: Duration = Duration::from_secs(5);

/// A node to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNode {
    /// An id that was never used with another disk.
    pub node_id: NodeId,
    /// `host:port` of its raft listener.
    pub address: String,
    /// The store id that the operator expects; none to accept the one the node tells.
    pub store_id: Option<StoreId>,
}

impl Node {
    /// Adds a running node: first as a learner, then, once it has caught up, as a voter. Only the
    /// leader does this. A change that broke off can be repeated.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn add_node(&self, new: &NewNode, deadline: Instant) -> Result<(), MembershipError> {
        self.must_lead()?;
        let member = self.member_to_add(new, deadline).await?;
        let node_id = new.node_id;
        if !self.voters().contains(&node_id) {
            if !self.is_known(node_id) {
                let learner = ChangeMembers::AddNodes(BTreeMap::from([(node_id, member)]));
                self.change(learner, deadline).await?;
            }
            self.wait_until_caught_up(node_id, deadline).await?;
            let voters = self.voters();
            let mut grown = voters.clone();
            grown.insert(node_id);
            self.must_reach_a_quorum_of(&[voters, grown], deadline).await?;
            self.change(ChangeMembers::AddVoterIds(BTreeSet::from([node_id])), deadline)
                .await?;
        }
        Ok(())
    }

    async fn member_to_add(&self, new: &NewNode, deadline: Instant) -> Result<Member, MembershipError> {
        if new.node_id == 0 {
            return Err(MembershipError::Refused("node ids start at 1".to_owned()));
        }
        if new.node_id == self.node_id() {
            return Err(MembershipError::Refused(
                "this node is a member already".to_owned(),
            ));
        }
        let unreachable = |error: crate::network::CallError| MembershipError::Unreachable(error.to_string());
        let found = self
            .identify(new.node_id, &new.address, deadline)
            .await
            .map_err(unreachable)?;
        if let Some(problem) = found.other_root_key {
            return Err(MembershipError::Refused(problem));
        }
        let member = found.member;
        if let Some(expected) = new.store_id
            && expected != member.store_id
        {
            let text = format!(
                "node {} has store {}, not {expected}",
                new.node_id, member.store_id
            );
            return Err(MembershipError::Refused(text));
        }
        let membership = self.inner.core.observed.membership.borrow();
        match membership.get_node(&new.node_id) {
            Some(known) if known.store_id != member.store_id => {
                let text = format!("node {} is a member with store {}", new.node_id, known.store_id);
                Err(MembershipError::Refused(text))
            }
            _ => Ok(member),
        }
    }

    /// Removes a node for good: its id is not to be used again with another disk. Only the leader
    /// does this; one that removes itself hands over.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn remove_node(&self, node_id: NodeId, deadline: Instant) -> Result<(), MembershipError> {
        self.must_lead()?;
        if !self.is_known(node_id) {
            return Err(MembershipError::Refused(format!(
                "node {node_id} is not a member"
            )));
        }
        let voters = self.voters();
        let gone = BTreeSet::from([node_id]);
        if !voters.contains(&node_id) {
            return self.change(ChangeMembers::RemoveNodes(gone), deadline).await;
        }
        if voters.len() == 1 {
            return Err(MembershipError::Refused(
                "the last voter cannot be removed".to_owned(),
            ));
        }
        let remaining = voters.difference(&gone).copied().collect();
        self.must_reach_a_quorum_of(&[voters, remaining], deadline)
            .await?;
        self.change(ChangeMembers::RemoveVoters(gone), deadline).await
    }

    /// Refuses a change of the voters that could not commit: openraft puts the joint membership into force when it is
    /// appended, so that a change towards voters of which no majority is there would end the region. A leader that was
    /// just elected has not heard everybody yet, so some leases are waited for.
    async fn must_reach_a_quorum_of(
        &self,
        voter_sets: &[BTreeSet<NodeId>],
        deadline: Instant,
    ) -> Result<(), MembershipError> {
        let patience = self.inner.core.settings.lease() * LEASES_TO_HEAR_VOTERS;
        let until = deadline.min(Instant::now() + patience);
        loop {
            self.must_lead()?;
            let alive = self.alive();
            let Some(problem) = voter_sets
                .iter()
                .find_map(|voters| lacks_majority(voters, &alive))
            else {
                return Ok(());
            };
            if Instant::now() >= until {
                return Err(MembershipError::Refused(problem));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The nodes that this leader has heard within its lease, itself included.
    fn alive(&self) -> BTreeSet<NodeId> {
        self.heard_within(self.lease())
    }

    /// The other voter that holds most of the log among those that answer: who is to lead next. `None` on a node that
    /// does not lead, and if no other voter answers.
    pub fn successor(&self) -> Option<NodeId> {
        let metrics = self.inner.core.raft.metrics().borrow_watched().clone();
        let (voters, alive) = (self.voters(), self.alive());
        let matched = metrics.replication.unwrap_or_default().into_iter();
        let others =
            matched.filter(|(id, _)| *id != self.node_id() && voters.contains(id) && alive.contains(id));
        let best = others.max_by_key(|(_, matched)| matched.as_ref().map(|id| id.index));
        best.map(|(id, _)| id)
    }

    /// Moves the lead to another voter and returns when it leads.
    ///
    /// # Errors
    /// [`MembershipError::Unreachable`] if it does not lead by `deadline`; it may do so later.
    pub async fn transfer_leader(&self, to: NodeId, deadline: Instant) -> Result<(), MembershipError> {
        self.must_lead()?;
        if !self.voters().contains(&to) {
            return Err(MembershipError::Refused(format!("node {to} is not a voter")));
        }
        if to == self.node_id() {
            return Ok(());
        }
        let core = &self.inner.core;
        let moving = async {
            let asked = core.raft.trigger().transfer_leader(to).await;
            asked.map_err(|error| MembershipError::Fatal(error.to_string()))?;
            let mut leadership = core.observed.leadership.clone();
            let moved = leadership.wait_for(|seen| seen.leader == Some(to)).await;
            moved
                .map(|_| ())
                .map_err(|_| MembershipError::Fatal("the node is shutting down".to_owned()))
        };
        tokio::time::timeout_at(deadline, moving)
            .await
            .unwrap_or_else(|_| {
                Err(MembershipError::Unreachable(format!(
                    "node {to} did not take the lead in time"
                )))
            })
    }

    /// Builds a snapshot of what is applied now and purges the log behind it, whatever the policy says, and returns
    /// when both are durable. The log stays if a follower is being fed from it for longer than a few seconds.
    ///
    /// # Errors
    /// [`MembershipError::Refused`] if nothing is applied yet; [`MembershipError::Unreachable`] if it
    /// is not done by `deadline`.
    pub async fn trigger_snapshot(&self, deadline: Instant) -> Result<(), MembershipError> {
        let applied = self.view().applied_index();
        let applied = applied.ok_or_else(|| MembershipError::Refused("nothing is applied yet".to_owned()))?;
        let raft = &self.inner.core.raft;
        let mut asked_at: Option<Instant> = None;
        loop {
            let done = self
                .inner
                .snapshots
                .current()
                .is_some_and(|info| info.last.index >= applied);
            if done {
                return self
                    .purge(applied, deadline.min(Instant::now() + PURGE_PATIENCE))
                    .await;
            }
            if Instant::now() >= deadline {
                return Err(MembershipError::Unreachable(
                    "the snapshot was not done in time".to_owned(),
                ));
            }
            // One that was being built when this was called may lack the newest entries.
            if asked_at.is_none_or(|at| at.elapsed() > 50 * POLL) {
                let asked = raft.trigger().snapshot().await;
                asked.map_err(|error| MembershipError::Fatal(error.to_string()))?;
                asked_at = Some(Instant::now());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Purges the log up to `upto`, which a durable snapshot covers, as far as that can be done by `deadline`.
    async fn purge(&self, upto: u64, deadline: Instant) -> Result<(), MembershipError> {
        let raft = &self.inner.core.raft;
        let mut asked_at: Option<Instant> = None;
        while self.status().purged_index < Some(upto) && Instant::now() < deadline {
            // openraft puts a purge off while a follower is fed from those entries, and does not come back to it.
            if asked_at.is_none_or(|at| at.elapsed() > 10 * POLL) {
                let asked = raft.trigger().purge_log(upto).await;
                asked.map_err(|error| MembershipError::Fatal(error.to_string()))?;
                asked_at = Some(Instant::now());
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Gives the lead to the voter that is most up to date among those that answer.
    pub(super) async fn hand_over(&self, deadline: Instant) {
        if let Some(to) = self.successor()
            && let Err(error) = self.transfer_leader(to, deadline).await
        {
            tracing::info!(%error, "the lead was not handed over");
        }
    }

    fn must_lead(&self) -> Result<(), MembershipError> {
        let leadership = *self.inner.core.observed.leadership.borrow();
        if leadership.leads {
            return Ok(());
        }
        Err(MembershipError::NotLeader {
            leader: leadership.leader,
        })
    }

    fn voters(&self) -> BTreeSet<NodeId> {
        self.inner.core.observed.membership.borrow().voter_ids().collect()
    }

    fn is_known(&self, node_id: NodeId) -> bool {
        self.inner
            .core
            .observed
            .membership
            .borrow()
            .get_node(&node_id)
            .is_some()
    }

    async fn wait_until_caught_up(&self, node_id: NodeId, deadline: Instant) -> Result<(), MembershipError> {
        loop {
            {
                let receiver = self.inner.core.raft.metrics();
                let metrics = receiver.borrow_watched();
                let matched = metrics
                    .replication
                    .as_ref()
                    .and_then(|all| all.get(&node_id).copied().flatten());
                let behind = metrics
                    .last_log_index
                    .zip(matched)
                    .map(|(last, id)| last.saturating_sub(id.index));
                if behind.is_some_and(|entries| entries <= LAG_ENTRIES_MAX) {
                    return Ok(());
                }
            }
            self.must_lead()?;
            if Instant::now() >= deadline {
                let text = format!("node {node_id} did not catch up in time; it stays a learner");
                return Err(MembershipError::Unreachable(text));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Commits a change. Another one under way, or a leader that has committed nothing in its term
    /// yet, are waited for.
    async fn change(
        &self,
        change: ChangeMembers<NodeId, Member>,
        deadline: Instant,
    ) -> Result<(), MembershipError> {
        loop {
            let raft = &self.inner.core.raft;
            let changing = raft.change_membership(change.clone(), false);
            let error = match tokio::time::timeout_at(deadline, changing).await {
                Err(_) => return Err(MembershipError::Unknown("not committed in time".to_owned())),
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => error,
            };
            match judge(error) {
                Verdict::Retry(reason) => {
                    if Instant::now() + POLL >= deadline {
                        return Err(MembershipError::Refused(reason));
                    }
                    tokio::time::sleep(POLL).await;
                }
                Verdict::Final(error) => return Err(error),
            }
        }
    }
}

/// What is to be said if `alive` holds no majority of `voters`.
fn lacks_majority(voters: &BTreeSet<NodeId>, alive: &BTreeSet<NodeId>) -> Option<String> {
    let silent: BTreeSet<NodeId> = voters.difference(alive).copied().collect();
    let heard = voters.len() - silent.len();
    (heard < voters.len() / 2 + 1).then(|| {
        format!(
            "the change could never be committed: of the voters {} only {heard} can be heard; silent: node {}. Bring them \
             back, or remove a silent node first",
            listed(voters),
            listed(&silent)
        )
    })
}

fn listed(nodes: &BTreeSet<NodeId>) -> String {
    let ids: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    ids.join(", ")
}

enum Verdict {
    Retry(String),
    Final(MembershipError),
}

fn judge(error: RaftError<TypeConfig, ClientWriteError<TypeConfig>>) -> Verdict {
    use openraft::errors::ChangeMembershipError;
    let error = match error {
        RaftError::Fatal(error) => return Verdict::Final(MembershipError::Fatal(error.to_string())),
        RaftError::APIError(error) => error,
    };
    Verdict::Final(match error {
        ClientWriteError::ForwardToLeader(forward) => MembershipError::NotLeader {
            leader: forward.leader_id,
        },
        ClientWriteError::ChangeMembershipError(
            error @ (ChangeMembershipError::InProgress(_) | ChangeMembershipError::UncommittedLeaderLog(_)),
        ) => return Verdict::Retry(error.to_string()),
        ClientWriteError::ChangeMembershipError(error) => MembershipError::Refused(error.to_string()),
        error @ (ClientWriteError::LogEntryDiscarded(_) | ClientWriteError::PreconditionFailed(_)) => {
            MembershipError::Unknown(error.to_string())
        }
    })
}
