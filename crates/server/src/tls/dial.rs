//! Dialling nodes of this region and of others: mutual TLS, with the peer's name checked by the standard verifier
//! and its URI after it. Channels connect when first used, reconnect by themselves, and take new certificates then.

use super::reload::ReloadingTls;
use crate::identity;
use hyper_util::rt::TokioIo;
use kms_domain::vocabulary::{NodeId, RegionName};
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, ServerName};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::codegen::http::Uri;
use tonic::transport::{Channel, Endpoint};

/// Time for TCP and TLS together.
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// A peer in this region that is silent for this long is asked for a sign of life.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);
/// How long that sign may take before the connection is given up.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(2);

/// Dials the raft listeners of this region's nodes.
#[derive(Clone)]
pub struct NodeDialler {
    tls: Arc<ReloadingTls>,
    cluster: Arc<str>,
    region: RegionName,
}

impl NodeDialler {
    /// Dials with the raft listener's certificate.
    pub fn new(tls: Arc<ReloadingTls>, cluster: &str, region: RegionName) -> Self {
        Self {
            tls,
            cluster: cluster.into(),
            region,
        }
    }

    /// A channel to `node` at `authority` (`host:port`).
    ///
    /// # Errors
    /// When the address does not parse.
    pub fn channel_to(&self, node: NodeId, authority: &str) -> Result<Channel, String> {
        let target = Target {
            tls: Arc::clone(&self.tls),
            dns_name: identity::node_dns_name(&self.cluster, &self.region, node),
            cluster: Arc::clone(&self.cluster),
            region: self.region.clone(),
            node: Some(node),
            issuer_spki_sha256: None,
        };
        target.channel(authority)
    }
}

/// Dials the replication listeners of other regions' nodes.
#[derive(Clone)]
pub struct RegionDialler {
    tls: Arc<ReloadingTls>,
    cluster: Arc<str>,
}

impl RegionDialler {
    /// Dials with the replication listener's certificate.
    pub fn new(tls: Arc<ReloadingTls>, cluster: &str) -> Self {
        Self {
            tls,
            cluster: cluster.into(),
        }
    }

    /// A channel to a node of `region` at `authority` (`host:port`) whose certificate was issued by the pinned CA.
    ///
    /// # Errors
    /// When the address does not parse.
    pub fn channel_to(
        &self,
        region: &RegionName,
        issuer_spki_sha256: [u8; 32],
        authority: &str,
    ) -> Result<Channel, String> {
        let target = Target {
            tls: Arc::clone(&self.tls),
            dns_name: identity::region_dns_name(&self.cluster, region),
            cluster: Arc::clone(&self.cluster),
            region: region.clone(),
            node: None,
            issuer_spki_sha256: Some(issuer_spki_sha256),
        };
        target.channel(authority)
    }
}

/// Who must be at the other end.
struct Target {
    tls: Arc<ReloadingTls>,
    dns_name: String,
    cluster: Arc<str>,
    region: RegionName,
    node: Option<NodeId>,
    issuer_spki_sha256: Option<[u8; 32]>,
}

impl Target {
    fn channel(self, authority: &str) -> Result<Channel, String> {
        // tonic would put TLS of its own on https; here TLS is the connector's.
        let endpoint = Endpoint::from_shared(format!("http://{authority}"))
            .map_err(|e| format!("address {authority:?}: {e}"))?
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        let target = Arc::new(self);
        Ok(
            endpoint.connect_with_connector_lazy(tower::service_fn(move |uri: Uri| {
                let target = Arc::clone(&target);
                async move { target.connect_in_time(uri).await.map(TokioIo::new) }
            })),
        )
    }

    async fn connect_in_time(&self, uri: Uri) -> io::Result<TlsStream<TcpStream>> {
        tokio::time::timeout(CONNECT_TIME, self.connect(uri))
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "connecting took too long"))?
    }

    async fn connect(&self, uri: Uri) -> io::Result<TlsStream<TcpStream>> {
        let host = uri.host().unwrap_or_default();
        // An IPv6 address is in brackets in a URI and without them in a socket address.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let socket = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from(self.dns_name.clone()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::new(self.client_config()?));
        let stream = connector.connect(name, socket).await?;
        self.check(stream.get_ref().1.peer_certificates().unwrap_or_default())?;
        Ok(stream)
    }

    fn client_config(&self) -> io::Result<ClientConfig> {
        self.tls
            .client_config(|issuer| self.issuer_spki_sha256.is_none_or(|pinned| pinned == *issuer))
            .map_err(io::Error::other)
    }

    /// The DNS name has been verified; the URI must say the same.
    fn check(&self, chain: &[CertificateDer<'_>]) -> io::Result<()> {
        let (region, node) = identity::node(&self.cluster, chain).map_err(io::Error::other)?;
        if region != self.region || self.node.is_some_and(|expected| expected != node) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("the certificate names node {node} of region {region}"),
            ));
        }
        Ok(())
    }
}
