//! The life of a node, from start to a signal or a failure.

use super::start::{StartedNode, start};
use super::{NodeError, Running, key_usages, listeners, measures, open_files, readiness, shutdown};
use crate::config::Config;
use crate::leader;
use crate::tls::reload_periodically;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs a node until SIGTERM or SIGINT, or until it has to stop. The process's memory must be protected already.
///
/// # Errors
/// Why it did not start, or why it stopped by itself.
pub async fn run(mut config: Config) -> Result<(), NodeError> {
    let recorder = measures::install()?;
    config.limits.connections_max = open_files::connections_allowed(config.limits.connections_max);
    let mut signals = Signals::subscribe()?;
    let StartedNode { running, effects } = start(config).await?;
    let raft = running.raft.clone();
    let keyring = Arc::clone(&running.keyring);
    tokio::spawn(readiness::follow(raft, keyring, running.readiness.clone()));
    tokio::spawn(reload_certificates(Arc::clone(&running)));
    tokio::spawn(key_usages::flush_for_ever(Arc::clone(&running)));
    let duties = leader::start(&running, effects);
    let listeners = listeners::listen(&running).await?;
    measures::serve(recorder, Arc::clone(&running)).await?;
    tracing::info!(
        cluster = %running.config.cluster,
        region = %running.config.region,
        node = running.config.node_id,
        version = env!("CARGO_PKG_VERSION"),
        "the node has started"
    );
    let outcome = tokio::select! {
        () = signals.received() => Ok(()),
        reason = running.raft.stopped() => Err(NodeError::Stopped(reason)),
    };
    duties.stop();
    shutdown::shut_down(&running, listeners).await;
    outcome
}

async fn reload_certificates(running: Arc<Running>) {
    let tls = &running.tls;
    let all = [&tls.client, &tls.admin, &tls.raft, &tls.replication];
    let all: Vec<_> = all.into_iter().chain(&tls.http).map(Arc::clone).collect();
    let period = running.config.limits.certificate_reload();
    if let Err(error) = reload_periodically(all, period).await {
        tracing::error!(%error, "certificates are not reloaded");
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn subscribe() -> Result<Self, NodeError> {
        let subscribe = |kind| {
            signal(kind).map_err(|source| NodeError::Process {
                what: "subscribing to signals",
                source,
            })
        };
        Ok(Self {
            terminate: subscribe(SignalKind::terminate())?,
            interrupt: subscribe(SignalKind::interrupt())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("SIGTERM"),
            _ = self.interrupt.recv() => tracing::info!("SIGINT"),
        }
    }
}
