//! Accepting connections of AWS clients: bounded in number and in time, over TLS or, where the configuration says so, plain.

use super::connection::{Answers, Protocols};
use crate::config::Limits;
use crate::tls::ReloadingTls;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

const NAME: &str = "http";

/// How long accepting rests when the operating system has no socket to give.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// The listener, and what it needs for each connection.
pub(crate) struct Listening<A> {
    api: Arc<A>,
    tls: Option<Arc<ReloadingTls>>,
    protocols: Protocols,
    places: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    handshake_time: Duration,
}

impl<A: Answers> Listening<A> {
    /// Serves `api`, plain without `tls`.
    pub(crate) fn new(api: A, tls: Option<Arc<ReloadingTls>>, limits: &Limits) -> Self {
        Self {
            api: Arc::new(api),
            tls,
            protocols: Protocols::new(limits),
            places: Arc::new(Semaphore::new(limits.connections_max)),
            handshakes: Arc::new(Semaphore::new(limits.handshakes_max)),
            handshake_time: limits.handshake(),
        }
    }

    /// Accepts until `stop` is cancelled, and returns when every connection has ended.
    pub(crate) async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let listening = Arc::new(self);
        // Dropped with this future, so that whoever ends the listener ends its connections.
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((socket, address)) => {
                    let (listening, stop) = (Arc::clone(&listening), stop.clone());
                    if let Some(connection) = listening.begin(socket, address, stop) {
                        connections.spawn(connection);
                    }
                }
                Err(error) => {
                    tracing::warn!(listener = NAME, %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    /// One connection from its handshake on, if there is a place for it; otherwise the socket closes at once.
    fn begin(
        self: Arc<Self>,
        socket: TcpStream,
        address: SocketAddr,
        stop: CancellationToken,
    ) -> Option<impl Future<Output = ()> + Send> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let handshake = Arc::clone(&self.handshakes).try_acquire_owned();
        let (Ok(place), Ok(handshake)) = (place, handshake) else {
            refused("limit");
            return None;
        };
        Some(async move {
            let _place = place;
            // Only latency is lost if the system refuses this.
            let _ = socket.set_nodelay(true);
            let api = Arc::clone(&self.api);
            let Some(tls) = &self.tls else {
                drop(handshake);
                return self.protocols.serve(socket, api, stop).await;
            };
            let accepting = TlsAcceptor::from(tls.server_config()).accept(socket);
            match tokio::time::timeout(self.handshake_time, accepting).await {
                Ok(Ok(stream)) => {
                    drop(handshake);
                    self.protocols.serve(stream, api, stop).await;
                }
                _ => {
                    refused("handshake");
                    tracing::debug!(listener = NAME, peer = %address, "a TLS handshake did not succeed");
                }
            }
        })
    }
}

fn refused(reason: &'static str) {
    metrics::counter!("kms_connections_refused_total", "listener" => NAME, "reason" => reason).increment(1);
}

#[cfg(test)]
mod tests;
