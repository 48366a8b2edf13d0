//! One fixed value of every kind, with every field set. Their bytes are committed under tests/golden: change a value
//! here and its bytes no longer fit. A field that is added later gets here what decoding gives it when it is absent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kms_domain::command::{
    Bootstrap, CreateKey, DeleteAlias, EnableKeyRotation, NewMaterial, Pulse, RaiseFeatureLevel,
    RenewPeerHpkeKey, ReplicateKey, RotateKey, ScheduleKeyDeletion, SetAlias, TagResource, UntagResource,
    UpdateKeyDescription, UpdatePrimaryRegion,
};
use kms_domain::key::{
    Alias, Deletion, DeletionDeadline, Import, Key, KeyName, Material, PendingRotation, Revisions, Rotation,
    RotationKind, WrappedMaterial,
};
use kms_domain::multi_region::{
    AcceptOutcome, Handover, HandoverProof, MaterialInRecord, MultiRegion, Receipt, RecordStamp, Replica,
    ReplicaCreation, ReplicaPhase, Role, SharedRecord, Shipment, ShipmentBody, Tombstone,
};
use kms_domain::rows::{Answer, HpkeKeyRow, OutboxRow, PeerRegion, Refusal, Region, WrappingKeyRow};
use kms_domain::vocabulary::tags::Tags;
use kms_domain::vocabulary::{
    AccountId, AliasName, Epoch, Incarnation, KeyId, KeyOrigin, KeySpec, KeyUsage, MaterialId, Principal,
    RegionName, Timestamp,
};
use kms_domain::{Command, Guard, Proposal, Reply, RequestKey, Row};

mod identities;
mod imports;

use identities::{guarded_by_identities, identity_commands, identity_rows};
use imports::{import_commands, import_rows};

const NOW: Timestamp = Timestamp(1_795_000_000_123);

fn account() -> AccountId {
    "123456789012".parse().unwrap()
}

fn principal() -> Principal {
    "arn:aws:iam::123456789012:user/alice".parse().unwrap()
}

fn region() -> RegionName {
    "us-east-1".parse().unwrap()
}

fn other_region() -> RegionName {
    "eu-west-1".parse().unwrap()
}

fn alias() -> AliasName {
    "alias/payroll".parse().unwrap()
}

fn key() -> KeyName {
    KeyName {
        account: account(),
        key_id: KeyId::multi_region([0x11; 16]),
    }
}

fn material_id() -> MaterialId {
    MaterialId([0x22; 32])
}

fn incarnation() -> Incarnation {
    Incarnation([0x33; 16])
}

fn bytes(of: u8) -> Arc<[u8]> {
    Arc::from([of; 5])
}

fn tags() -> Tags {
    Tags::from([
        ("owner".to_owned(), "Zoë".to_owned()),
        ("stage".to_owned(), String::new()),
    ])
}

fn epoch(counter: u64) -> Epoch {
    Epoch {
        counter,
        region: region(),
        incarnation: incarnation(),
    }
}

fn stamp() -> RecordStamp {
    RecordStamp {
        epoch: epoch(4),
        shared_revision: 300,
    }
}

fn wrapped() -> WrappedMaterial {
    WrappedMaterial {
        wrapping_key: 2,
        bytes: bytes(0x44),
    }
}

fn new_material() -> NewMaterial {
    NewMaterial {
        material_id: material_id(),
        wrapped: wrapped(),
    }
}

fn proof() -> HandoverProof {
    HandoverProof {
        from: epoch(3),
        to: epoch(4),
        signature: bytes(0x55),
    }
}

fn pending() -> PendingRotation {
    PendingRotation {
        material_id: material_id(),
        kind: RotationKind::OnDemand,
        started: NOW,
    }
}

fn creation() -> ReplicaCreation {
    ReplicaCreation {
        principal: principal(),
        description: "a replica".to_owned(),
        policy: "{}".to_owned(),
        tags: tags(),
    }
}

fn wrapping_key_row() -> WrappingKeyRow {
    WrappingKeyRow {
        id: 2,
        root_key_id: [0x66; 16],
        wrapped: bytes(0x67),
        retired: true,
    }
}

