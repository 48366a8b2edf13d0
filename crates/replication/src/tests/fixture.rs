//! Regions for tests: a state behind a lock, keys in memory, plain TCP instead of TLS.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kms_crypto::SecretBytes;
use kms_crypto::access_key::{AccessKeyPlace, generate_access_key_secret};
use kms_crypto::material::{KeyMaterial, MaterialCommitment, MaterialName};
use kms_crypto::region::{HpkeKeyPair, RegionLife, RegionSigningKey, SignedHpkeKey};
use kms_crypto::wrap::{MaterialPlace, WrappingKey};
use kms_domain::command::{
    Bootstrap, CreateAccessKey, CreateAccount, CreateKey, ImportKeyMaterial, NewMaterial, ReplicateKey,
};
use kms_domain::key::{KeyName, WrappedMaterial};
use kms_domain::rows::{HpkeKeyRow, ImportParameters, PeerRegion, Region, WrappingKeyRow};
use kms_domain::vocabulary::{
    AccessKeyId, AccountId, ImportTokenId, ImportType, Incarnation, KeyId, KeyOrigin, KeySpec, KeyUsage,
    MaterialId, RegionName, Timestamp, WrappingAlgorithm, WrappingKeySpec,
};
use kms_domain::{Command, Guard, KmsError, Proposal, Reply, State};
use tokio::time::Instant;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};

use crate::frame::Route;
use crate::{
    Clock, DialError, DialRegion, KeyRing, KeyRingError, Later, Limits, LocalRegion, Outcome,
    PeerRegionIdentity, ReceiverOptions, ReplicationError, receiver,
};

pub(super) const CLUSTER: &str = "concord-test";
pub(super) const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A region of one node that always has a quorum.
pub(super) struct TestRegion {
    pub(super) keys: TestKeys,
    log: Mutex<(State, u64)>,
    leads: AtomicBool,
    reads: AtomicU64,
}

/// A region's keys, open.
#[derive(Clone)]
pub(super) struct TestKeys {
    wrapping: Arc<WrappingKey>,
    pub(super) signing: Arc<RegionSigningKey>,
    hpke: Arc<HpkeKeyPair>,
}

impl KeyRing for TestKeys {
    fn wrapping_key(&self, _: &Region, row: &WrappingKeyRow) -> Result<Arc<WrappingKey>, KeyRingError> {
        assert_eq!(row.id, self.wrapping.id());
        Ok(Arc::clone(&self.wrapping))
    }

    fn signing_key(&self, _: &Region) -> Result<Arc<RegionSigningKey>, KeyRingError> {
        Ok(Arc::clone(&self.signing))
    }

    fn hpke_key(&self, _: &Region, row: &HpkeKeyRow) -> Result<Arc<HpkeKeyPair>, KeyRingError> {
        assert_eq!(row.id, self.hpke.id());
        Ok(Arc::clone(&self.hpke))
    }
}

pub(super) fn region_name(name: &str) -> RegionName {
    name.parse().unwrap()
}

/// A multi-Region key's name from a number.
pub(super) fn key_name(number: u32) -> KeyName {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    KeyName {
        account: "123456789012".parse().unwrap(),
        key_id: KeyId::multi_region(bytes),
    }
}

