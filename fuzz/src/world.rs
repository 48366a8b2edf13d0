//! Two small regions that are paired and hold keys of each other: what a decoded command, row or shipment meets. The
//! names are those of `crates/storage/tests/golden`, so that its lines speak of keys that are here.
//!
//! Their signing and HPKE keys are real; key material is not, since nothing here opens it.

use crate::fixed_rng::FixedRng;
use kms_crypto::SecretBytes;
use kms_crypto::region::{HpkeKeyPair, RegionLife, RegionSigningKey, SignedHpkeKey};
use kms_crypto::wrap::WrappingKey;
use kms_domain::command::{
    Bootstrap, CreateKey, EnableKeyRotation, NewMaterial, Pulse, ReplicateKey, ScheduleKeyDeletion, SetAlias,
    UpdatePrimaryRegion,
};
use kms_domain::key::{KeyName, Material, WrappedMaterial};
use kms_domain::multi_region::{
    HandoverProof, MaterialBinding, Receipt, Reseal, ResealError, Shipment, receipt, receive, ship,
};
use kms_domain::rows::{HpkeKeyRow, PeerRegion, Region, WrappingKeyRow};
use kms_domain::vocabulary::{
    Epoch, Incarnation, KeyId, KeyOrigin, KeySpec, KeyUsage, MaterialId, Principal, RegionName, Timestamp,
};
use kms_domain::{Command, Guard, Proposal, Reply, State};
use std::sync::{Arc, LazyLock};

pub(crate) const CLUSTER: &str = "concord-test";

/// The time on every clock.
pub(crate) const NOW: Timestamp = Timestamp(1_795_000_000_123);

const HERE: &str = "us-east-1";
const THERE: &str = "eu-west-1";
const WRAPPING_KEY: u64 = 2;
const HPKE_KEY: u64 = 7;
const DAY_MS: u64 = 86_400_000;

/// A region's own keys, open.
pub(crate) struct RegionKeys {
    pub(crate) life: RegionLife,
    pub(crate) signing: Arc<RegionSigningKey>,
    pub(crate) hpke: Arc<HpkeKeyPair>,
    pub(crate) wrapping: Arc<WrappingKey>,
}

impl RegionKeys {
    fn new(region: &str, secret: u8) -> Self {
        let secret = SecretBytes::copy_of(&[secret; 32]);
        Self {
            life: RegionLife {
                region: region_name(region),
                incarnation: Incarnation([0x33; 16]),
            },
            signing: Arc::new(RegionSigningKey::from_private_bytes(&secret).expect("32 bytes are a key")),
            hpke: Arc::new(HpkeKeyPair::from_private_bytes(HPKE_KEY, &secret).expect("32 bytes are a key")),
            wrapping: Arc::new(WrappingKey::generate(WRAPPING_KEY, &mut FixedRng(1))),
        }
    }

    /// The HPKE key as its region signs and publishes it.
    pub(crate) fn signed_hpke_key(&self) -> SignedHpkeKey {
        let validity = SignedHpkeKey::validity_until(NOW);
        SignedHpkeKey::sign(CLUSTER, &self.life, self.hpke.public(), validity, &self.signing)
            .expect("a region signs its own key")
    }

    fn bootstrap(&self) -> Command {
        Command::Bootstrap(Bootstrap {
            cluster: CLUSTER.to_owned(),
            region: self.life.region.clone(),
            incarnation: self.life.incarnation,
            wrapping_key: WrappingKeyRow {
                id: WRAPPING_KEY,
                root_key_id: [0x66; 16],
                wrapped: Arc::from([1]),
                retired: false,
            },
            hpke_key: HpkeKeyRow {
                id: HPKE_KEY,
                public: self.hpke.public().to_bytes().into(),
                private_wrapped: Arc::from([1]),
                valid_until: NOW,
                signature: self.signed_hpke_key().signature().0.to_vec().into(),
            },
            signing_public: *self.signing.verifying_key().as_bytes(),
            signing_private_wrapped: Arc::from([1]),
            feature_level: 1,
        })
    }

    fn as_pinned(&self) -> Command {
        Command::PairRegion(Box::new(PeerRegion {
            name: self.life.region.clone(),
            incarnation: self.life.incarnation,
            signing_public: *self.signing.verifying_key().as_bytes(),
            hpke_key: HPKE_KEY,
            hpke_public: self.hpke.public().to_bytes().into(),
            hpke_valid_until: NOW,
            issuing_ca_spki_sha256: [0x6d; 32],
            endpoints: vec!["https://127.0.0.1:7000".to_owned()],
        }))
    }
}

/// The keys of the region under test.
pub(crate) static KEYS_HERE: LazyLock<RegionKeys> = LazyLock::new(|| RegionKeys::new(HERE, 0x7a));