fn hpke_key_row() -> HpkeKeyRow {
    HpkeKeyRow {
        id: 7,
        public: bytes(0x68),
        private_wrapped: bytes(0x69),
        valid_until: NOW,
        signature: bytes(0x6a),
    }
}

fn peer_region() -> PeerRegion {
    PeerRegion {
        name: other_region(),
        incarnation: incarnation(),
        signing_public: [0x6b; 32],
        hpke_key: 8,
        hpke_public: bytes(0x6c),
        hpke_valid_until: NOW,
        issuing_ca_spki_sha256: [0x6d; 32],
        endpoints: vec![
            "https://127.0.0.1:7000".to_owned(),
            "https://[::1]:7001".to_owned(),
        ],
    }
}

fn renewal() -> RenewPeerHpkeKey {
    RenewPeerHpkeKey {
        peer: other_region(),
        incarnation: incarnation(),
        hpke_key: 9,
        hpke_public: bytes(0x6e),
        hpke_valid_until: NOW,
    }
}

fn shipment() -> Shipment<WrappedMaterial> {
    let record = SharedRecord {
        stamp: stamp(),
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        origin: KeyOrigin::AwsKms,
        creation_date: NOW,
        current_material: Some(material_id()),
        current_rotation_date: Some(NOW),
        current_rotation_kind: Some(RotationKind::Automatic),
        rotation_automatic: true,
        rotation_period_days: 365,
        rotation_next_date: Some(NOW),
        on_demand_count: 3,
        pending: Some(pending()),
        replicas: BTreeMap::from([(other_region(), incarnation())]),
        primary_incarnation: Incarnation([0x34; 16]),
        handover: Some(epoch(5)),
        import: None,
    };
    let material = MaterialInRecord {
        material_id: material_id(),
        rotation_date: Some(NOW),
        rotation_kind: Some(RotationKind::OnDemand),
        material: wrapped(),
    };
    Shipment {
        from: region(),
        from_incarnation: incarnation(),
        to: other_region(),
        key: key(),
        body: ShipmentBody::Record {
            record: Box::new(record),
            replica_incarnation: incarnation(),
            materials: vec![material],
            complete: true,
            creation: Some(creation()),
            proofs: vec![proof()],
        },
    }
}

fn receipt() -> Receipt {
    Receipt {
        from: other_region(),
        key: key(),
        stamp: Some(stamp()),
        incarnation: incarnation(),
        materials_held: vec![material_id(), MaterialId([0x23; 32])],
        complete: true,
        outcome: AcceptOutcome::HandoverDeclined {
            epoch_counter: 5,
            reason: "pending deletion".to_owned(),
        },
    }
}

fn proposal(command: Command) -> Proposal {
    Proposal {
        time: NOW,
        principal: Some(principal()),
        request: Some(RequestKey {
            operation: "CreateKey".to_owned(),
            id: "2f1c".to_owned(),
            parameters_hash: [0x77; 32],
        }),
        guard: Guard {
            keys: vec![(key(), Some(9)), (key(), None)],
            aliases: vec![(account(), alias(), Some(10)), (account(), alias(), None)],
            access_keys: Vec::new(),
            accounts: Vec::new(),
            wrapping_key: Some(2),
            decided_at: NOW,
        },
        command,
    }
}

/// One log entry of every command, by a name for its line.
pub(super) fn proposals() -> Vec<(&'static str, Proposal)> {
    let mut commands = region_commands();
    commands.extend(key_commands());
    commands.extend(multi_region_commands());
    commands.extend(import_commands());
    commands.extend(identity_commands());
    let mut proposals: Vec<_> = commands
        .into_iter()
        .map(|(name, command)| (name, proposal(command)))
        .collect();
    proposals.push(guarded_by_identities());
    proposals
}

