//! What enters the log, and what comes out of applying it.

use crate::rows::RowChange;
use crate::vocabulary::{Principal, Timestamp};
use crate::{Command, Effect, Guard, KmsError, Reply};

/// One log entry: a command with everything non-deterministic it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The proposing node's clock; shown to callers, never compared with a deadline.
    pub time: Timestamp,
    /// Who asked; `None` for the service's own commands.
    pub principal: Option<Principal>,
    /// Identifies a retry; `None` for the service's own commands, which are idempotent by themselves.
    pub request: Option<RequestKey>,
    /// What the decision depended on.
    pub guard: Guard,
    /// The change.
    pub command: Command,
}

/// Identifies a caller's request across retries, within its principal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestKey {
    /// The AWS operation name.
    pub operation: String,
    /// From the caller, or from `amz-sdk-invocation-id`; bounded by [`crate::limits::REQUEST_ID_BYTES_MAX`].
    pub id: String,
    /// SHA-256 of the canonical parameters: the same id with another hash is an error.
    pub parameters_hash: [u8; 32],
}

/// The outcome of applying one proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What the proposer is told.
    pub result: Result<Reply, KmsError>,
    /// What the leader does next. Empty when refused.
    pub effects: Vec<Effect>,
    /// Every row that changed, with its value before and after, in row key order.
    pub changes: Vec<RowChange>,
}
