//! What a caller is told when a step of a change fails.

use super::{Decided, Region, Wanted, carry_out};
use crate::errors::OperationError;
use crate::operations::Call;
use crate::testing::founded_state;
use kms_authz::Caller;
use kms_domain::proposal::RequestKey;
use kms_domain::vocabulary::Timestamp;
use kms_domain::{Command, Guard, KmsError, Proposal, Reply};
use kms_raft::{Applied, AppliedId, ProposeError, ReadError, View};
use std::collections::VecDeque;
use std::future::{Future, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// A region that answers as told; what it was told last it repeats.
struct Scripted {
    reads: Mutex<VecDeque<Result<u64, ReadError>>>,
    proposals: Mutex<VecDeque<Result<Applied, ProposeError>>>,
}

fn next<T: Clone>(script: &Mutex<VecDeque<T>>) -> T {
    let mut script = script.lock().expect("nobody panicked");
    match script.len() {
        1 => script[0].clone(),
        _ => script.pop_front().expect("a script is not empty"),
    }
}

fn view(index: u64) -> Arc<View> {
    Arc::new(View {
        state: founded_state(),
        applied: Some(AppliedId { term: 1, index }),
        ..View::default()
    })
}

impl Region for Scripted {
    fn read(&self, _: Instant) -> impl Future<Output = Result<Arc<View>, ReadError>> + Send {
        ready(next(&self.reads).map(view))
    }

    fn view(&self) -> Arc<View> {
        view(1)
    }

    fn propose(
        &self,
        _: &Proposal,
        _: Instant,
    ) -> impl Future<Output = Result<Applied, ProposeError>> + Send {
        ready(next(&self.proposals))
    }
}

/// What a caller is told by a region with this script.
async fn told(
    reads: Vec<Result<u64, ReadError>>,
    proposals: Vec<Result<Applied, ProposeError>>,
) -> Result<Reply, OperationError> {
    let region = Scripted {
        reads: Mutex::new(reads.into()),
        proposals: Mutex::new(proposals.into()),
    };
    let principal = "arn:aws:iam::123456789012:user/alice".parse().expect("principal");
    let allowed = Some(Duration::from_secs(2));
    let call = Call::arriving_now(Caller::Administrator(principal), None, allowed);
    let wanted = Wanted {
        call: &call,
        request: RequestKey {
            operation: "DisableKey".to_owned(),
            id: "1".to_owned(),
            parameters_hash: [0; 32],
        },
        now: &|| Timestamp(1),
    };
    let decide = |_: &_, (): &()| {
        Ok(Decided {
            guard: Guard::default(),
            command: Command::MarkAllDirty("eu-west-1".parse().expect("region")),
        })
    };
    let (reply, _) = carry_out(&region, &wanted, |_| Ok(()), decide).await?;
    Ok(reply)
}

fn applied(reply: Result<Reply, KmsError>) -> Result<Applied, ProposeError> {
    Ok(Applied { log_index: 7, reply })
}

fn unknown() -> Result<Applied, ProposeError> {
    Err(ProposeError::Unknown("the leader died".to_owned()))
}

fn away() -> ReadError {
    ReadError::Unavailable("no quorum".to_owned())
}

fn refused() -> Result<Applied, ProposeError> {
    Err(ProposeError::Unavailable("no leader".to_owned()))
}

#[tokio::test]
async fn nothing_was_done_is_said_only_before_anything_was_proposed() {
    let said = told(vec![Err(away())], vec![unknown()]).await;
    assert!(matches!(said, Err(OperationError::Unavailable(_))), "{said:?}");
    let said = told(vec![Ok(1)], vec![refused()]).await;
    assert!(matches!(said, Err(OperationError::Unavailable(_))), "{said:?}");
}

#[tokio::test]
async fn a_change_that_was_made_and_cannot_be_shown_is_of_unknown_outcome() {
    let said = told(vec![Ok(1), Err(away())], vec![applied(Ok(Reply::Done))]).await;
    assert!(matches!(said, Err(OperationError::Unknown(_))), "{said:?}");
}

#[tokio::test]
async fn after_an_unknown_outcome_no_failure_says_that_nothing_was_done() {
    let read_fails = told(vec![Ok(1), Err(away())], vec![unknown()]).await;
    let proposal_fails = told(vec![Ok(1)], vec![unknown(), refused()]).await;
    let never_known = told(vec![Ok(1)], vec![unknown()]).await;
    for said in [read_fails, proposal_fails, never_known] {
        assert!(matches!(said, Err(OperationError::Unknown(_))), "{said:?}");
    }
}

#[tokio::test]
async fn an_outcome_that_becomes_known_is_the_answer() {
    let done = told(
        vec![Ok(1), Ok(1), Ok(7)],
        vec![unknown(), applied(Ok(Reply::Done))],
    )
    .await;
    assert_eq!(done, Ok(Reply::Done));
    let refusal = KmsError::Validation("no".to_owned());
    let said = told(vec![Ok(1)], vec![unknown(), applied(Err(refusal.clone()))]).await;
    assert_eq!(said, Err(OperationError::Kms(refusal)));
}

#[tokio::test]
async fn a_stale_decision_is_made_again_and_given_up_without_harm() {
    let stale = || applied(Err(KmsError::StaleGuard));
    let done = told(vec![Ok(7)], vec![stale(), stale(), applied(Ok(Reply::Done))]).await;
    assert_eq!(done, Ok(Reply::Done));
    let said = told(vec![Ok(1)], vec![stale()]).await;
    assert!(matches!(said, Err(OperationError::Unavailable(_))), "{said:?}");
}