pub(super) fn material_id(number: u32) -> MaterialId {
    let mut id = [7; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    MaterialId(id)
}

impl TestRegion {
    pub(super) fn new(name: &str) -> Arc<Self> {
        let keys = TestKeys {
            wrapping: Arc::new(WrappingKey::generate(1, &mut rand::rng())),
            signing: Arc::new(RegionSigningKey::generate(&mut rand::rng()).ok().unwrap()),
            hpke: Arc::new(HpkeKeyPair::generate(1, &mut rand::rng()).ok().unwrap()),
        };
        let life = RegionLife {
            region: region_name(name),
            incarnation: Incarnation(rand::random()),
        };
        let bootstrap = Bootstrap {
            cluster: CLUSTER.to_owned(),
            region: life.region.clone(),
            incarnation: life.incarnation,
            wrapping_key: WrappingKeyRow {
                id: 1,
                root_key_id: [1; 16],
                wrapped: Arc::from([1]),
                retired: false,
            },
            hpke_key: hpke_row(&life, &keys.hpke, &keys.signing),
            signing_public: *keys.signing.verifying_key().as_bytes(),
            signing_private_wrapped: Arc::from([1]),
            feature_level: 1,
        };
        let region = Arc::new(Self {
            keys,
            log: Mutex::new((State::default(), 0)),
            leads: AtomicBool::new(true),
            reads: AtomicU64::new(0),
        });
        region.apply(Command::Bootstrap(bootstrap)).unwrap();
        region
    }

    pub(super) fn lead(&self, leads: bool) {
        self.leads.store(leads, Ordering::Relaxed);
    }

    /// How many requests of a peer were looked at; where nothing is shipped, each told the sealing key.
    pub(super) fn sealing_keys_told(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    pub(super) fn row(&self) -> Arc<Region> {
        Arc::clone(self.state().region().unwrap())
    }

    pub(super) fn life(&self) -> RegionLife {
        crate::reseal::life_of_region(&self.row())
    }

    pub(super) fn route_to(&self, to: &Self) -> Route {
        Route {
            cluster: CLUSTER.to_owned(),
            from: self.life(),
            to: to.life(),
        }
    }

    pub(super) fn apply(&self, command: Command) -> Result<Reply, KmsError> {
        let proposal = Proposal {
            time: NOW,
            principal: Some("arn:aws:iam::123456789012:user/alice".parse().unwrap()),
            request: None,
            guard: Guard::default(),
            command,
        };
        self.apply_proposal(&proposal).reply
    }

    fn apply_proposal(&self, proposal: &Proposal) -> Outcome {
        let mut log = self.log.lock().unwrap();
        let (state, index) = &mut *log;
        *index += 1;
        Outcome {
            log_index: *index,
            reply: state.apply(*index, proposal).result,
        }
    }

    /// Pins `peer` here.
    pub(super) fn pin(&self, peer: &Self, endpoints: &[&str]) {
        let row = peer.row();
        let pinned = PeerRegion {
            name: row.name.clone(),
            incarnation: row.incarnation,
            signing_public: row.signing_public,
            hpke_key: 1,
            hpke_public: peer.keys.hpke.public().to_bytes().into(),
            hpke_valid_until: NOW,
            issuing_ca_spki_sha256: spki_of(&row.name),
            endpoints: endpoints.iter().map(|&endpoint| endpoint.to_owned()).collect(),
        };
        self.apply(Command::PairRegion(Box::new(pinned))).unwrap();
    }

    /// Gives this region the HPKE key that follows, signed by `signer`.
    pub(super) fn renew_hpke_key(&self, signer: &RegionSigningKey) {
        let next = HpkeKeyPair::generate(self.row().hpke_key + 1, &mut rand::rng());
        let row = hpke_row(&self.life(), &next.ok().unwrap(), signer);
        self.apply(Command::AddHpkeKey(Box::new(row))).unwrap();
    }

    /// The pinned row of `peer`.
    pub(super) fn pinned(&self, peer: &Self) -> PeerRegion {
        let state = self.state();
        PeerRegion::clone(state.peer(&peer.row().name).unwrap())
    }

    /// Makes a multi-Region key here and asks for a replica in `to`.
    pub(super) fn replicate(&self, number: u32, to: &Self) {
        self.create(number, KeyOrigin::AwsKms);
        self.ask_for_replica(number, to);
    }

    /// Makes a multi-Region key here whose material is `material`, imported, and asks for a replica in `to`.
    pub(super) fn replicate_imported(&self, number: u32, material: &KeyMaterial, to: &Self) {
        self.create(number, KeyOrigin::External);
        self.import(number, material);
        self.ask_for_replica(number, to);
    }

    fn ask_for_replica(&self, number: u32, to: &Self) {
        let replicate = ReplicateKey {
            key: key_name(number),
            region: to.row().name.clone(),
            incarnation: Incarnation(rand::random()),
            description: String::new(),
            policy: String::new(),
            tags: BTreeMap::new(),
        };
        self.apply(Command::ReplicateKey(Box::new(replicate))).unwrap();
    }

    /// Imports `material` as the first one of the key, or as that again.
    pub(super) fn import(&self, number: u32, material: &KeyMaterial) {
        let (key, id, region) = (key_name(number), material_id(number), self.row());
        let place = MaterialPlace {
            origin: KeyOrigin::External,
            ..place(&region, key, id)
        };
        let (wrapping, rng) = (&self.keys.wrapping, &mut rand::rng());
        let by_this_region = |bytes: Vec<u8>| WrappedMaterial {
            wrapping_key: 1,
            bytes: bytes.into(),
        };
        let wrapped = wrapping.wrap_material(&place, material, rng).unwrap();
        let commitment = wrapping.wrap_commitment(&place, &material.commitment(&place.name), rng);
        let known = self.state().material(&key, &id).is_some();
        let token = ImportTokenId(rand::random());
        let parameters = ImportParameters {
            id: token,
            key,
            algorithm: WrappingAlgorithm::RsaesOaepSha256,
            wrapping_key_spec: WrappingKeySpec::Rsa3072,
            public_sha256: [1; 32],
            private_wrapped: by_this_region(vec![1]),
            expires: NOW.plus_days(1),
            used: None,
        };
        self.apply(Command::PutImportParameters(Box::new(parameters)))
            .unwrap();
        let import = ImportKeyMaterial {
            key,
            token,
            request_sha256: [1; 32],
            import_type: if known {
                ImportType::Existing
            } else {
                ImportType::New
            },
            matched: known.then_some(id),
            material: NewMaterial {
                material_id: id,
                wrapped: by_this_region(wrapped),
            },
            commitment: by_this_region(commitment.unwrap()),
            expires: None,
            description: None,
        };
        self.apply(Command::ImportKeyMaterial(Box::new(import))).unwrap();
    }

    /// The commitment to a key's first material, as this region holds it.
    pub(super) fn commitment_of(&self, number: u32) -> Option<MaterialCommitment> {
        let state = self.state();
        let (key, id, region) = (key_name(number), material_id(number), self.row());
        let imported = state.material(&key, &id)?.imported.clone()?;
        let opened = self
            .keys
            .wrapping
            .unwrap_commitment(&place(&region, key, id), &imported.commitment.bytes);
        Some(opened.unwrap())
    }

    fn create(&self, number: u32, origin: KeyOrigin) {
        let name = key_name(number);
        let material = KeyMaterial::generate(KeySpec::SymmetricDefault, &mut rand::rng());
        let region = self.row();
        let wrapped = self.keys.wrapping.wrap_material(
            &place(&region, name, material_id(number)),
            &material.ok().unwrap(),
            &mut rand::rng(),
        );
        let create = CreateKey {
            name,
            spec: KeySpec::SymmetricDefault,
            usage: KeyUsage::EncryptDecrypt,
            origin,
            description: String::new(),
            policy: String::new(),
            tags: BTreeMap::new(),
            multi_region: Some(Incarnation(rand::random())),
            material: (origin == KeyOrigin::AwsKms).then(|| NewMaterial {
                material_id: material_id(number),
                wrapped: WrappedMaterial {
                    wrapping_key: 1,
                    bytes: wrapped.unwrap().into(),
                },
            }),
        };
        self.apply(Command::CreateKey(Box::new(create))).unwrap();
    }

    /// The secret bytes of a key's first material, as this region holds them.
    pub(super) fn secret_of(&self, number: u32) -> Option<Vec<u8>> {
        let state = self.state();
        let material = state.material(&key_name(number), &material_id(number))?;
        let region = self.row();
        let opened = self.keys.wrapping.unwrap_material(
            &place(&region, key_name(number), material_id(number)),
            &material.wrapped.as_ref().unwrap().bytes,
        );
        Some(opened.ok().unwrap().bytes().to_vec())
    }

    /// Makes an account, whose home is here.
    pub(super) fn create_account(&self, number: u32) {
        let (id, name) = (account_id(number), format!("account {number}"));
        self.apply(Command::CreateAccount(CreateAccount { id, name }))
            .unwrap();
    }

    /// Makes an access key of an account of this region.
    pub(super) fn create_access_key(&self, number: u32, account: u32) {
        let (id, region, rng) = (access_key_id(number), self.row(), &mut rand::rng());
        let secret = generate_access_key_secret(rng).ok().unwrap();
        let place = access_key_place(&region, account_id(account), id);
        let wrapped = self.keys.wrapping.wrap_access_key_secret(&place, &secret, rng);
        let create = CreateAccessKey {
            id,
            principal: format!("arn:aws:iam::{}:user/app", account_id(account))
                .parse()
                .unwrap(),
            secret: WrappedMaterial {
                wrapping_key: 1,
                bytes: wrapped.unwrap().into(),
            },
        };
        self.apply(Command::CreateAccessKey(Box::new(create))).unwrap();
    }

    /// The secret of an access key, as this region holds it.
    pub(super) fn access_key_secret(&self, number: u32) -> Option<SecretBytes> {
        let (state, region) = (self.state(), self.row());
        let row = state.access_key(&access_key_id(number))?;
        let place = access_key_place(&region, row.principal.account(), row.id);
        let wrapped = row.secret.as_ref()?;
        let opened = self
            .keys
            .wrapping
            .unwrap_access_key_secret(&place, &wrapped.bytes);
        Some(opened.ok().unwrap())
    }

    pub(super) fn receiver_options(self: &Arc<Self>) -> ReceiverOptions {
        ReceiverOptions {
            region: Arc::clone(self) as Arc<dyn LocalRegion>,
            key_ring: Arc::new(self.keys.clone()),
            clock: clock(),
            limits: Limits::default(),
        }
    }

    /// Serves this region's receiver on a loopback port. Every caller is taken for `caller`.
    pub(super) async fn serve(self: &Arc<Self>, caller: &Self) -> SocketAddr {
        let identity = identity_of(caller);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = tonic::service::interceptor::InterceptedService::new(
            receiver(self.receiver_options()),
            move |mut request: tonic::Request<()>| {
                request.extensions_mut().insert(identity.clone());
                Ok(request)
            },
        );
        let serving = Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(serving);
        address
    }
}

impl LocalRegion for TestRegion {
    fn state(&self) -> State {
        self.log.lock().unwrap().0.clone()
    }

    fn leads(&self) -> bool {
        self.leads.load(Ordering::Relaxed)
    }

    fn read(&self, _: Instant) -> Later<'_, State> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(self.state()) })
    }

    fn state_at(&self, _: u64, _: Instant) -> Later<'_, State> {
        Box::pin(async { Ok(self.state()) })
    }

    fn propose(&self, proposal: Proposal, _: Instant) -> Later<'_, Outcome> {
        Box::pin(async move { Ok::<_, ReplicationError>(self.apply_proposal(&proposal)) })
    }
}