/// The keys of its peer.
pub(crate) static KEYS_THERE: LazyLock<RegionKeys> = LazyLock::new(|| RegionKeys::new(THERE, 0x6b));

/// A region whose every command succeeds, because it was written to.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) state: State,
    pub(crate) index: u64,
}

impl Log {
    fn founded(own: &RegionKeys, peer: &RegionKeys) -> Self {
        let (state, index) = (State::default(), 0);
        let mut log = Self { state, index };
        log.run(own.bootstrap());
        log.run(peer.as_pinned());
        log
    }

    fn region(&self) -> &Region {
        self.state.region().expect("a founded region is there")
    }

    /// Applies a command of the account's user.
    pub(crate) fn run(&mut self, command: Command) -> Reply {
        self.index += 1;
        self.state
            .apply(self.index, &proposal(command))
            .result
            .expect("the world's own commands are accepted")
    }

    fn pulse_at(&mut self, now: Timestamp) {
        let readings = vec![(1, now), (2, now), (3, now)];
        self.run(Command::Pulse(Pulse { readings }));
    }

    fn create(&mut self, key: KeyName, material: u8) {
        self.run(Command::CreateKey(Box::new(create_key(key, material))));
    }

    fn replicate(&mut self, key: KeyName, to: &str) {
        self.run(Command::ReplicateKey(Box::new(ReplicateKey {
            key,
            region: region_name(to),
            incarnation: Incarnation([0x33; 16]),
            description: "a replica".to_owned(),
            policy: String::new(),
            tags: [("owner".to_owned(), "Zoë".to_owned())].into(),
        })));
    }
}

/// Both regions, and what they told each other on the way.
pub(crate) struct World {
    pub(crate) here: Log,
    pub(crate) there: Log,
    pub(crate) shipments: Vec<Shipment<Arc<[u8]>>>,
    pub(crate) receipts: Vec<Receipt>,
}

static WORLD: LazyLock<World> = LazyLock::new(World::new);

impl World {
    /// The world; made once.
    pub(crate) fn get() -> &'static Self {
        &WORLD
    }

    fn new() -> Self {
        let mut world = Self {
            here: Log::founded(&KEYS_HERE, &KEYS_THERE),
            there: Log::founded(&KEYS_THERE, &KEYS_HERE),
            shipments: Vec::new(),
            receipts: Vec::new(),
        };
        world.leave_a_tombstone();
        world.keys_that_are_here_only();
        world.keys_of_both();
        world
    }

    /// A replica that was here and has been deleted.
    fn leave_a_tombstone(&mut self) {
        let (key, asked) = (multi_region_key(0x14), Timestamp(NOW.0 - 9 * DAY_MS));
        self.there.create(key, 0x14);
        self.there.replicate(key, HERE);
        self.tell_here(key);
        self.here.run(Command::ScheduleKeyDeletion(ScheduleKeyDeletion {
            key,
            pending_window_days: 7,
        }));
        self.here.pulse_at(asked);
        self.here.pulse_at(NOW);
        assert!(self.here.state.tombstone(&key).is_some());
    }

    fn keys_that_are_here_only(&mut self) {
        let (plain, ending) = (plain_key(0x7c), plain_key(0x7d));
        self.here.create(plain, 1);
        self.here.run(Command::EnableKeyRotation(EnableKeyRotation {
            key: plain,
            period_days: 90,
        }));
        self.here.create(ending, 2);
        self.here.run(Command::ScheduleKeyDeletion(ScheduleKeyDeletion {
            key: ending,
            pending_window_days: 7,
        }));
    }

    /// One key is primary here and held there, one is only on its way there, one is a replica here, one is to become
    /// one, and one is being handed over to this region.
    fn keys_of_both(&mut self) {
        let (held, on_its_way) = (multi_region_key(0x11), multi_region_key(0x13));
        self.here.create(held, 0x22);
        self.here.run(Command::CreateAlias(SetAlias {
            alias: "alias/payroll".parse().expect("an alias"),
            key: held,
        }));
        self.here.replicate(held, THERE);
        self.tell_there(held);
        self.here.create(on_its_way, 0x13);
        self.here.replicate(on_its_way, THERE);

        let (replica, wanted, moving) = (
            multi_region_key(0x12),
            multi_region_key(0x15),
            multi_region_key(0x16),
        );
        for (key, material) in [(replica, 0x12), (wanted, 0x15), (moving, 0x16)] {
            self.there.create(key, material);
            self.there.replicate(key, HERE);
        }
        self.tell_here(replica);
        self.say_to_here(&wanted);
        self.tell_here(moving);
        self.hand_over_to_here(moving);
    }

    fn hand_over_to_here(&mut self, key: KeyName) {
        let copy = self
            .there
            .state
            .key(&key)
            .and_then(|key| key.multi_region.clone());
        let from = copy.expect("a multi-Region key").epoch;
        let to = Epoch {
            counter: from.counter + 1,
            region: region_name(HERE),
            incarnation: KEYS_HERE.life.incarnation,
        };
        let signature = Arc::from([0x55; 64]);
        self.there.run(Command::UpdatePrimaryRegion(UpdatePrimaryRegion {
            key,
            target: region_name(HERE),
            proof: HandoverProof { from, to, signature },
        }));
        self.say_to_here(&key);
    }

    /// What is said but has not arrived.
    fn say_to_here(&mut self, key: &KeyName) {
        let said = shipment(&self.there.state, &KEYS_HERE.life.region, key, &Trusting);
        self.shipments.push(said);
    }

    fn tell_here(&mut self, key: KeyName) {
        let (shipment, receipt) = tell(&mut self.there, &mut self.here, key);
        self.shipments.push(shipment);
        self.receipts.push(receipt);
    }

    fn tell_there(&mut self, key: KeyName) {
        let (shipment, receipt) = tell(&mut self.here, &mut self.there, key);
        self.shipments.push(shipment);
        self.receipts.push(receipt);
    }
}

