//! Two small regions that are paired and hold keys of each other: what a decoded command, row or shipment meets. The
//! names are those of `crates/storage/tests/golden`, so that its lines speak of keys that are here.
//!
//! Their signing and HPKE keys are real; key material is not, since nothing here opens it.

use crate::region_keys::{KEYS_HERE, KEYS_THERE, RegionKeys, WRAPPING_KEY};
use crate::trusting::Trusting;
use kms_domain::command::{
    CreateAccessKey, CreateAccount, CreateKey, EnableKeyRotation, ImportKeyMaterial, NewMaterial, Pulse,
    ReplicateKey, ScheduleKeyDeletion, SetAlias, UpdatePrimaryRegion,
};
use kms_domain::identity::IdentityId;
use kms_domain::key::{KeyName, WrappedMaterial};
use kms_domain::multi_region::{
    HandoverProof, Parcel, ParcelReceipt, RecordId, Reseal, parcel_outcome, parcel_receipt, receive_parcel,
    ship_parcel,
};
use kms_domain::rows::{ImportParameters, Region};
use kms_domain::vocabulary::{
    AccessKeyId, AccountId, Epoch, ImportTokenId, ImportType, Incarnation, KeyId, KeyOrigin, KeySpec,
    KeyUsage, MaterialId, Principal, RegionName, Timestamp, WrappingAlgorithm, WrappingKeySpec,
};
use kms_domain::{Command, Guard, Proposal, Reply, State};
use std::sync::{Arc, LazyLock};

pub(crate) const CLUSTER: &str = "concord-test";

/// The time on every clock.
pub(crate) const NOW: Timestamp = Timestamp(1_795_000_000_123);