fn region_commands() -> Vec<(&'static str, Command)> {
    let bootstrap = Bootstrap {
        cluster: "concord-test".to_owned(),
        region: region(),
        incarnation: incarnation(),
        wrapping_key: wrapping_key_row(),
        hpke_key: hpke_key_row(),
        signing_public: [0x78; 32],
        signing_private_wrapped: bytes(0x79),
        feature_level: 1,
    };
    let pulse = Pulse {
        readings: vec![(1, NOW), (3, Timestamp(0))],
    };
    vec![
        ("bootstrap", Command::Bootstrap(bootstrap)),
        ("pulse", Command::Pulse(pulse)),
        (
            "raise-feature-level",
            Command::RaiseFeatureLevel(RaiseFeatureLevel { level: 2 }),
        ),
    ]
}

fn key_commands() -> Vec<(&'static str, Command)> {
    let key = key();
    let create = CreateKey {
        name: key,
        spec: KeySpec::MlKem1024,
        usage: KeyUsage::EncapsulateDecapsulate,
        origin: KeyOrigin::ExternalKeyStore,
        description: "payroll".to_owned(),
        policy: "{}".to_owned(),
        tags: tags(),
        multi_region: Some(incarnation()),
        material: Some(new_material()),
    };
    let description = UpdateKeyDescription {
        key,
        description: "new".to_owned(),
    };
    let deletion = ScheduleKeyDeletion {
        key,
        pending_window_days: 7,
    };
    let set_alias = SetAlias { alias: alias(), key };
    let delete_alias = DeleteAlias {
        account: account(),
        alias: alias(),
    };
    let tag = TagResource {
        key,
        tags: vec![("b".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())],
    };
    let untag = UntagResource {
        key,
        tag_keys: vec!["b".to_owned(), "a".to_owned()],
    };
    let enable_rotation = EnableKeyRotation { key, period_days: 90 };
    let rotate = RotateKey {
        key,
        material: new_material(),
    };
    vec![
        ("create-key", Command::CreateKey(Box::new(create))),
        ("enable-key", Command::EnableKey(key)),
        ("disable-key", Command::DisableKey(key)),
        (
            "update-key-description",
            Command::UpdateKeyDescription(description),
        ),
        ("schedule-key-deletion", Command::ScheduleKeyDeletion(deletion)),
        ("cancel-key-deletion", Command::CancelKeyDeletion(key)),
        ("create-alias", Command::CreateAlias(set_alias.clone())),
        ("update-alias", Command::UpdateAlias(set_alias)),
        ("delete-alias", Command::DeleteAlias(delete_alias)),
        ("tag-resource", Command::TagResource(tag)),
        ("untag-resource", Command::UntagResource(untag)),
        ("enable-key-rotation", Command::EnableKeyRotation(enable_rotation)),
        ("disable-key-rotation", Command::DisableKeyRotation(key)),
        ("rotate-key-on-demand", Command::RotateKeyOnDemand(rotate.clone())),
        (
            "rotate-key-automatically",
            Command::RotateKeyAutomatically(rotate),
        ),
    ]
}

fn multi_region_commands() -> Vec<(&'static str, Command)> {
    let replicate = ReplicateKey {
        key: key(),
        region: other_region(),
        incarnation: incarnation(),
        description: "a replica".to_owned(),
        policy: "{}".to_owned(),
        tags: tags(),
    };
    let update_primary = UpdatePrimaryRegion {
        key: key(),
        target: other_region(),
        proof: proof(),
    };
    vec![
        ("replicate-key", Command::ReplicateKey(Box::new(replicate))),
        (
            "update-primary-region",
            Command::UpdatePrimaryRegion(update_primary),
        ),
        ("accept-shipment", Command::AcceptShipment(Box::new(shipment()))),
        ("note-receipt", Command::NoteReceipt(Box::new(receipt()))),
        ("pair-region", Command::PairRegion(Box::new(peer_region()))),
        ("unpair-region", Command::UnpairRegion(other_region())),
        ("mark-all-dirty", Command::MarkAllDirty(other_region())),
        ("add-hpke-key", Command::AddHpkeKey(Box::new(hpke_key_row()))),
        (
            "renew-peer-hpke-key",
            Command::RenewPeerHpkeKey(Box::new(renewal())),
        ),
    ]
}

