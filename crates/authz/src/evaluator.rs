//! The rule.

use crate::{Caller, Decision, Reason, Request, Resource, Verdict};
use kms_domain::{Guard, State};

/// Decides one request on one copy of the state. Total: whatever cannot be decided is denied.
pub fn evaluate(state: &State, request: &Request<'_>) -> Decision {
    let mut depended_on = Guard::default();
    for resource in &request.resources {
        resource.add_to(state, &mut depended_on);
    }
    let mut reasons: Vec<Reason> = request
        .resources
        .iter()
        .map(|resource| reason(request.caller, resource))
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

fn reason(caller: &Caller, resource: &Resource<'_>) -> Reason {
    match caller {
        Caller::Operator(_) => Reason::Operator,
        Caller::Administrator(principal) if principal.account() == resource.account() => {
            Reason::AdministersAccount
        }
        Caller::Administrator(_) => Reason::OtherAccount,
    }
}
