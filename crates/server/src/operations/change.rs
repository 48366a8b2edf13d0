//! Carrying out one change: authorize, decide, propose, and again while the state changes underneath.
//!
//! What must never happen here: that a caller is told that nothing was done once something may have been. As soon as
//! one proposal has no known outcome, or has been applied, every failure is [`OperationError::Unknown`].

use super::call::Call;
use crate::errors::OperationError;
use kms_domain::proposal::RequestKey;
use kms_domain::vocabulary::Timestamp;
use kms_domain::{Command, Guard, KmsError, Proposal, Reply, State};
use kms_raft::{Applied, Node, ProposeError, ReadError, View};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Attempts to propose one change. Each failed one found the state changed underneath.
const ATTEMPTS_MAX: u32 = 8;

/// Pause before proposing again after an outcome that is not known.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// A change that has been decided on one view of the state.
pub struct Decided {
    /// What it rests on.
    pub guard: Guard,
    /// The change.
    pub command: Command,
}

/// What a change asks of the region: to read and to propose. A door, so that failures at every step can be tested.
pub(crate) trait Region {
    /// A view at least as new as this call.
    fn read(&self, deadline: Instant) -> impl Future<Output = Result<Arc<View>, ReadError>> + Send;

    /// The newest local view; it may be behind.
    fn view(&self) -> Arc<View>;

    /// Proposes through the leader and waits until the proposal is applied.
    fn propose(
        &self,
        proposal: &Proposal,
        deadline: Instant,
    ) -> impl Future<Output = Result<Applied, ProposeError>> + Send;
}

impl Region for Node {
    fn read(&self, deadline: Instant) -> impl Future<Output = Result<Arc<View>, ReadError>> + Send {
        Self::read(self, deadline)
    }

    fn view(&self) -> Arc<View> {
        Self::view(self)
    }

    fn propose(
        &self,
        proposal: &Proposal,
        deadline: Instant,
    ) -> impl Future<Output = Result<Applied, ProposeError>> + Send {
        Self::propose(self, proposal, deadline)
    }
}

/// Who wants a change, and how it is told from its repetitions.
pub(crate) struct Wanted<'a> {
    pub(crate) call: &'a Call,
    pub(crate) request: RequestKey,
    pub(crate) now: &'a (dyn Fn() -> Timestamp + Sync),
}

/// How one attempt ended.
enum Attempt {
    /// The request has been carried out or refused, now or when it came the first time.
    Answered(Result<Reply, KmsError>, Answered),
    /// The state changed between decision and effect; nothing was done.
    Stale,
    /// The proposal may still take effect.
    Unknown(String),
}

/// Where the answer is to be seen.
enum Answered {
    In(Arc<View>),
    At(u64),
}

/// Authorizes, decides and proposes until there is an answer. `authorize` runs first and alone, so that a repeated
/// request is authorized anew before its remembered answer is given. The answer comes with a view that contains the
/// change.
pub(crate) async fn carry_out<T>(
    region: &impl Region,
    wanted: &Wanted<'_>,
    authorize: impl Fn(&State) -> Result<T, OperationError>,
    decide: impl Fn(&State, &T) -> Result<Decided, OperationError>,
) -> Result<(Reply, Arc<View>), OperationError> {
    let deadline = wanted.call.deadline;
    let mut unknown = None;
    for _ in 0..ATTEMPTS_MAX {
        match attempt(region, wanted, &authorize, &decide).await {
            Ok(Attempt::Answered(Err(refused), _)) => return Err(refused.into()),
            Ok(Attempt::Answered(Ok(reply), Answered::In(view))) => return Ok((reply, view)),
            Ok(Attempt::Answered(Ok(reply), Answered::At(log_index))) => {
                return Ok((reply, view_at(region, log_index, deadline).await?));
            }
            Ok(Attempt::Stale) => {}
            // The request key makes a second proposal of the same request harmless.
            Ok(Attempt::Unknown(reason)) if Instant::now() + RETRY_PAUSE < deadline => {
                unknown = Some(reason);
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            Ok(Attempt::Unknown(reason)) => return Err(OperationError::Unknown(reason)),
            Err(failed) => return Err(unknown.map_or(failed, OperationError::Unknown)),
        }
    }
    let busy =
        || OperationError::Unavailable("what is to be changed is being changed by others; try again".into());
    Err(unknown.map_or_else(busy, OperationError::Unknown))
}

async fn attempt<T>(
    region: &impl Region,
    wanted: &Wanted<'_>,
    authorize: impl Fn(&State) -> Result<T, OperationError>,
    decide: impl Fn(&State, &T) -> Result<Decided, OperationError>,
) -> Result<Attempt, OperationError> {
    let call = wanted.call;
    let view = region.read(call.deadline).await?;
    let authorized = authorize(&view.state)?;
    if let Some(remembered) = view.state.remembered(call.principal(), &wanted.request) {
        return Ok(Attempt::Answered(remembered, Answered::In(view)));
    }
    let decided = decide(&view.state, &authorized)?;
    let proposal = Proposal {
        time: (wanted.now)(),
        principal: Some(call.principal().clone()),
        request: Some(wanted.request.clone()),
        guard: Guard {
            decided_at: (wanted.now)(),
            ..decided.guard
        },
        command: decided.command,
    };
    match region.propose(&proposal, call.deadline).await {
        Ok(applied) => Ok(match applied.reply {
            Err(KmsError::StaleGuard) => Attempt::Stale,
            reply => Attempt::Answered(reply, Answered::At(applied.log_index)),
        }),
        Err(ProposeError::Unknown(reason)) => Ok(Attempt::Unknown(reason)),
        Err(failed) => Err(failed.into()),
    }
}

/// A view that has applied `log_index`. The change is done by then, so that a failure to see it leaves the caller
/// without an answer, not without the change.
async fn view_at(
    region: &impl Region,
    log_index: u64,
    deadline: Instant,
) -> Result<Arc<View>, OperationError> {
    let view = region.view();
    if view.applied_index() >= Some(log_index) {
        return Ok(view);
    }
    region.read(deadline).await.map_err(|error| {
        OperationError::Unknown(format!(
            "the change was made, but this node cannot show it: {error}"
        ))
    })
}

#[cfg(test)]
mod tests;
