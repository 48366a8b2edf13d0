//! The measured call as an AWS client makes it: a signed POST of JSON over HTTP/1.1 and TLS, on a connection of its caller's
//! own that is kept.

use crate::aws_profiles::AwsCredentials;
use crate::bench::load::{Measured, closed_loop};
use anyhow::Context;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const SERVER_NAME: &str = "localhost";

/// A server of HTTP over TLS on this machine.
#[derive(Clone)]
pub struct Target {
    /// Its port.
    pub port: u16,
    tls: TlsConnector,
}

impl Target {
    /// A server on a port, with a certificate of `ca`. Only `alpn` is offered.
    ///
    /// # Errors
    /// When the CA cannot be read.
    pub fn new(port: u16, ca: &Path, alpn: &[u8]) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(ca)? {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.to_owned()];
        Ok(Self {
            port,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// A new connection.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn connect(&self) -> anyhow::Result<TlsStream<TcpStream>> {
        let socket = TcpStream::connect(("127.0.0.1", self.port)).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from(SERVER_NAME)?;
        Ok(self.tls.connect(name, socket).await?)
    }
}

/// A call of AWS JSON, as one account's caller.
#[derive(Clone)]
pub struct Call {
    host: String,
    region: String,
    identity: Identity,
    operation: &'static str,
    body: Bytes,
}

/// How often a caller signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// Each call, as every AWS client does.
    EachCall,
    /// Once for a whole load: the same request is sent over and over.
    Once,
}

impl fmt::Display for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::EachCall => "each call signed",
            Self::Once => "all calls signed once",
        })
    }
}

/// A signed request. It can be sent again until its signature is five minutes old.
#[derive(Clone)]
pub struct Signed {
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    /// A call of a KMS operation.
    pub fn new(
        target: &Target,
        region: &str,
        credentials: &AwsCredentials,
        operation: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        let AwsCredentials {
            access_key_id,
            secret_access_key,
        } = credentials;
        Self {
            host: format!("{SERVER_NAME}:{}", target.port),
            region: region.to_owned(),
            identity: Credentials::from_keys(access_key_id, secret_access_key, None).into(),
            operation,
            body: body.into(),
        }
    }

    /// Signs it now.
    ///
    /// # Errors
    /// When the signer refuses it.
    pub fn sign(&self) -> anyhow::Result<Signed> {
        let uri = format!("https://{}/", self.host);
        let mut request = Request::post(&uri)
            .header("host", &self.host)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("TrentService.{}", self.operation))
            .body(())?;
        let parameters = SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name("kms")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let headers = request.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new("POST", &uri, headers, SignableBody::Bytes(&self.body))?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(Signed {
            headers: request.into_parts().0.headers,
            body: self.body.clone(),
        })
    }
}

impl Signed {
    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn request(&self) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::post("/").body(Full::new(self.body.clone()))?;
        request.headers_mut().clone_from(&self.headers);
        Ok(request)
    }
}

type Connection = SendRequest<Full<Bytes>>;

/// Callers of one server, each with a connection of its own.
#[derive(Clone)]
pub struct Callers {
    target: Target,
    connections: Arc<Vec<Mutex<Option<Connection>>>>,
}

impl Callers {
    /// `count` callers; each connects with its first call, and again when its connection has ended.
    pub fn new(target: &Target, count: usize) -> Self {
        Self {
            target: target.clone(),
            connections: Arc::new((0..count).map(|_| Mutex::new(None)).collect()),
        }
    }

    /// Whom they call.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// All callers call, each again when it is answered. Latencies contain the signing of each call.
    ///
    /// # Errors
    /// When a caller panicked or nothing can be signed.
    pub async fn closed(
        &self,
        call: &Call,
        signing: Signing,
        duration: Duration,
    ) -> anyhow::Result<Measured> {
        let signed_once = match signing {
            Signing::Once => Some(call.sign()?),
            Signing::EachCall => None,
        };
        let (callers, requests) = (self.clone(), Arc::new((call.clone(), signed_once)));
        closed_loop(self.connections.len(), duration, move |caller, _| {
            let (callers, requests) = (callers.clone(), Arc::clone(&requests));
            async move {
                let (call, signed_once) = &*requests;
                let answered = match signed_once {
                    Some(signed) => callers.call(caller, signed).await,
                    None => match call.sign() {
                        Ok(signed) => callers.call(caller, &signed).await,
                        Err(error) => Err(error),
                    },
                };
                match answered {
                    Ok((StatusCode::OK, _)) => Ok(()),
                    Ok((status, body)) => Err(format!("{status} {}", String::from_utf8_lossy(&body))),
                    Err(error) => Err(format!("{error:#}")),
                }
            }
        })
        .await
    }

    /// One call.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn call(&self, caller: usize, request: &Signed) -> anyhow::Result<(StatusCode, Bytes)> {
        let place = self.connections.get(caller).context("there is no such caller")?;
        let mut place = place.lock().await;
        let mut connection = match place.take() {
            Some(kept) if !kept.is_closed() => kept,
            _ => self.connect().await?,
        };
        let answer = connection.send_request(request.request()?).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        // Only what was answered whole can be used again.
        *place = Some(connection);
        Ok((status, body))
    }

    async fn connect(&self) -> anyhow::Result<Connection> {
        let stream = TokioIo::new(self.target.connect().await?);
        let (sender, connection) = handshake(stream).await?;
        // Ends when the sender is dropped; why else it ends the sender is told.
        tokio::spawn(connection);
        Ok(sender)
    }
}