const DAY_MS: u64 = 86_400_000;

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

    /// Makes a key of origin EXTERNAL that has no material yet.
    fn create_external(&mut self, key: KeyName) {
        self.run(Command::CreateKey(Box::new(CreateKey {
            origin: KeyOrigin::External,
            material: None,
            ..create_key(key, 0)
        })));
    }

    fn import(&mut self, key: KeyName, material: u8, import_type: ImportType) {
        let parameters = import_parameters(key, material);
        let token = parameters.id;
        self.run(Command::PutImportParameters(Box::new(parameters)));
        let material = new_material(material);
        self.run(Command::ImportKeyMaterial(Box::new(ImportKeyMaterial {
            key,
            token,
            request_sha256: [0x77; 32],
            import_type,
            matched: (import_type == ImportType::Existing).then_some(material.material_id),
            commitment: material.wrapped.clone(),
            material,
            expires: Some(NOW.plus_days(1)),
            description: Some("from the safe".to_owned()),
        })));
    }

    fn replicate(&mut self, key: KeyName, to: &RegionKeys) {
        self.run(Command::ReplicateKey(Box::new(ReplicateKey {
            key,
            region: to.life.region.clone(),
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
    pub(crate) shipments: Vec<Parcel<Arc<[u8]>>>,
    pub(crate) receipts: Vec<ParcelReceipt>,
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
        world.imported_keys();
        world.identities();
        world
    }

    /// A replica that was here and has been deleted.
    fn leave_a_tombstone(&mut self) {
        let (key, asked) = (multi_region_key(0x14), Timestamp(NOW.0 - 9 * DAY_MS));
        self.there.create(key, 0x14);
        self.there.replicate(key, &KEYS_HERE);
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
        self.here.replicate(held, &KEYS_THERE);
        self.tell_there(held);
        self.here.create(on_its_way, 0x13);
        self.here.replicate(on_its_way, &KEYS_THERE);

        let (replica, wanted, moving) = (
            multi_region_key(0x12),
            multi_region_key(0x15),
            multi_region_key(0x16),
        );
        for (key, material) in [(replica, 0x12), (wanted, 0x15), (moving, 0x16)] {
            self.there.create(key, material);
            self.there.replicate(key, &KEYS_HERE);
        }
        self.tell_here(replica);
        self.say_to_here(&wanted.into());
        self.tell_here(moving);
        self.hand_over_to_here(moving);
    }

    /// One key of this region waits for an import, one has material and a token for more; of one that is primary there,
    /// both regions have imported the bytes, and the primary has been told.
    fn imported_keys(&mut self) {
        let (waiting, imported, shared) = (plain_key(0x7e), plain_key(0x7f), multi_region_key(0x17));
        self.here.create_external(waiting);
        self.here.create_external(imported);
        self.here.import(imported, 0x7f, ImportType::New);
        let further = import_parameters(imported, 0x70);
        self.here.run(Command::PutImportParameters(Box::new(further)));

        self.there.create_external(shared);
        self.there.import(shared, 0x17, ImportType::New);
        self.there.replicate(shared, &KEYS_HERE);
        self.tell_here(shared);
        self.here.import(shared, 0x17, ImportType::Existing);
        self.tell_there(shared);
    }

    /// An account of each region with an access key: one is told to this region, one is only on its way; of this
    /// region's own, the other one knows all.
    fn identities(&mut self) {
        for (log, account, number) in [
            (&mut self.there, account_there(), 0x18),
            (&mut self.here, account_here(), 0x19),
        ] {
            log.run(Command::CreateAccount(CreateAccount {
                id: account,
                name: "Payroll".to_owned(),
            }));
            log.run(Command::CreateAccessKey(Box::new(CreateAccessKey {
                id: AccessKeyId::from_random([number; 10]),
                principal: format!("arn:aws:iam::{account}:user/app")
                    .parse()
                    .expect("a principal"),
                secret: wrapped(number),
            })));
        }
        self.tell_here(IdentityId::Account(account_there()));
        let on_its_way = IdentityId::AccessKey(AccessKeyId::from_random([0x18; 10]));
        self.say_to_here(&on_its_way.into());
        self.tell_there(IdentityId::Account(account_here()));
        self.tell_there(IdentityId::AccessKey(AccessKeyId::from_random([0x19; 10])));
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
            region: KEYS_HERE.life.region.clone(),
            incarnation: KEYS_HERE.life.incarnation,
        };
        let signature = Arc::from([0x55; 64]);
        self.there.run(Command::UpdatePrimaryRegion(UpdatePrimaryRegion {
            key,
            target: KEYS_HERE.life.region.clone(),
            proof: HandoverProof { from, to, signature },
        }));
        self.say_to_here(&key.into());
    }

    /// What is said but has not arrived.
    fn say_to_here(&mut self, record: &RecordId) {
        let said = shipment(&self.there.state, &KEYS_HERE.life.region, record, &Trusting);
        self.shipments.push(said);
    }

    fn tell_here(&mut self, record: impl Into<RecordId>) {
        let (shipment, receipt) = tell(&mut self.there, &mut self.here, record.into());
        self.shipments.push(shipment);
        self.receipts.push(receipt);
    }

    fn tell_there(&mut self, record: impl Into<RecordId>) {
        let (shipment, receipt) = tell(&mut self.here, &mut self.there, record.into());
        self.shipments.push(shipment);
        self.receipts.push(receipt);
    }
}

/// Carries what one region has to say of a record to the other, and the answer back.
fn tell(from: &mut Log, to: &mut Log, record: RecordId) -> (Parcel<Arc<[u8]>>, ParcelReceipt) {
    let shipment = shipment(&from.state, &to.region().name, &record, &Trusting);
    let sender = to
        .state
        .peer(&from.region().name)
        .expect("the regions are paired");
    let command =
        receive_parcel(&to.state, sender, &shipment, &Trusting).expect("the world's shipments are taken");
    let outcome = parcel_outcome(to.run(command)).expect("a shipment is answered with an outcome");
    let receipt = parcel_receipt(&to.state, &shipment, outcome).expect("an answer fits what it answers");
    from.run(receipt.clone().into_command());
    (shipment, receipt)
}

/// What `state`'s region has to say of a record.
pub(crate) fn shipment(
    state: &State,
    to: &RegionName,
    record: &RecordId,
    reseal: &impl Reseal<Sealed = Arc<[u8]>>,
) -> Parcel<Arc<[u8]>> {
    let peer = state.peer(to).expect("the regions are paired");
    ship_parcel(state, peer, record, reseal)
        .expect("the world's secrets are sealed")
        .expect("there is something to say")
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
        material: Some(new_material(material)),
    }
}

fn new_material(number: u8) -> NewMaterial {
    NewMaterial {
        material_id: MaterialId([number; 32]),
        wrapped: wrapped(number),
    }
}

fn wrapped(number: u8) -> WrappedMaterial {
    WrappedMaterial {
        wrapping_key: WRAPPING_KEY,
        bytes: Arc::from([number; 48]),
    }
}

fn import_parameters(key: KeyName, number: u8) -> ImportParameters {
    ImportParameters {
        id: ImportTokenId([number; 32]),
        key,
        algorithm: WrappingAlgorithm::RsaesOaepSha256,
        wrapping_key_spec: WrappingKeySpec::Rsa2048,
        public_sha256: [0x78; 32],
        private_wrapped: wrapped(number),
        expires: NOW.plus_days(1),
        used: None,
    }
}

pub(crate) fn principal() -> Principal {
    "arn:aws:iam::123456789012:user/alice"
        .parse()
        .expect("a principal")
}

/// An account whose home is the region under test.
pub(crate) fn account_here() -> AccountId {
    principal().account()
}

/// An account whose home is the other region.
pub(crate) fn account_there() -> AccountId {
    "210987654321".parse().expect("an account")
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
