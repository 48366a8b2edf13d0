//! Accepting connections: bounded in number and in time, admitted by certificate, and handed to tonic with the
//! peer's identity in every request's extensions.

use super::gather::Gathering;
use super::reload::ReloadingTls;
use crate::config::Limits;
use crate::identity::IdentityError;
use rustls_pki_types::CertificateDer;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::codegen::tokio_stream::Stream;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

/// Connections that have been admitted and that tonic has not taken yet.
const ADMITTED_QUEUE_MAX: usize = 64;

/// How long accepting rests when the operating system has no socket to give.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Decides from a verified chain who the peer is, or why it is not admitted.
pub type Identify<I> =
    Arc<dyn Fn(&ReloadingTls, &[CertificateDer<'_>]) -> Result<I, IdentityError> + Send + Sync>;

/// An admitted connection. Its permit is the peer's place among the listener's connections.
pub struct Connection<I> {
    stream: Gathering<TlsStream<TcpStream>>,
    identity: I,
    _place: OwnedSemaphorePermit,
}

impl<I: Clone + Send + Sync + 'static> Connected for Connection<I> {
    type ConnectInfo = I;

    fn connect_info(&self) -> I {
        self.identity.clone()
    }
}

impl<I: Unpin> AsyncRead for Connection<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<I: Unpin> AsyncWrite for Connection<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// One listener's way of admitting connections.
struct Door<I> {
    name: &'static str,
    tls: Arc<ReloadingTls>,
    identify: Identify<I>,
    places: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    handshake_time: Duration,
    admitted: mpsc::Sender<io::Result<Connection<I>>>,
}

/// Admitted connections of `listener`, for tonic to serve. Accepting ends when the stream is dropped.
pub fn incoming<I>(
    name: &'static str,
    listener: TcpListener,
    tls: Arc<ReloadingTls>,
    identify: Identify<I>,
    limits: &Limits,
) -> impl Stream<Item = io::Result<Connection<I>>> + use<I>
where
    I: Clone + Send + Sync + 'static,
{
    let (admitted, stream) = mpsc::channel(ADMITTED_QUEUE_MAX);
    let door = Arc::new(Door {
        name,
        tls,
        identify,
        places: Arc::new(Semaphore::new(limits.connections_max)),
        handshakes: Arc::new(Semaphore::new(limits.handshakes_max)),
        handshake_time: limits.handshake(),
        admitted,
    });
    tokio::spawn(door.accept_all(listener));
    ReceiverStream::new(stream)
}

impl<I: Clone + Send + Sync + 'static> Door<I> {
    async fn accept_all(self: Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.admitted.closed() => return,
            };
            match accepted {
                Ok((socket, address)) => self.begin(socket, address),
                Err(error) => {
                    tracing::warn!(listener = self.name, %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    /// Starts a handshake if there is a place for it; otherwise the socket closes at once.
    fn begin(self: &Arc<Self>, socket: TcpStream, address: std::net::SocketAddr) {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let handshake = Arc::clone(&self.handshakes).try_acquire_owned();
        let (Ok(place), Ok(handshake)) = (place, handshake) else {
            metrics::counter!("kms_connections_refused_total", "listener" => self.name, "reason" => "limit")
                .increment(1);
            return;
        };
        let door = Arc::clone(self);
        tokio::spawn(async move {
            match door.admit(socket, place).await {
                Ok(connection) => {
                    drop(handshake);
                    // The receiver is gone at shutdown only; the connection then closes.
                    let _ = door.admitted.send(Ok(connection)).await;
                }
                Err(reason) => {
                    metrics::counter!("kms_connections_refused_total", "listener" => door.name, "reason" => "identity")
                        .increment(1);
                    tracing::info!(listener = door.name, peer = %address, %reason, "a connection is refused");
                }
            }
        });
    }

    async fn admit(&self, socket: TcpStream, place: OwnedSemaphorePermit) -> Result<Connection<I>, String> {
        socket.set_nodelay(true).map_err(|e| e.to_string())?;
        let acceptor = TlsAcceptor::from(self.tls.server_config());
        let stream = tokio::time::timeout(self.handshake_time, acceptor.accept(socket))
            .await
            .map_err(|_| "the handshake took too long".to_owned())?
            .map_err(|e| e.to_string())?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let identity = (self.identify)(&self.tls, chain).map_err(|e| e.to_string())?;
        Ok(Connection {
            stream: Gathering::new(stream),
            identity,
            _place: place,
        })
    }
}