/// The row of an HPKE key, signed by `signer`.
fn hpke_row(life: &RegionLife, pair: &HpkeKeyPair, signer: &RegionSigningKey) -> HpkeKeyRow {
    let validity = SignedHpkeKey::validity_until(NOW);
    let signed = SignedHpkeKey::sign(CLUSTER, life, pair.public(), validity, signer);
    HpkeKeyRow {
        id: pair.id(),
        public: pair.public().to_bytes().into(),
        private_wrapped: Arc::from([1]),
        valid_until: NOW,
        signature: signed.ok().unwrap().signature().0.to_vec().into(),
    }
}

fn place(region: &Region, key: KeyName, material_id: MaterialId) -> MaterialPlace<'_> {
    MaterialPlace {
        cluster: &region.cluster,
        region: &region.name,
        name: MaterialName {
            account: key.account,
            key_id: key.key_id,
            material_id,
        },
        spec: KeySpec::SymmetricDefault,
        origin: KeyOrigin::AwsKms,
        row_format: 1,
    }
}

fn access_key_place(region: &Region, account: AccountId, id: AccessKeyId) -> AccessKeyPlace<'_> {
    AccessKeyPlace {
        cluster: &region.cluster,
        region: &region.name,
        account,
        id,
        row_format: 1,
    }
}

