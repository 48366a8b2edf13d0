//! Waiting for a condition with a deadline: the only way tests wait.

use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const POLL: Duration = Duration::from_millis(25);

/// Polls `condition` until it gives a value; fails with what it said last when `within` has passed.
///
/// # Errors
/// When the deadline passes: the text names `what` and the last reason.
pub async fn until<T, F>(what: &str, within: Duration, mut condition: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let deadline = Instant::now() + within;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let last = match tokio::time::timeout(left.max(POLL), condition()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(reason)) => reason,
            Err(_) => anyhow::anyhow!("the check itself did not answer"),
        };
        if Instant::now() >= deadline {
            return Err(last.context(format!("waited {within:?} for {what}")));
        }
        sleep(POLL).await;
    }
}

/// [`until`] for a plain condition.
///
/// # Errors
/// When the deadline passes.
pub async fn until_true<F>(
    what: &str,
    within: Duration,
    mut condition: impl FnMut() -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = bool>,
{
    until(what, within, || {
        let holds = condition();
        async move {
            if holds.await {
                Ok(())
            } else {
                anyhow::bail!("it does not hold yet")
            }
        }
    })
    .await
}
