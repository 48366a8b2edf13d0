//! What is counted of each operation, whichever adapter it came through.

use super::call::{Call, RequestId};
use crate::errors::OperationError;
use metrics::{Counter, Histogram};
use std::future::Future;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// What is counted of one operation. The handles are looked up once, because every call counts.
pub(crate) struct Measures {
    operation: &'static str,
    succeeded: Counter,
    seconds: Histogram,
}

impl Measures {
    pub(crate) fn of(operation: &'static str) -> Self {
        Self {
            operation,
            succeeded: metrics::counter!("kms_operations_total", "operation" => operation, "outcome" => "ok"),
            seconds: metrics::histogram!("kms_operation_seconds", "operation" => operation),
        }
    }

    fn note<T>(&self, result: &Result<T, OperationError>, took: Duration) {
        self.seconds.record(took.as_secs_f64());
        let Err(error) = result else {
            return self.succeeded.increment(1);
        };
        let (operation, outcome) = (self.operation, error.outcome());
        metrics::counter!("kms_operations_total", "operation" => operation, "outcome" => outcome)
            .increment(1);
        tracing::debug!(operation, outcome, %error, "a call did not succeed");
    }
}

/// Runs one operation within its deadline and counts its outcome. A call that was refused before it got here counts, too.
pub(crate) async fn run<T, R, F>(
    measures: &Measures,
    arrived: Result<(Call, T), OperationError>,
    carry_out: impl FnOnce(Call, T) -> F,
) -> Result<R, OperationError>
where
    F: Future<Output = Result<R, OperationError>>,
{
    let began = Instant::now();
    let result = match arrived {
        Err(refused) => Err(refused),
        Ok((call, request)) => {
            let deadline = call.deadline;
            let id = call.request_id.as_ref().map(RequestId::as_str);
            let span = tracing::debug_span!("call", operation = measures.operation, request_id = id);
            let carried_out = carry_out(call, request).instrument(span);
            match tokio::time::timeout_at(deadline, carried_out).await {
                Ok(result) => result,
                Err(_) => Err(OperationError::Timeout("no answer within the deadline".into())),
            }
        }
    };
    measures.note(&result, began.elapsed());
    result
}
