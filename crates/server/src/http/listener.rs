//! Accepting connections of AWS clients: bounded in number and in time, over TLS or, where the configuration says so, plain.

use super::connection::{Answers, Protocols};
use super::guests::Guests;
use crate::config::Limits;
use crate::tls::ReloadingTls;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
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
    guests: Arc<Guests>,
    handshake_time: Duration,
}

impl<A: Answers> Listening<A> {
    /// Serves `api`, plain without `tls`.
    pub(crate) fn new(api: A, tls: Option<Arc<ReloadingTls>>, limits: &Limits) -> Self {
        Self {
            api: Arc::new(api),
            tls,
            protocols: Protocols::new(limits),
            guests: Guests::new(limits.connections_max),
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
                    connections.spawn(Arc::clone(&listening).begin(socket, address, stop.clone()));
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

    /// One connection from its handshake on.
    async fn begin(self: Arc<Self>, socket: TcpStream, address: SocketAddr, stop: CancellationToken) {
        let guest = self.guests.enter();
        // Only latency is lost if the system refuses this.
        let _ = socket.set_nodelay(true);
        let api = Arc::clone(&self.api);
        let Some(tls) = &self.tls else {
            return self.protocols.serve(socket, api, guest, stop).await;
        };
        let accepting = TlsAcceptor::from(tls.server_config()).accept(socket);
        let accepted = tokio::select! {
            accepted = tokio::time::timeout(self.handshake_time, accepting) => accepted,
            () = guest.must_go() => return,
        };
        match accepted {
            Ok(Ok(stream)) => self.protocols.serve(stream, api, guest, stop).await,
            _ => {
                refused("handshake");
                tracing::debug!(listener = NAME, peer = %address, "a TLS handshake did not succeed");
            }
        }
    }
}

/// Counts a connection that did not become one.
pub(super) fn refused(reason: &'static str) {
    metrics::counter!("kms_connections_refused_total", "listener" => NAME, "reason" => reason).increment(1);
}

#[cfg(test)]
mod tests;
