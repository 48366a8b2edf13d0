//! The proof that a request was allowed.

use crate::{Caller, Decision, Reason, Request, Resource, Verdict, evaluate};
use kms_domain::vocabulary::{Principal, Timestamp, WrappingKeyId};
use kms_domain::{Guard, KmsError, Operation, State};

/// Proof that the evaluator allowed this request. Only [`authorize`] makes it; whatever carries out an operation asks
/// for it, so that forgetting the check does not compile.
#[derive(Debug)]
pub struct Authorized<'a> {
    request: Request<'a>,
    decision: Decision,
}

/// A refusal: what the caller is told, and the decision for the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("User: {principal} is not authorized to perform: kms:{operation} on this resource")]
pub struct Denied {
    /// Who asked.
    pub principal: Principal,
    /// For what.
    pub operation: Operation,
    /// Why not; not for the caller.
    pub decision: Decision,
}

impl From<Denied> for KmsError {
    /// The same text whether the resource exists or not. A caller whose access key proves nothing is told so and not
    /// what it may do.
    fn from(denied: Denied) -> Self {
        let ended = [Reason::AccessKeyEnded, Reason::AccountNotActive];
        let signed = !denied.decision.depended_on.access_keys.is_empty();
        if signed
            && denied
                .decision
                .reasons
                .iter()
                .any(|reason| ended.contains(reason))
        {
            return Self::AccessKeyEnded;
        }
        Self::AccessDenied(denied.to_string())
    }
}

/// Decides `request` on `state`.
///
/// # Errors
/// [`Denied`], when the evaluator does not allow it.
pub fn authorize<'a>(state: &State, request: Request<'a>) -> Result<Authorized<'a>, Box<Denied>> {
    let decision = evaluate(state, &request);
    match decision.verdict {
        Verdict::Allow => Ok(Authorized { request, decision }),
        Verdict::Deny => Err(Box::new(Denied {
            principal: request.caller.principal().clone(),
            operation: request.operation,
            decision,
        })),
    }
}

impl<'a> Authorized<'a> {
    /// Who asked.
    pub fn caller(&self) -> &'a Caller {
        self.request.caller
    }

    /// The operation that is allowed, and no other.
    pub fn operation(&self) -> Operation {
        self.request.operation
    }

    /// What it is allowed on, and nothing else.
    pub fn resources(&self) -> &[Resource<'a>] {
        &self.request.resources
    }

    /// The decision, for the record.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The guard of the command that follows from this decision: what it depended on, the wrapping key under which new
    /// material was wrapped, and when it was made.
    pub fn guard(&self, wrapping_key: Option<WrappingKeyId>, decided_at: Timestamp) -> Guard {
        Guard {
            wrapping_key,
            decided_at,
            ..self.decision.depended_on.clone()
        }
    }
}