/// Carries what one region has to say of a key to the other, and the answer back.
fn tell(from: &mut Log, to: &mut Log, key: KeyName) -> (Shipment<Arc<[u8]>>, Receipt) {
    let shipment = shipment(&from.state, &to.region().name, &key, &Trusting);
    let sender = to
        .state
        .peer(&from.region().name)
        .expect("the regions are paired");
    let wrapped = receive(&to.state, sender, &shipment, &Trusting).expect("the world's shipments are taken");
    let Reply::RecordAccepted(outcome) = to.run(Command::AcceptShipment(Box::new(wrapped))) else {
        panic!("a shipment is answered with an outcome");
    };
    let receipt = receipt(&to.state, &shipment, outcome);
    from.run(Command::NoteReceipt(Box::new(receipt.clone())));
    (shipment, receipt)
}

/// What `state`'s region has to say of `key`.
pub(crate) fn shipment(
    state: &State,
    to: &RegionName,
    key: &KeyName,
    reseal: &impl Reseal<Sealed = Arc<[u8]>>,
) -> Shipment<Arc<[u8]>> {
    let peer = state.peer(to).expect("the regions are paired");
    ship(state, peer, key, reseal)
        .expect("the world's materials are sealed")
        .expect("there is something to say")
}

/// A region that believes every seal and signature: a shipment meets the rules alone, as one does from a region that
/// was taken over and signs what it likes.
pub(crate) struct Trusting;

impl Reseal for Trusting {
    type Sealed = Arc<[u8]>;

    fn seal(
        &self,
        _: &Region,
        _: &PeerRegion,
        _: &MaterialBinding,
        material: &Material,
    ) -> Result<Arc<[u8]>, ResealError> {
        Ok(Arc::clone(&material.wrapped.bytes))
    }

    fn open_and_wrap(
        &self,
        region: &Region,
        _: &PeerRegion,
        _: &MaterialBinding,
        sealed: &Arc<[u8]>,
    ) -> Result<WrappedMaterial, ResealError> {
        Ok(WrappedMaterial {
            wrapping_key: region.wrapping_key,
            bytes: Arc::clone(sealed),
        })
    }

    fn verify_handover(&self, _: &Region, _: &[u8; 32], _: &KeyName, _: &HandoverProof) -> bool {
        true
    }
}

/// The account's user asks for `command`.
pub(crate) fn proposal(command: Command) -> Proposal {
    Proposal {
        time: NOW,
        principal: Some(principal()),
        request: None,
        guard: Guard::default(),
        command,
    }
}

/// A command that creates a symmetric key with this material.
pub(crate) fn create_key(name: KeyName, material: u8) -> CreateKey {
    CreateKey {
        name,
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        origin: KeyOrigin::AwsKms,
        description: "payroll".to_owned(),
        policy: "{}".to_owned(),
        tags: [("owner".to_owned(), "Zoë".to_owned())].into(),
        multi_region: name.key_id.is_multi_region().then_some(Incarnation([0x33; 16])),
        material: Some(NewMaterial {
            material_id: MaterialId([material; 32]),
            wrapped: WrappedMaterial {
                wrapping_key: WRAPPING_KEY,
                bytes: Arc::from([material; 48]),
            },
        }),
    }
}

pub(crate) fn principal() -> Principal {
    "arn:aws:iam::123456789012:user/alice"
        .parse()
        .expect("a principal")
}

fn region_name(name: &str) -> RegionName {
    name.parse().expect("a region")
}

pub(crate) fn multi_region_key(number: u8) -> KeyName {
    KeyName {
        account: principal().account(),
        key_id: KeyId::multi_region([number; 16]),
    }
}

pub(crate) fn plain_key(number: u8) -> KeyName {
    KeyName {
        key_id: KeyId::uuid([number; 16]),
        ..multi_region_key(number)
    }
}
