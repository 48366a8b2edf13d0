//! The rule.

use crate::{Caller, Decision, Reason, Request, Resource, Verdict};
use kms_domain::rows::{AccessKeyStatus, AccountStatus};
use kms_domain::vocabulary::{AccessKeyId, AccountId, Principal};
use kms_domain::{Guard, State};

/// Decides one request on one copy of the state. Total: whatever cannot be decided is denied.
pub fn evaluate(state: &State, request: &Request<'_>) -> Decision {
    let mut depended_on = Guard::default();
    request.caller.add_to(state, &mut depended_on);
    let refusal = refusal_of(state, request.caller);
    for resource in &request.resources {
        resource.add_to(state, &mut depended_on);
    }
    let mut reasons: Vec<Reason> = request
        .resources
        .iter()
        .map(|resource| refusal.unwrap_or_else(|| reason(request.caller, resource)))
        .collect();
    if reasons.is_empty() {
        reasons.push(Reason::NothingNamed);
    }
    let allowed = reasons.iter().all(|reason| *reason == Reason::AdministersAccount);
    Decision {
        verdict: if allowed { Verdict::Allow } else { Verdict::Deny },
        reasons,
        depended_on,
    }
}

/// Why the caller may do nothing at all, whatever it asks for.
fn refusal_of(state: &State, caller: &Caller) -> Option<Reason> {
    match caller {
        Caller::Operator(_) => return Some(Reason::Operator),
        Caller::AccessKey {
            principal,
            id,
            revision,
        } if !access_key_holds(state, principal, id, *revision) => return Some(Reason::AccessKeyEnded),
        Caller::AccessKey { .. } | Caller::Administrator(_) => {}
    }
    let is_active = account_is_active(state, caller.principal().account());
    (!is_active).then_some(Reason::AccountNotActive)
}

fn access_key_holds(state: &State, principal: &Principal, id: &AccessKeyId, revision: u64) -> bool {
    state.access_key(id).is_some_and(|row| {
        row.status == AccessKeyStatus::Active && row.revision == revision && row.principal == *principal
    })
}

/// An account without a row is active: it was never made here, so that nobody can have disabled it.
fn account_is_active(state: &State, account: AccountId) -> bool {
    let row = state.account(account);
    row.is_none_or(|row| row.status == AccountStatus::Active)
}

fn reason(caller: &Caller, resource: &Resource<'_>) -> Reason {
    if caller.principal().account() == resource.account() {
        Reason::AdministersAccount
    } else {
        Reason::OtherAccount
    }
}
