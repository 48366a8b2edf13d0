//! What happened in a run. A simulation in which something never happens proves nothing about it.

use kms_domain::key::{Key, RotationKind};
use kms_domain::multi_region::{AcceptOutcome, IdentityOutcome, ParcelOutcome, ReplicaPhase, Role};
use kms_domain::rows::Row;
use kms_domain::{Applied, Command, KmsError, Proposal, Reply};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that must happen in enough seeds.
const PLANNED: [&str; 41] = [
    "a record was adopted",
    "a record was stale",
    "a record was refused",
    "a record was of a life that is gone",
    "a hand-over was declined",
    "a primary resumed two epochs on",
    "a replica became primary",
    "a primary became a replica",
    "a replica was made",
    "a replica was made again",
    "a replica was active",
    "a replica was removed",
    "a primary with replicas waited with its deletion",
    "a key was destroyed",
    "the end of a replica was told",
    "a rotation waited for replicas",
    "a rotation on demand completed",
    "an automatic rotation completed",
    "a decision was stale",
    "a receipt settled nothing",
    "a forged record was refused",
    "an outcome stayed unknown",
    "a proposal was lost",
    "imported bytes came to a primary",
    "imported bytes came to a replica",
    "new bytes were imported beside the current ones",
    "imported bytes were deleted",
    "imported bytes expired",
    "an imported key rotated",
    "the imports of a replica were noted",
    "a hand-over was declined for want of an import",
    "an identity was adopted",
    "an identity was stale",
    "an identity was refused",
    "an account was made",
    "an account was disabled",
    "an account was deleted",
    "an access key was made",
    "an access key was disabled",
    "an access key was deleted",
    "a forged identity was refused",
];