/// An account's id from a number.
pub(super) fn account_id(number: u32) -> AccountId {
    format!("9{number:011}").parse().unwrap()
}

/// An access key's id from a number.
pub(super) fn access_key_id(number: u32) -> AccessKeyId {
    let mut bytes = [7; 10];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    AccessKeyId::from_random(bytes)
}

fn spki_of(name: &RegionName) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..name.as_str().len()].copy_from_slice(name.as_str().as_bytes());
    hash
}

/// What the TLS layer would say of a node of `region`.
pub(super) fn identity_of(region: &TestRegion) -> PeerRegionIdentity {
    let name = region.row().name.clone();
    PeerRegionIdentity {
        issuing_ca_spki_sha256: spki_of(&name),
        region: name,
        node_id: 1,
    }
}

pub(super) fn clock() -> Clock {
    Arc::new(|| NOW)
}

/// Finds the loopback address of an endpoint, where it has one.
#[derive(Default)]
pub(super) struct TestDial {
    addresses: Mutex<BTreeMap<String, SocketAddr>>,
}

impl TestDial {
    pub(super) fn set(&self, endpoint: &str, address: SocketAddr) {
        self.addresses
            .lock()
            .unwrap()
            .insert(endpoint.to_owned(), address);
    }
}

impl DialRegion for TestDial {
    fn channel(&self, _: &PeerRegion, endpoint: &str) -> Result<Channel, DialError> {
        let addresses = self.addresses.lock().unwrap();
        let address = addresses
            .get(endpoint)
            .ok_or_else(|| DialError(format!("{endpoint} is unknown")))?;
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        Ok(endpoint.connect_lazy())
    }
}

/// Waits until `reached`, at most 20 s.
pub(super) async fn eventually(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !reached() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
