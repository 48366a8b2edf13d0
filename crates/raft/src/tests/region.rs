//! The harness: a region of nodes that can be killed, cut off and started again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use kms_domain::command::{Bootstrap, CreateKey, NewMaterial, Pulse};
use kms_domain::key::{KeyName, WrappedMaterial};
use kms_domain::rows::{HpkeKeyRow, WrappingKeyRow};
use kms_domain::vocabulary::{Incarnation, KeyId, KeyOrigin, KeySpec, KeyUsage, MaterialId, Timestamp};
use kms_domain::{Command, Guard, Proposal};
use kms_storage::{
    DataFolder, ImageOptions, LogOptions, NodeIdentity, RootKey, RootKeyError, SnapshotOptions, StorageError,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tower::util::MapRequestLayer;
use zeroize::Zeroizing;

use crate::{
    Applied, Dial, DialError, EmittedEffect, Node, NodeOptions, PeerIdentity, RaftSettings, Started,
};

pub(super) const REGION: &str = "us-east-1";

/// A root key that hides nothing; what is tested here is not sealing.
pub(super) struct PlainRootKey;

impl RootKey for PlainRootKey {
    fn wrap(&self, _: &str, _: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        Ok(plaintext.to_vec())
    }

    fn unwrap(&self, _: &str, _: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Box<[u8]>>, RootKeyError> {
        Ok(Zeroizing::new(wrapped.into()))
    }
}

/// Pairs of nodes (from, to) between which calls fail and open streams end.
pub(super) type Cuts = Arc<Mutex<BTreeSet<(u64, u64)>>>;

/// Names the caller in the user agent, which the listener takes for its certificate.
pub(super) struct PlainDial(pub(super) u64);

impl Dial for PlainDial {
    fn channel(&self, _: u64, address: &str) -> Result<Channel, DialError> {
        let endpoint =
            Endpoint::from_shared(format!("http://{address}")).map_err(|e| DialError(e.to_string()))?;
        let endpoint = endpoint
            .user_agent(format!("node/{}", self.0))
            .map_err(|e| DialError(e.to_string()))?;
        Ok(endpoint
            .connect_timeout(Duration::from_millis(500))
            .connect_lazy())
    }
}

/// What a node's listener sees of a request.
struct Arriving {
    at: u64,
    from: Option<u64>,
    cuts: Cuts,
}

impl Arriving {
    fn at(node_id: u64, headers: &http::HeaderMap, cuts: &Cuts) -> Self {
        let agent = headers.get("user-agent").and_then(|agent| agent.to_str().ok());
        let name = agent.and_then(|agent| agent.strip_prefix("node/")?.split(' ').next());
        Self {
            at: node_id,
            from: name.and_then(|id| id.parse().ok()),
            cuts: Arc::clone(cuts),
        }
    }

    /// An error if the network is cut between the two.
    fn passes(&self) -> Result<(), Status> {
        let cuts = self.cuts.lock().unwrap();
        match self.from {
            Some(from) if cuts.contains(&(from, self.at)) || cuts.contains(&(self.at, from)) => {
                Err(Status::unavailable("the network is cut"))
            }
            _ => Ok(()),
        }
    }
}

/// A request's body, which does not arrive while the network is cut: open streams are cut as well.
struct CutBody {
    arriving: Arriving,
    body: Body,
}

impl http_body::Body for CutBody {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Status>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        match (self.arriving.passes(), frame) {
            (Err(cut), Poll::Ready(Some(_))) => Poll::Ready(Some(Err(cut))),
            (_, frame) => frame,
        }
    }
}

pub(super) fn log_options() -> LogOptions {
    LogOptions {
        fatal: Arc::new(|error| panic!("storage failed: {error}")),
        ..LogOptions::default()
    }
}

pub(super) async fn open_disk(path: &Path, node_id: u64) -> Arc<DataFolder> {
    let opened = try_open_disk(path, node_id).await;
    opened.unwrap_or_else(|error| panic!("the disk does not open: {error}"))
}

/// Opens a node's disk, once the node that had it open has ended.
pub(super) async fn try_open_disk(path: &Path, node_id: u64) -> Result<Arc<DataFolder>, StorageError> {
    let identity = NodeIdentity {
        cluster: "test".to_owned(),
        region: REGION.to_owned(),
        node_id,
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let (path, identity) = (path.to_owned(), identity.clone());
        let opening = tokio::task::spawn_blocking(move || {
            DataFolder::open_or_format(&path, &identity, &PlainRootKey, log_options())
        });
        match opening.await.unwrap() {
            Ok(disk) => return Ok(Arc::new(disk)),
            Err(error @ StorageError::Superseded { .. }) => return Err(error),
            // The tasks of the node that had it open are ending.
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// A running node.
pub(super) struct Running {
    pub(super) node: Node,
    pub(super) effects: mpsc::Receiver<EmittedEffect>,
    stop_serving: CancellationToken,
    serving: JoinHandle<()>,
}

/// A loopback address that no other region of this or another test process listens at, nor any connection goes out
/// from: nobody can take a node's port while the node is down.
fn host_of_its_own() -> Ipv4Addr {
    static REGIONS: AtomicU8 = AtomicU8::new(1);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let process = u16::from_be_bytes([middle, low]) ^ u16::from(high);
    let [second, third] = process.to_be_bytes();
    // 127.0.0.0/16 is what all others use.
    Ipv4Addr::new(127, second | 0x80, third, REGIONS.fetch_add(1, Ordering::Relaxed))
}

/// A region's nodes, running or not.
pub(super) struct TestRegion {
    pub(super) folder: tempfile::TempDir,
    pub(super) settings: RaftSettings,
    pub(super) cuts: Cuts,
    /// Which root key the nodes hold that are started from now on.
    pub(super) root_key_id: [u8; 16],
    host: Ipv4Addr,
    addresses: BTreeMap<u64, SocketAddr>,
    pub(super) running: BTreeMap<u64, Running>,
}

impl TestRegion {
    pub(super) fn new() -> Self {
        Self::with(RaftSettings::default())
    }

    pub(super) fn with(settings: RaftSettings) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            settings,
            cuts: Cuts::default(),
            root_key_id: [7; 16],
            host: host_of_its_own(),
            addresses: BTreeMap::new(),
            running: BTreeMap::new(),
        }
    }

    /// A bootstrapped region of nodes 1 to `nodes`.
    pub(super) async fn of(nodes: u64) -> Self {
        Self::of_with(nodes, RaftSettings::default()).await
    }

    pub(super) async fn of_with(nodes: u64, settings: RaftSettings) -> Self {
        let mut region = Self::with(settings);
        for node_id in 1..=nodes {
            region.start(node_id).await;
        }
        region.bootstrap(1).await;
        region
    }

    pub(super) fn path(&self, node_id: u64) -> PathBuf {
        self.folder.path().join(format!("node-{node_id}"))
    }

    pub(super) fn node(&self, node_id: u64) -> Node {
        self.running[&node_id].node.clone()
    }

    pub(super) fn address(&self, node_id: u64) -> String {
        self.addresses[&node_id].to_string()
    }

    /// Starts a node from what is in its folder, at the address it had.
    pub(super) async fn start(&mut self, node_id: u64) -> Node {
        let known = self.addresses.get(&node_id).copied();
        let address = known.unwrap_or_else(|| SocketAddr::from((self.host, 0)));
        let listener = TcpListener::bind(address).await.unwrap();
        self.addresses.insert(node_id, listener.local_addr().unwrap());
        let options = NodeOptions {
            disk: open_disk(&self.path(node_id), node_id).await,
            dial: Arc::new(PlainDial(node_id)),
            settings: self.settings.clone(),
            snapshots: SnapshotOptions {
                chunk_bytes_max: 4096,
                ..SnapshotOptions::default()
            },
            image: ImageOptions {
                gather_ms: 10,
                ..ImageOptions::default()
            },
            root_key_id: self.root_key_id,
            clock: Arc::new(move || Timestamp(1_000_000 + node_id)),
        };
        let Started { node, effects } = Node::start(options).await.unwrap();
        let cuts = Arc::clone(&self.cuts);
        let network = MapRequestLayer::new(move |mut request: http::Request<Body>| {
            let arriving = Arriving::at(node_id, request.headers(), &cuts);
            if let Some(from) = arriving.from {
                request.extensions_mut().insert(PeerIdentity {
                    region: REGION.to_owned(),
                    node_id: from,
                });
            }
            request.map(|body| Body::new(CutBody { arriving, body }))
        });
        let stop_serving = CancellationToken::new();
        let service = node.service();
        let stopping = stop_serving.clone();
        let serving = tokio::spawn(async move {
            let server = Server::builder().layer(network).add_service(service);
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            server
                .serve_with_incoming_shutdown(incoming, stopping.cancelled_owned())
                .await
                .unwrap();
        });
        self.running.insert(
            node_id,
            Running {
                node: node.clone(),
                effects,
                stop_serving,
                serving,
            },
        );
        node
    }

    /// Ends a node without a hand-over: to its peers it is dead at once.
    pub(super) async fn kill(&mut self, node_id: u64) {
        let running = self.running.remove(&node_id).unwrap();
        running.stop_serving.cancel();
        running.node.abort_for_test().await;
        drop(running.node);
        let mut serving = running.serving;
        if tokio::time::timeout(Duration::from_secs(5), &mut serving)
            .await
            .is_err()
        {
            // It waits for a connection that does not close: its listener has to go, for the node may come back.
            serving.abort();
            let _ = serving.await;
        }
    }

    pub(super) async fn restart(&mut self, node_id: u64) -> Node {
        self.kill(node_id).await;
        self.start(node_id).await
    }

    /// Founds the region on all running nodes.
    pub(super) async fn bootstrap(&self, on: u64) {
        let members = self.running.keys().map(|id| (*id, self.address(*id))).collect();
        let applied = self
            .node(on)
            .bootstrap(&members, &bootstrap_proposal(), in_seconds(10))
            .await
            .unwrap();
        applied.reply.unwrap();
    }

    /// Cuts a node off from all others.
    pub(super) fn cut_off(&self, node_id: u64) {
        let mut cuts = self.cuts.lock().unwrap();
        for other in self.addresses.keys().filter(|other| **other != node_id) {
            cuts.insert((node_id, *other));
        }
    }

    pub(super) fn heal(&self) {
        self.cuts.lock().unwrap().clear();
    }

    /// Waits until a running node leads and gives its id.
    pub(super) async fn leader(&self) -> u64 {
        until("a node leads", || {
            self.running
                .values()
                .find(|n| n.node.is_leader())
                .map(|n| n.node.node_id())
        })
        .await
    }

    pub(super) async fn follower(&self) -> u64 {
        let leader = self.leader().await;
        *self.running.keys().find(|id| **id != leader).unwrap()
    }

    /// Waits until all running nodes have applied up to `index`, and compares their state hashes.
    pub(super) async fn converge(&self, index: u64) {
        for running in self.running.values() {
            until("a node catches up", || {
                (running.node.view().applied_index() >= Some(index)).then_some(())
            })
            .await;
        }
        until("all nodes have one hash", || {
            let stands: Vec<_> = self.running.values().map(|n| n.node.view()).collect();
            let first = stands.first()?;
            stands
                .iter()
                .all(|v| v.applied == first.applied && v.hash == first.hash)
                .then_some(())
        })
        .await;
    }
}

/// Polls a condition until it holds; fails the test after 20 seconds.
pub(super) async fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(super) fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

fn proposal(command: Command) -> Proposal {
    Proposal {
        time: Timestamp(1),
        principal: None,
        request: None,
        guard: Guard::default(),
        command,
    }
}

pub(super) fn bootstrap_proposal() -> Proposal {
    proposal(Command::Bootstrap(Bootstrap {
        cluster: "test".to_owned(),
        region: REGION.parse().unwrap(),
        incarnation: Incarnation([1; 16]),
        wrapping_key: WrappingKeyRow {
            id: 1,
            root_key_id: [2; 16],
            wrapped: [3; 40].as_slice().into(),
            retired: false,
        },
        hpke_key: HpkeKeyRow {
            id: 1,
            public: [4; 32].as_slice().into(),
            private_wrapped: [5; 40].as_slice().into(),
            valid_until: Timestamp(u64::MAX),
            signature: [6; 64].as_slice().into(),
        },
        signing_public: [7; 32],
        signing_private_wrapped: [8; 40].as_slice().into(),
        feature_level: 1,
    }))
}

/// Sets log time, if it is later than before: a write whose effect is easy to see.
pub(super) fn pulse(time: u64) -> Proposal {
    proposal(Command::Pulse(Pulse {
        readings: vec![(1, Timestamp(time))],
    }))
}

pub(super) fn key_name(number: u64) -> KeyName {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    KeyName {
        account: "123456789012".parse().unwrap(),
        key_id: KeyId::uuid(id),
    }
}

pub(super) fn create_key(number: u64) -> Proposal {
    let mut material_id = [0; 32];
    material_id[..8].copy_from_slice(&number.to_be_bytes());
    proposal(Command::CreateKey(Box::new(CreateKey {
        name: key_name(number),
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        origin: KeyOrigin::AwsKms,
        description: format!("key {number}"),
        policy: String::new(),
        tags: Default::default(),
        multi_region: None,
        material: Some(NewMaterial {
            material_id: MaterialId(material_id),
            wrapped: WrappedMaterial {
                wrapping_key: 1,
                bytes: [9; 80].as_slice().into(),
            },
        }),
    })))
}

/// Proposes and expects that the state machine agrees.
pub(super) async fn write(node: &Node, proposal: &Proposal) -> Applied {
    let applied = node.propose(proposal, in_seconds(10)).await.unwrap();
    applied.reply.clone().unwrap();
    applied
}
