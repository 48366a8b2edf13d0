//! Two ways to load a server. A closed loop has a fixed number of callers that wait for their answers: it tells what
//! a server can do. An open loop sends at a fixed rate whatever happens, and counts latency from when a request was
//! to be sent: a server that stalls cannot hide it by keeping the next request from being sent.

use anyhow::Context;
use hdrhistogram::Histogram;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Latencies above a minute are counted as a minute.
const LATENCY_US_MAX: u64 = 60_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;
/// Requests under way at a time in an open loop; more are sent late, and their lateness is counted.
const IN_FLIGHT_MAX: usize = 20_000;

/// What one load measured.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Successful calls.
    pub succeeded: u64,
    /// Failed calls.
    pub failed: u64,
    /// What the first failure said.
    pub first_failure: Option<String>,
    /// How long the load lasted.
    pub took: Duration,
    /// Latencies of successful calls, in microseconds.
    pub latency_us: Histogram<u64>,
}

impl Measured {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            succeeded: 0,
            failed: 0,
            first_failure: None,
            took: Duration::ZERO,
            latency_us: Histogram::new_with_max(LATENCY_US_MAX, SIGNIFICANT_DIGITS)?,
        })
    }

    fn note(&mut self, outcome: Result<(), String>, latency: Duration) {
        match outcome {
            Ok(()) => {
                self.succeeded += 1;
                let us = u64::try_from(latency.as_micros()).unwrap_or(LATENCY_US_MAX);
                self.latency_us.saturating_record(us.min(LATENCY_US_MAX));
            }
            Err(said) => {
                self.failed += 1;
                self.first_failure.get_or_insert(said);
            }
        }
    }

    /// Adds another measurement's calls, latencies and time to this one.
    ///
    /// # Errors
    /// None with histograms made here.
    pub fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.first_failure = self.first_failure.take().or_else(|| other.first_failure.clone());
        self.took += other.took;
        self.latency_us.add(&other.latency_us)?;
        Ok(())
    }

    /// Successful calls a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate is not exact")]
    pub fn per_second(&self) -> f64 {
        let seconds = self.took.as_secs_f64();
        if seconds == 0.0 {
            return 0.0;
        }
        self.succeeded as f64 / seconds
    }
}

/// `callers` callers, each of which calls again when it is answered, for `duration`. `call` is given the caller's
/// number and how many calls that caller made before.
///
/// # Errors
/// When a caller panicked.
pub async fn closed_loop<F, C>(callers: usize, duration: Duration, call: C) -> anyhow::Result<Measured>
where
    F: Future<Output = Result<(), String>> + Send,
    C: Fn(usize, u64) -> F + Clone + Send + Sync + 'static,
{
    let began = Instant::now();
    let deadline = began + duration;
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let call = call.clone();
        tasks.spawn(async move {
            let mut own = Measured::new()?;
            let mut number = 0;
            while Instant::now() < deadline {
                let sent = Instant::now();
                let outcome = call(caller, number).await;
                own.note(outcome, sent.elapsed());
                number += 1;
            }
            anyhow::Ok(own)
        });
    }
    let mut all = Measured::new()?;
    while let Some(own) = tasks.join_next().await {
        all.add(&own.context("a caller ended before its time")??)?;
    }
    all.took = began.elapsed();
    Ok(all)
}

/// `per_second` calls a second for `duration`, latency counted from when each was to be sent. `call` is given the
/// number of the request.
///
/// # Errors
/// When a call panicked.
pub async fn open_loop<F, C>(per_second: f64, duration: Duration, call: C) -> anyhow::Result<Measured>
where
    F: Future<Output = Result<(), String>> + Send + 'static,
    C: Fn(u64) -> F,
{
    anyhow::ensure!(per_second > 0.0, "an open loop has a rate");
    let began = Instant::now();
    let in_flight = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let mut tasks = JoinSet::new();
    let mut all = Measured::new()?;
    for number in 0_u32.. {
        let intended = began + Duration::from_secs_f64(f64::from(number) / per_second);
        if intended >= began + duration {
            break;
        }
        sleep_until(intended).await;
        let permit = Arc::clone(&in_flight).acquire_owned().await?;
        let answer = call(u64::from(number));
        tasks.spawn(async move {
            let outcome = answer.await;
            drop(permit);
            (outcome, intended.elapsed())
        });
        while let Some(done) = tasks.try_join_next() {
            let (outcome, latency) = done.context("a call panicked")?;
            all.note(outcome, latency);
        }
    }
    while let Some(done) = tasks.join_next().await {
        let (outcome, latency) = done.context("a call panicked")?;
        all.note(outcome, latency);
    }
    all.took = began.elapsed();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test]
    async fn an_open_loop_does_not_hide_a_stall() -> anyhow::Result<()> {
        let began = Instant::now();
        let measured = open_loop(500.0, Duration::from_millis(400), move |_| async move {
            // Nobody is answered in the first 200 ms.
            sleep_until(began + Duration::from_millis(200)).await;
            Ok(())
        })
        .await?;
        assert_eq!(measured.succeeded, 200);
        let waited_us = measured.latency_us.value_at_quantile(0.8);
        assert!(
            waited_us >= 95_000,
            "the first quarter waited at least 100 ms, not {waited_us} us"
        );
        Ok(())
    }

    #[tokio::test]
    async fn a_closed_loop_counts_failures_apart() -> anyhow::Result<()> {
        let failed = Arc::new(AtomicBool::new(false));
        let measured = closed_loop(2, Duration::from_millis(100), move |_, _| {
            let fails = !failed.swap(true, Ordering::Relaxed);
            async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                if fails { Err("once".to_owned()) } else { Ok(()) }
            }
        })
        .await?;
        assert_eq!(measured.failed, 1);
        assert!(measured.succeeded >= 1);
        assert_eq!(measured.latency_us.len(), measured.succeeded);
        assert_eq!(measured.first_failure.as_deref(), Some("once"));
        Ok(())
    }
}
