//! Starting: memory, certificates, root key, disk, Raft. A step that fails names itself, and nothing listens yet.

use super::{ListenerTls, NodeError, Readiness, Running};
use crate::clock::Clock;
use crate::config::{Config, HttpListener};
use crate::keyring::Keyring;
use crate::operations::cache::MaterialCache;
use crate::seal::{self, StorageRoot};
use crate::tls::{NodeDialler, RegionDialler, ReloadingTls, TlsFiles};
use kms_crypto::wrap::RootKeyId;
use kms_domain::rows::PeerRegion;
use kms_raft::{Dial, DialError, EmittedEffect, Node, NodeOptions, RaftSettings, Started};
use kms_replication::DialRegion;
use kms_storage::{DataFolder, ImageOptions, LogOptions, NodeIdentity, SnapshotOptions, StorageError};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use tonic::transport::Channel;

/// A started node, and the effects that its commits ask for.
pub(super) struct StartedNode {
    pub(super) running: Arc<Running>,
    pub(super) effects: mpsc::Receiver<EmittedEffect>,
}

/// Starts everything that does not listen. The process's memory must be protected already.
pub(super) async fn start(config: Config) -> Result<StartedNode, NodeError> {
    let tls = load_tls(&config)?;
    let keyring = Arc::new(Keyring::new(seal::load(&config)?)?);
    tracing::info!(root_key = %keyring.root().id(), "root key loaded");
    let clock = Clock::new(&config.data_dir);
    let disk = open_disk(&config, &keyring).await?;
    let Started { node, effects } = start_raft(&config, &tls, &disk, keyring.root().id(), &clock).await?;
    let replication = start_replication(&config, &tls, &node, &keyring, &clock);
    let running = Running {
        raft: node,
        replication,
        disk,
        keyring,
        cache: Arc::new(MaterialCache::new(
            config.limits.material_cache_entries_max,
            config.limits.material_cache_age(),
        )),
        usage: Arc::default(),
        clock,
        readiness: Readiness::default(),
        tls,
        started_at: Instant::now(),
        config,
    };
    Ok(StartedNode {
        running: Arc::new(running),
        effects,
    })
}

fn load_tls(config: &Config) -> Result<ListenerTls, NodeError> {
    let load = |listener, files: TlsFiles| {
        ReloadingTls::load(listener, files, config.mode)
            .map(Arc::new)
            .map_err(|source| NodeError::Tls { listener, source })
    };
    let http = config.http.as_ref().and_then(HttpListener::tls_files);
    let tls = ListenerTls {
        http: http.map(|files| load("http", files)).transpose()?,
        client: load("client", (&config.client).into())?,
        admin: load("admin", (&config.admin).into())?,
        raft: load("raft", (&config.raft).into())?,
        replication: load("replication", (&config.replication.listener()).into())?,
    };
    check_own(config, "raft", &tls.raft)?;
    check_own(config, "replication", &tls.replication)?;
    Ok(tls)
}

/// A node with another's certificate would be refused by everybody, and nobody would know why.
fn check_own(config: &Config, listener: &'static str, tls: &ReloadingTls) -> Result<(), NodeError> {
    let found = match tls.own_node(&config.cluster) {
        Ok((region, id)) if region == config.region && id == config.node_id => return Ok(()),
        Ok((region, id)) => format!("it names node {id} of region {region}"),
        Err(error) => error.to_string(),
    };
    Err(NodeError::OwnCertificate {
        listener,
        node_id: config.node_id,
        region: config.region.clone(),
        found,
    })
}

/// Opens the data folder, or formats it. Both read the disk at length, so they leave the async workers alone.
async fn open_disk(config: &Config, keyring: &Arc<Keyring>) -> Result<Arc<DataFolder>, NodeError> {
    let identity = NodeIdentity {
        cluster: config.cluster.clone(),
        region: config.region.to_string(),
        node_id: config.node_id,
    };
    let (path, keyring) = (config.data_dir.clone(), Arc::clone(keyring));
    let opened = tokio::task::spawn_blocking(move || {
        let options = LogOptions {
            fatal: Arc::new(end_at_once),
            ..LogOptions::default()
        };
        DataFolder::open_or_format(&path, &identity, &StorageRoot(keyring.root()), options)
    });
    let disk = opened.await.map_err(|e| NodeError::Process {
        what: "opening the data folder",
        source: e.into(),
    })??;
    tracing::info!(store = %disk.store_id(), boot = disk.boot().count, "data folder open");
    Ok(Arc::new(disk))
}

/// A log that could not be written must never be acknowledged, by anyone, from here on.
fn end_at_once(error: &StorageError) {
    tracing::error!(%error, "the log cannot be written; the process ends at once");
    std::process::abort();
}

async fn start_raft(
    config: &Config,
    tls: &ListenerTls,
    disk: &Arc<DataFolder>,
    root_key: RootKeyId,
    clock: &Clock,
) -> Result<Started, NodeError> {
    let dialler = NodeDialler::new(Arc::clone(&tls.raft), &config.cluster, config.region.clone());
    let clock = clock.clone();
    let options = NodeOptions {
        disk: Arc::clone(disk),
        dial: Arc::new(dialler),
        settings: raft_settings(config),
        snapshots: SnapshotOptions::default(),
        image: ImageOptions::default(),
        root_key_id: root_key.0,
        clock: Arc::new(move || clock.now()),
    };
    Ok(Node::start(options).await?)
}

/// Starts shipping to other regions; it idles unless this node leads.
fn start_replication(
    config: &Config,
    tls: &ListenerTls,
    node: &Node,
    keyring: &Arc<Keyring>,
    clock: &Clock,
) -> kms_replication::Handle {
    let clock = clock.clone();
    kms_replication::start(kms_replication::Options {
        region: Arc::new(node.clone()),
        key_ring: Arc::<Keyring>::clone(keyring),
        dial: Arc::new(RegionDialler::new(Arc::clone(&tls.replication), &config.cluster)),
        clock: Arc::new(move || clock.now()),
        limits: replication_limits(config),
    })
}

/// Bounds of shipping, both ways.
pub(super) fn replication_limits(config: &Config) -> kms_replication::Limits {
    kms_replication::Limits {
        in_flight_bytes_max: config.limits.replication_in_flight_bytes_max,
        ..kms_replication::Limits::default()
    }
}

fn raft_settings(config: &Config) -> RaftSettings {
    let consensus = &config.consensus;
    RaftSettings {
        heartbeat_ms: consensus.heartbeat_ms,
        election_ms_min: consensus.election_ms_min,
        election_ms_max: consensus.election_ms_max,
        snapshot_every_entries: consensus.snapshot_every_entries,
        keep_entries: consensus.keep_entries,
        snapshot_timeout_s: consensus.snapshot_timeout_s,
        boot_count_interval_ms: consensus.boot_count_interval_ms,
        ..RaftSettings::default()
    }
}

impl Dial for NodeDialler {
    fn channel(&self, node: kms_raft::NodeId, address: &str) -> Result<Channel, DialError> {
        self.channel_to(node, address).map_err(DialError)
    }
}

impl DialRegion for RegionDialler {
    fn channel(&self, peer: &PeerRegion, endpoint: &str) -> Result<Channel, kms_replication::DialError> {
        let authority = endpoint.strip_prefix("https://").unwrap_or(endpoint);
        self.channel_to(&peer.name, peer.issuing_ca_spki_sha256, authority)
            .map_err(kms_replication::DialError)
    }
}
