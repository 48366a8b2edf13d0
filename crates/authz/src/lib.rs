//! Whether a caller may do what it asks: request in, decision out.
//!
//! Pure: no clock, no randomness, no IO. A decision comes with its reasons and with everything it depended on, so that
//! the state machine refuses a command whose decision has gone stale ([`kms_domain::Guard`]). Nothing here checks key
//! states or usage; that is `kms_domain::UsableKey`.
//!
//! The evaluator knows one rule so far: a certificate of the client CA, or an access key that is active, makes its
//! bearer the administrator of its account, who may do everything in it unless the account is disabled or deleted;
//! everybody else may do nothing. What comes later has its place already:
//!
//! | what | where |
//! |---|---|
//! | who is asking: users, roles, sessions, services | [`Caller`], made by the server's authentication |
//! | key policies (parsed documents, conditions) | `policy/`, read from `Key::policy`, called by [`evaluate`] |
//! | grants and grant tokens | `grants.rs`, rows of the state; the grant used joins the decision's guard |
//! | identities and identity policies | `identity/`, rows of the state with their own revisions in the guard |
//! | request facts for conditions | fields of [`Request`] |
//! | order: explicit deny, key policy, identity policies, grants, else no | [`evaluate`] |
//!
//! An evaluation that cannot be completed denies.

#![forbid(unsafe_code)]

mod authorized;
mod decision;
mod evaluator;
mod request;
#[cfg(test)]
mod tests;

pub use authorized::{Authorized, Denied, authorize};
pub use decision::{Decision, Reason, Verdict};
pub use evaluator::evaluate;
pub use request::{Caller, Request, Resource};