/// Counts by what happened.
#[derive(Debug, Default, Clone)]
pub(crate) struct Census(BTreeMap<&'static str, u64>);

impl Census {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_insert(0) += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_insert(0) += count;
        }
    }

    /// Panics if something planned never happened.
    pub(crate) fn assert_complete(&self) {
        let missing: Vec<&&str> = PLANNED
            .iter()
            .filter(|what| !self.0.contains_key(**what))
            .collect();
        assert!(
            missing.is_empty(),
            "never happened: {missing:?}; happened: {:#?}",
            self.0
        );
    }

    /// Counts an answer to a shipment.
    pub(crate) fn count_outcome(&mut self, outcome: &ParcelOutcome) {
        let outcome = match outcome {
            ParcelOutcome::Key(outcome) => outcome,
            ParcelOutcome::Identity(outcome) => return self.count(named_of_identity(outcome)),
        };
        self.count(named(outcome));
        let reason = match outcome {
            AcceptOutcome::HandoverDeclined { reason, .. } => reason.as_str(),
            _ => "",
        };
        if reason == "the replica is pending import" {
            self.count("a hand-over was declined for want of an import");
        }
    }

    /// Counts what one applied command shows.
    pub(crate) fn look(&mut self, proposal: &Proposal, applied: &Applied) {
        match &applied.result {
            Ok(Reply::AcknowledgementNoted { settled: false }) => self.count("a receipt settled nothing"),
            Err(KmsError::StaleGuard) => self.count("a decision was stale"),
            _ => {}
        }
        if applied.result.is_ok() && !applied.changes.is_empty() {
            self.look_at_identities(proposal);
        }
        for change in &applied.changes {
            match (&change.before, &change.after) {
                (None, Some(Row::Key(key))) if key.is_replica() => {
                    self.count("a replica was made");
                    let again = applied
                        .changes
                        .iter()
                        .any(|c| matches!(c.after, Some(Row::Tombstone(_))));
                    if again {
                        self.count("a replica was made again");
                    }
                }
                (Some(Row::Key(_)), None) => self.count("a key was destroyed"),
                (Some(Row::Key(before)), Some(Row::Key(after))) => self.compare(proposal, before, after),
                (Some(Row::Tombstone(before)), Some(Row::Tombstone(after)))
                    if before.tell.is_some() && after.tell.is_none() =>
                {
                    self.count("the end of a replica was told");
                }
                (Some(Row::Material(before)), Some(Row::Material(after)))
                    if before.wrapped.is_some() && after.wrapped.is_none() =>
                {
                    self.count(match &proposal.command {
                        Command::Pulse(_) => "imported bytes expired",
                        _ => "imported bytes were deleted",
                    });
                }
                _ => {}
            }
        }
    }

    /// Counts what the home of an identity changed.
    fn look_at_identities(&mut self, proposal: &Proposal) {
        match &proposal.command {
            Command::CreateAccount(_) => self.count("an account was made"),
            Command::SetAccountStatus(set) if !set.enabled => self.count("an account was disabled"),
            Command::DeleteAccount(_) => self.count("an account was deleted"),
            Command::CreateAccessKey(_) => self.count("an access key was made"),
            Command::SetAccessKeyStatus(set) if !set.enabled => self.count("an access key was disabled"),
            Command::DeleteAccessKey(_) => self.count("an access key was deleted"),
            _ => {}
        }
    }

    fn compare(&mut self, proposal: &Proposal, before: &Arc<Key>, after: &Arc<Key>) {
        let (Some(was), Some(is)) = (&before.multi_region, &after.multi_region) else {
            return;
        };
        if matches!(proposal.command, Command::ImportKeyMaterial(_)) {
            self.count(match is.role {
                Role::Primary => "imported bytes came to a primary",
                Role::Replica => "imported bytes came to a replica",
            });
        }
        if before.imported_pending().is_none()
            && after.imported_pending().is_some()
            && is.role == Role::Primary
        {
            self.count("new bytes were imported beside the current ones");
        }
        if matches!(proposal.command, Command::RotateToImportedMaterial(_)) && after.has_replicas() {
            self.count("an imported key rotated");
        }
        match (was.role, is.role) {
            (Role::Replica, Role::Primary) => self.count("a replica became primary"),
            (Role::Primary, Role::Replica) => self.count("a primary became a replica"),
            (Role::Primary, Role::Primary) if was.epoch.counter + 2 == is.epoch.counter => {
                self.count("a primary resumed two epochs on");
            }
            _ => {}
        }
        let active = |m: &kms_domain::multi_region::MultiRegion| {
            m.replicas
                .values()
                .filter(|r| r.phase == ReplicaPhase::Active)
                .count()
        };
        if is.role == Role::Primary && active(is) > active(was) {
            self.count("a replica was active");
        }
        if is.role == Role::Primary && is.replicas.len() < was.replicas.len() {
            self.count("a replica was removed");
        }
        if matches!(proposal.command, Command::ScheduleKeyDeletion(_)) && after.has_replicas() {
            self.count("a primary with replicas waited with its deletion");
        }
        match (&before.rotation.pending, &after.rotation.pending) {
            (None, Some(_)) if is.role == Role::Primary => self.count("a rotation waited for replicas"),
            (Some(pending), None) if is.role == Role::Primary => self.count(match pending.kind {
                RotationKind::Automatic => "an automatic rotation completed",
                RotationKind::OnDemand => "a rotation on demand completed",
            }),
            _ => {}
        }
    }
}

fn named(outcome: &AcceptOutcome) -> &'static str {
    match outcome {
        AcceptOutcome::Adopted { .. } => "a record was adopted",
        AcceptOutcome::Stale { .. } => "a record was stale",
        AcceptOutcome::Gone { .. } => "a record was of a life that is gone",
        AcceptOutcome::GoneNoted => "the end of a replica was noted",
        AcceptOutcome::NotPrimary { .. } => "the end of a replica was told to no primary",
        AcceptOutcome::Refused { .. } => "a record was refused",
        AcceptOutcome::HandoverDeclined { .. } => "a hand-over was declined",
        AcceptOutcome::ImportsNoted { .. } => "the imports of a replica were noted",
    }
}

fn named_of_identity(outcome: &IdentityOutcome) -> &'static str {
    match outcome {
        IdentityOutcome::Adopted { .. } => "an identity was adopted",
        IdentityOutcome::Stale { .. } => "an identity was stale",
        IdentityOutcome::Refused { .. } => "an identity was refused",
    }
}
