//! The listeners: which services each offers, and to whom.

use super::start::replication_limits;
use super::{NodeError, Running, health};
use crate::admin::AdminService;
use crate::config::HttpListener;
use crate::grpc::KmsService;
use crate::http::{Authenticator, AwsApi, BodyLimits, Listening};
use crate::identity::{self, IdentityError};
use crate::keyring::Keyring;
use crate::operations::Service;
use crate::tls::{Identify, ReloadingTls, http2_server, incoming};
use kms_proto::admin::v1::admin_server::AdminServer;
use kms_proto::kms::v1::kms_server::KmsServer;
use kms_raft::PeerIdentity;
use kms_replication::{PeerRegionIdentity, ReceiverOptions};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

/// Names of the services, as health knows them.
const KMS: &str = "concord.kms.v1.Kms";
const ADMIN: &str = "concord.kms.admin.v1.Admin";
const REPLICATION: &str = "concord.kms.internal.replication.v1.ReplicationInternal";
const RAFT: &str = "concord.kms.internal.raft.v1.RaftInternal";

/// The running listeners. Those for callers and operators end before those that keep the group together.
pub(super) struct Listeners {
    public: Vec<JoinHandle<()>>,
    internal: Vec<JoinHandle<()>>,
    stop_public: CancellationToken,
    stop_internal: CancellationToken,
}

/// Opens the raft listener first: others may be waiting for this node's vote.
pub(super) async fn listen(running: &Arc<Running>) -> Result<Listeners, NodeError> {
    let mut listeners = Listeners {
        public: Vec::new(),
        internal: Vec::new(),
        stop_public: CancellationToken::new(),
        stop_internal: CancellationToken::new(),
    };
    let stop = &listeners.stop_internal;
    listeners.internal.push(raft(running, stop.clone()).await?);
    listeners.internal.push(replication(running, stop.clone()).await?);
    let stop = &listeners.stop_public;
    listeners.public.push(admin(running, stop.clone()).await?);
    let service = Arc::new(service(running));
    listeners
        .public
        .push(client(running, Arc::clone(&service), stop.clone()).await?);
    if let Some(http) = &running.config.http {
        listeners
            .public
            .push(aws_clients(running, http, service, stop.clone()).await?);
    }
    Ok(listeners)
}

impl Listeners {
    /// Accepts no more calls of callers and operators, and waits for those under way.
    pub(super) async fn drain_public(&mut self) {
        self.stop_public.cancel();
        for task in self.public.drain(..) {
            ended(task).await;
        }
    }

    /// The same for nodes.
    pub(super) async fn drain_internal(&mut self) {
        self.stop_internal.cancel();
        for task in self.internal.drain(..) {
            ended(task).await;
        }
    }

    /// Closes what did not drain in time.
    pub(super) fn abort(&self) {
        for task in self.public.iter().chain(&self.internal) {
            task.abort();
        }
    }
}

async fn ended(task: JoinHandle<()>) {
    if let Err(error) = task.await
        && error.is_panic()
    {
        tracing::error!("a listener ended by a panic");
    }
}

/// The operations, for all who call them.
fn service(running: &Running) -> Service {
    Service::new(
        running.raft.clone(),
        Arc::clone(&running.keyring),
        Arc::clone(&running.cache),
        Arc::clone(&running.usage),
        running.clock.clone(),
        &running.config.limits,
    )
}

