//! The evaluator's answer.

use kms_domain::Guard;

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The caller may.
    Allow,
    /// The caller may not.
    Deny,
}

/// Why a decision is as it is; for audit and for operators, never shown to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The caller administers the account that owns the resource.
    AdministersAccount,
    /// The resource belongs to another account.
    OtherAccount,
    /// The access key that signed is unknown here, is not active, or has changed since the signature was verified.
    AccessKeyEnded,
    /// The caller's account is disabled or deleted.
    AccountNotActive,
    /// The caller is an operator of the service; operators have no rights on keys.
    Operator,
    /// The request named nothing to act on, which no operation does.
    NothingNamed,
}

/// A decision, why, and what it depended on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Yes or no.
    pub verdict: Verdict,
    /// One reason a resource, in their order.
    pub reasons: Vec<Reason>,
    /// Every row that was read, absent ones included. Apply refuses the command when one of them has changed.
    pub depended_on: Guard,
}
