//! The ceiling of every call: a tonic server in a process of its own that answers Encrypt with its plaintext and does
//! nothing else, over the same TLS, the same connections and the same client code.

use crate::certificates::CertificateFiles;
use crate::cluster::{Cluster, Endpoint};
use crate::names::NodeName;
use crate::wait::until;
use anyhow::Context;
use kms_proto::kms::v1::{EncryptRequest, EncryptResponse};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::task::Poll;
use std::time::Duration;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

const READY_WITHIN: Duration = Duration::from_secs(20);

/// Named as the real service, so that the same client code calls it.
#[derive(Debug, Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "concord.kms.v1.Kms";
}

impl Service<Request<EncryptRequest>> for Echo {
    type Response = Response<EncryptResponse>;
    type Error = Status;
    type Future = Ready<Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<EncryptRequest>) -> Self::Future {
        ready(Ok(Response::new(EncryptResponse {
            ciphertext_blob: request.into_inner().plaintext,
            ..Default::default()
        })))
    }
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let codec = ProstCodec::<EncryptResponse, EncryptRequest>::default();
            Ok(Grpc::new(codec).unary(Self, request).await)
        })
    }
}

/// Serves until the process ends. Callers need a certificate, as with the real server.
///
/// # Errors
/// When files cannot be read or the address is taken.
pub async fn serve(address: SocketAddr, certificate: &Path, key: &Path, ca: &Path) -> anyhow::Result<()> {
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(
            std::fs::read(certificate)?,
            std::fs::read(key)?,
        ))
        .client_ca_root(Certificate::from_pem(std::fs::read(ca)?));
    Server::builder()
        .tcp_nodelay(true)
        .tls_config(tls)?
        .add_service(Echo)
        .serve(address)
        .await?;
    Ok(())
}

/// What an echo speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// gRPC, by tonic.
    Grpc,
    /// JSON over HTTP/1.1, by axum.
    Http1,
}

impl Protocol {
    const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http1 => "http1",
        }
    }
}

/// An echo server in a process of its own; it ends with this value.
#[derive(Debug)]
pub struct EchoProcess {
    child: Child,
    port: u16,
}

impl EchoProcess {
    /// Starts this program again as an echo server, with the certificates of a node's client listener.
    ///
    /// # Errors
    /// When it does not listen in time.
    pub async fn start(cluster: &Cluster, like: &NodeName, protocol: Protocol) -> anyhow::Result<Self> {
        // Ports of the node that nothing listens on.
        let port = cluster.port(like, Endpoint::Http) + 1 + protocol as u16;
        let CertificateFiles { certificate, key } = cluster.listener_files(like, "client");
        let child = Command::new(std::env::current_exe()?)
            .arg("echo-server")
            .arg("--protocol")
            .arg(protocol.name())
            .arg("--address")
            .arg(format!("127.0.0.1:{port}"))
            .arg("--certificate")
            .arg(certificate)
            .arg("--key")
            .arg(key)
            .arg("--ca")
            .arg(cluster.client_ca())
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start the echo server")?;
        let started = Self { child, port };
        until("the echo server to listen", READY_WITHIN, || async {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
            Ok(())
        })
        .await?;
        Ok(started)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}

impl Drop for EchoProcess {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
