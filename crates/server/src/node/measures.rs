//! Prometheus: `/metrics` in plain HTTP on loopback. Values that the node knows anyway are read when asked for.

use super::listeners::bind;
use super::{NodeError, Running, Standing};
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use kms_raft::Role;
use metrics::gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::Arc;
use std::time::Duration;

/// Bounds of latency histograms, in seconds: from a cached read to the longest call.
const LATENCY_BUCKETS_S: [f64; 14] = [
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// How often histograms are tidied, so that they do not grow between two scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Scrape {
    recorder: PrometheusHandle,
    running: Arc<Running>,
}

/// Starts to collect. Must come before anything counts.
pub(super) fn install() -> Result<PrometheusHandle, NodeError> {
    let failed = |error: metrics_exporter_prometheus::BuildError| NodeError::Metrics(error.to_string());
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_BUCKETS_S)
        .map_err(failed)?
        .install_recorder()
        .map_err(failed)
}

/// Serves `/metrics` until the process ends.
pub(super) async fn serve(recorder: PrometheusHandle, running: Arc<Running>) -> Result<(), NodeError> {
    let listener = bind("metrics", running.config.metrics.listen).await?;
    let upkeep = recorder.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP_INTERVAL).await;
            upkeep.run_upkeep();
        }
    });
    let app = Router::new()
        .route("/metrics", get(scrape))
        .with_state(Scrape { recorder, running });
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "the metrics listener has failed");
        }
    });
    Ok(())
}

async fn scrape(State(scrape): State<Scrape>) -> impl IntoResponse {
    read_gauges(&scrape.running);
    let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4")];
    (headers, scrape.recorder.render())
}

fn read_gauges(running: &Running) {
    let status = running.raft.status();
    let view = running.raft.view();
    let serving = running.readiness.standing() == Standing::Serving;
    gauge!("kms_serving").set(flag(serving));
    gauge!("kms_raft_term").set(number(status.term));
    gauge!("kms_raft_leads").set(flag(status.role == Role::Leader));
    gauge!("kms_raft_leader_id").set(number(status.leader.unwrap_or(0)));
    gauge!("kms_raft_last_log_index").set(number(status.last_log_index.unwrap_or(0)));
    gauge!("kms_raft_committed_index").set(number(status.committed_index.unwrap_or(0)));
    gauge!("kms_raft_applied_index").set(number(view.applied_index().unwrap_or(0)));
    gauge!("kms_raft_snapshot_index").set(number(status.snapshot_index.unwrap_or(0)));
    gauge!("kms_raft_purged_index").set(number(status.purged_index.unwrap_or(0)));
    gauge!("kms_raft_members").set(number(status.members.len() as u64));
    gauge!("kms_snapshot_bytes").set(number(status.snapshot_bytes));
    gauge!("kms_keys").set(number(view.state.key_count() as u64));
    gauge!("kms_outbox_rows").set(number(view.state.outbox_len() as u64));
    gauge!("kms_uptime_seconds").set(running.started_at.elapsed().as_secs_f64());
}

const fn flag(set: bool) -> f64 {
    if set { 1.0 } else { 0.0 }
}

/// Prometheus has floating point only; indexes stay exact up to 2^53.
#[allow(clippy::cast_precision_loss)]
const fn number(value: u64) -> f64 {
    value as f64
}
