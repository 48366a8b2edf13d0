//! Who calls, under which request id, and until when an answer is of use.

use kms_authz::Caller;
use kms_domain::KmsError;
use kms_domain::limits::REQUEST_ID_BYTES_MAX;
use kms_domain::vocabulary::{AccountId, Principal};
use kms_raft::View;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest that a call waits without an answer, whatever its caller allows. Callers are promised 5 s by their own
/// clocks: what is left of them is for the way of the question and of the answer.
pub const CALL_DURATION_MAX: Duration = Duration::from_millis(4_800);

/// The header, or metadata entry, that carries a caller's request id; every AWS SDK sends it.
pub const REQUEST_ID_HEADER: &str = "amz-sdk-invocation-id";

/// An authenticated call.
#[derive(Debug, Clone)]
pub struct Call {
    /// The caller.
    pub caller: Caller,
    /// The caller's id for this request, the same on every retry of it.
    pub request_id: Option<RequestId>,
    /// No answer is of use after this.
    pub deadline: Instant,
    /// A view that was read for this call after it had begun to arrive, if there was one to find out who calls.
    pub seen: Option<Seen>,
}

/// A view of the state, and when it was read.
#[derive(Debug, Clone)]
pub struct Seen {
    /// At least as new as anything that was answered before it was read.
    pub view: Arc<View>,
    /// When it had been read.
    pub since: Instant,
}

/// A request id: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Takes a caller's id; `None` when it is empty, too long, or has other characters.
    pub fn from_caller(text: &str) -> Option<Self> {
        let fits = (1..=REQUEST_ID_BYTES_MAX).contains(&text.len());
        (fits && text.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    /// Takes the value of [`REQUEST_ID_HEADER`], if there is one.
    ///
    /// # Errors
    /// When it is not a request id.
    pub fn from_header(value: Option<&[u8]>) -> Result<Option<Self>, KmsError> {
        let Some(value) = value else {
            return Ok(None);
        };
        let id = std::str::from_utf8(value).ok().and_then(Self::from_caller);
        id.map(Some).ok_or_else(|| {
            KmsError::Validation(format!(
                "{REQUEST_ID_HEADER} must be 1 to {REQUEST_ID_BYTES_MAX} visible ASCII characters"
            ))
        })
    }

    /// An id for a caller that gave none, so that this node's own retries of one call happen at most once.
    pub fn random() -> Self {
        Self(format!("node:{}", uuid::Uuid::new_v4()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Seen {
    /// A view that has just been read.
    pub fn now(view: Arc<View>) -> Self {
        Self {
            view,
            since: Instant::now(),
        }
    }
}

impl Call {
    /// A call that arrives now and may take as long as its caller allows, at most [`CALL_DURATION_MAX`].
    pub fn arriving_now(caller: Caller, request_id: Option<RequestId>, allowed: Option<Duration>) -> Self {
        let duration = allowed.unwrap_or(CALL_DURATION_MAX).min(CALL_DURATION_MAX);
        Self {
            caller,
            request_id,
            deadline: Instant::now() + duration,
            seen: None,
        }
    }

    /// The authenticated principal.
    pub fn principal(&self) -> &Principal {
        self.caller.principal()
    }

    /// The account the caller acts in.
    pub fn account(&self) -> AccountId {
        self.principal().account()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_1_to_128_visible_ascii_characters() {
        assert!(RequestId::from_caller("a").is_some());
        assert!(RequestId::from_caller(&"x".repeat(128)).is_some());
        assert!(RequestId::from_caller("").is_none());
        assert!(RequestId::from_caller(&"x".repeat(129)).is_none());
        assert!(RequestId::from_caller("two words").is_none());
        assert!(RequestId::from_caller("ü").is_none());
    }
}