async fn aws_clients(
    running: &Running,
    http: &HttpListener,
    service: Arc<Service>,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, NodeError> {
    let limits = &running.config.limits;
    let authenticator = Authenticator::new(
        running.raft.clone(),
        Arc::clone(&running.keyring),
        running.clock.clone(),
        running.config.region.clone(),
    );
    let bodies = BodyLimits::new(limits.request_bytes_max, limits.http_body());
    let api = AwsApi::new(service, authenticator, bodies);
    let tls = running.tls.http.clone();
    if tls.is_none() {
        tracing::warn!(address = %http.listen, "AWS clients are served in plain HTTP");
    }
    let listener = bind("http", http.listen).await?;
    let listening = Listening::new(api, tls, limits);
    Ok(tokio::spawn(listening.serve(listener, stop)))
}

async fn client(
    running: &Arc<Running>,
    service: Arc<Service>,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, NodeError> {
    let limit = running.config.limits.request_bytes_max;
    let kms = KmsServer::new(KmsService::new(service))
        .max_decoding_message_size(limit)
        .max_encoding_message_size(limit);
    let mut routes = Routes::new(kms);
    routes = with_reflection(routes, kms_proto::kms::FILE_DESCRIPTOR_SET);
    routes = with_health(routes, running, KMS).await;
    let cluster = running.config.cluster.clone();
    let identify: Identify<_> = Arc::new(move |_, chain| identity::caller(&cluster, chain));
    let address = running.config.client.listen;
    serve(
        "client",
        address,
        &running.tls.client,
        identify,
        routes,
        running,
        stop,
    )
    .await
}

async fn admin(running: &Arc<Running>, stop: CancellationToken) -> Result<JoinHandle<()>, NodeError> {
    let limit = running.config.limits.request_bytes_max;
    let admin = AdminServer::new(AdminService::new(Arc::clone(running))).max_decoding_message_size(limit);
    let mut routes = Routes::new(admin);
    routes = with_reflection(routes, kms_proto::admin::FILE_DESCRIPTOR_SET);
    routes = with_health(routes, running, ADMIN).await;
    let cluster = running.config.cluster.clone();
    let identify: Identify<_> = Arc::new(move |_, chain| identity::operator(&cluster, chain));
    let address = running.config.admin.listen;
    serve(
        "admin",
        address,
        &running.tls.admin,
        identify,
        routes,
        running,
        stop,
    )
    .await
}

async fn raft(running: &Arc<Running>, stop: CancellationToken) -> Result<JoinHandle<()>, NodeError> {
    let mut routes = Routes::new(running.raft.service());
    routes = with_health(routes, running, RAFT).await;
    let (cluster, own_region) = (running.config.cluster.clone(), running.config.region.clone());
    // Which node it may be is compared with the membership at every call: a removed node keeps its certificate.
    let identify: Identify<_> = Arc::new(move |_, chain| {
        let (region, node_id) = identity::node(&cluster, chain)?;
        if region != own_region {
            return Err(IdentityError::NotAdmitted(identity::uri_of(chain)?));
        }
        let region = region.to_string();
        Ok(PeerIdentity { region, node_id })
    });
    let address = running.config.raft.listen;
    serve(
        "raft",
        address,
        &running.tls.raft,
        identify,
        routes,
        running,
        stop,
    )
    .await
}

async fn replication(running: &Arc<Running>, stop: CancellationToken) -> Result<JoinHandle<()>, NodeError> {
    let clock = running.clock.clone();
    let receiver = kms_replication::receiver(ReceiverOptions {
        region: Arc::new(running.raft.clone()),
        key_ring: Arc::<Keyring>::clone(&running.keyring),
        clock: Arc::new(move || clock.now()),
        limits: replication_limits(&running.config),
    });
    let mut routes = Routes::new(receiver);
    routes = with_health(routes, running, REPLICATION).await;
    let (cluster, own_region) = (running.config.cluster.clone(), running.config.region.clone());
    // Whether the region is paired, and under this CA, is compared with the state at every call.
    let identify: Identify<_> = Arc::new(move |tls, chain| {
        let (region, node_id) = identity::node(&cluster, chain)?;
        let refused = || identity::uri_of(chain).map_or_else(|e| e, IdentityError::NotAdmitted);
        if region == own_region {
            return Err(refused());
        }
        let issuing_ca_spki_sha256 = tls.issuer_spki_sha256(chain).ok_or_else(refused)?;
        Ok(PeerRegionIdentity {
            region,
            node_id,
            issuing_ca_spki_sha256,
        })
    });
    let address = running.config.replication.listen;
    let tls = &running.tls.replication;
    serve("replication", address, tls, identify, routes, running, stop).await
}

/// Both versions of the reflection service.
fn with_reflection(routes: Routes, descriptors: &'static [u8]) -> Routes {
    let builder =
        || tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(descriptors);
    let built = builder()
        .build_v1()
        .and_then(|v1| Ok((v1, builder().build_v1alpha()?)));
    match built {
        Ok((v1, v1alpha)) => routes.add_service(v1).add_service(v1alpha),
        Err(error) => {
            tracing::error!(%error, "no reflection: the descriptors in this build do not decode");
            routes
        }
    }
}

async fn with_health(routes: Routes, running: &Running, service: &'static str) -> Routes {
    let (reporter, health) = tonic_health::server::health_reporter();
    tokio::spawn(health::report(reporter, vec![service], running.readiness.clone()));
    routes.add_service(health)
}

async fn serve<I>(
    name: &'static str,
    address: SocketAddr,
    tls: &Arc<ReloadingTls>,
    identify: Identify<I>,
    routes: Routes,
    running: &Running,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, NodeError>
where
    I: Clone + Unpin + Send + Sync + 'static,
{
    let listener = bind(name, address).await?;
    let connections = incoming(name, listener, Arc::clone(tls), identify, &running.config.limits);
    let serving = http2_server(&running.config.limits)
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections, stop.cancelled_owned());
    Ok(tokio::spawn(finish(name, serving)))
}

async fn finish(name: &'static str, serving: impl Future<Output = Result<(), tonic::transport::Error>>) {
    if let Err(error) = serving.await {
        tracing::error!(listener = name, %error, "a listener has failed");
    }
}

/// Binds one address and says where.
pub(super) async fn bind(listener: &'static str, address: SocketAddr) -> Result<TcpListener, NodeError> {
    let bound = TcpListener::bind(address)
        .await
        .map_err(|source| NodeError::Listen {
            listener,
            address,
            source,
        })?;
    tracing::info!(listener, %address, "listening");
    Ok(bound)
}
