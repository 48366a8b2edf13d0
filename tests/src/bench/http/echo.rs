//! The ceiling of AWS clients' calls: a bare axum server that answers JSON with JSON, in a process of its own.

use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What Encrypt is asked.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Question {
    key_id: String,
    plaintext: String,
}

/// What Encrypt answers.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    ciphertext_blob: String,
    key_id: String,
}

/// Not by axum's extractor, which does not take the media type of AWS JSON for JSON.
async fn echo(body: Bytes) -> Result<Json<Answer>, StatusCode> {
    let question: Question = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(Json(Answer {
        ciphertext_blob: question.plaintext,
        key_id: question.key_id,
    }))
}

/// Serves until the process ends.
///
/// # Errors
/// When files cannot be read or the address is taken.
pub async fn serve(address: SocketAddr, certificate: &Path, key: &Path) -> anyhow::Result<()> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate)?.collect();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain?, PrivateKeyDer::from_pem_file(key)?)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let listener = TlsListener {
        tcp: TcpListener::bind(address).await?,
        acceptor: TlsAcceptor::from(Arc::new(config)),
    };
    axum::serve(listener, Router::new().route("/", post(echo))).await?;
    Ok(())
}

/// Accepts connections over TLS.
struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            // The bench's own callers: whoever does not manage a handshake fails there, and is seen.
            let Ok((socket, address)) = self.tcp.accept().await else {
                continue;
            };
            let prompt = socket.set_nodelay(true);
            if let (Ok(()), Ok(stream)) = (prompt, self.acceptor.accept(socket).await) {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