fn key_row() -> Key {
    let replica = Replica {
        incarnation: incarnation(),
        phase: ReplicaPhase::Active,
        acknowledged: Some(stamp()),
        creation: Some(creation()),
        imports_revision: 0,
    };
    let handover = Handover {
        target: other_region(),
        epoch: epoch(5),
        since: NOW,
    };
    let multi_region = MultiRegion {
        role: Role::Replica,
        epoch: epoch(4),
        shared_revision: 300,
        epoch_promised: 6,
        incarnation: incarnation(),
        replicas: BTreeMap::from([(other_region(), replica)]),
        creating: true,
        handover: Some(handover),
        proofs: vec![proof()],
    };
    let deletion = Deletion {
        pending_window_days: 30,
        shown_date: Some(NOW),
        deadline: DeletionDeadline::At(NOW),
    };
    let rotation = Rotation {
        automatic: true,
        period_days: 365,
        next_date: Some(NOW),
        on_demand_count: 3,
        pending: Some(pending()),
    };
    Key {
        name: key(),
        spec: KeySpec::EccSecgP256k1,
        usage: KeyUsage::SignVerify,
        origin: KeyOrigin::External,
        creation_date: NOW,
        description: "payroll".to_owned(),
        policy: "{}".to_owned(),
        tags: tags(),
        enabled: true,
        deletion: Some(deletion),
        rotation,
        current_material: Some(material_id()),
        import: Some(Import::default()),
        next_material_sequence: 4,
        multi_region: Some(multi_region),
        revisions: Revisions {
            authz: 1,
            tags: 2,
            description: 3,
            material: 4,
        },
    }
}

fn material_row() -> Material {
    Material {
        key: key(),
        material_id: material_id(),
        sequence: 3,
        wrapped: Some(wrapped()),
        revision: 2,
        rotation_date: Some(NOW),
        rotation_kind: Some(RotationKind::Automatic),
        held_by: BTreeSet::from([other_region()]),
        imported: None,
    }
}

fn region_row() -> Region {
    Region {
        cluster: "concord-test".to_owned(),
        name: region(),
        incarnation: incarnation(),
        feature_level: 1,
        log_time: NOW,
        wrapping_key: 2,
        hpke_key: 7,
        signing_public: [0x7a; 32],
        signing_private_wrapped: bytes(0x7b),
        alias_revision: 12,
        fenced: true,
    }
}

fn debt_rows() -> [(&'static str, Row); 3] {
    let tombstone = Tombstone {
        key: key(),
        incarnation: incarnation(),
        stamp: stamp(),
        tell: Some(other_region()),
        deleted_at: NOW,
    };
    let outbox = OutboxRow {
        peer: other_region(),
        record: key().into(),
        since: NOW,
        refusal: Some(Refusal {
            reason: "the key id is taken".to_owned(),
            count: 2,
            retry_after: NOW,
        }),
    };
    let answer = Answer {
        principal: principal(),
        operation: "CreateKey".to_owned(),
        request_id: "2f1c".to_owned(),
        parameters_hash: [0x77; 32],
        reply: Reply::KeyCreated {
            key_id: KeyId::uuid([0x7c; 16]),
        },
        remembered_at: NOW,
        sequence: 77,
    };
    [
        ("tombstone", Row::Tombstone(Arc::new(tombstone))),
        ("outbox", Row::Outbox(Arc::new(outbox))),
        ("answer", Row::Answer(Arc::new(answer))),
    ]
}

/// One row of every kind, by a name for its line.
pub(super) fn rows() -> Vec<(&'static str, Row)> {
    let alias = Alias {
        account: account(),
        alias: alias(),
        key_id: key().key_id,
        creation_date: NOW,
        last_updated_date: NOW,
        revision: 12,
    };
    let mut rows = vec![
        ("region", Row::Region(Arc::new(region_row()))),
        ("wrapping-key", Row::WrappingKey(Arc::new(wrapping_key_row()))),
        ("hpke-key", Row::HpkeKey(Arc::new(hpke_key_row()))),
        ("peer", Row::Peer(Arc::new(peer_region()))),
        ("key", Row::Key(Arc::new(key_row()))),
        ("material", Row::Material(Arc::new(material_row()))),
        ("alias", Row::Alias(Arc::new(alias))),
    ];
    rows.extend(debt_rows());
    rows.extend(import_rows());
    rows.extend(identity_rows());
    rows
}
