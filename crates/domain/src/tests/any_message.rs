//! Random commands that other regions' messages become, and those that concern other regions.
//!
//! Signatures are checked before a shipment is proposed; here everything is proposed, so apply sees what a broken or
//! lying leader would propose.

use super::any_command::{names, times};
use super::test_region::material;
use crate::Command;
use crate::command::{RenewPeerHpkeKey, ReplicateKey, UpdatePrimaryRegion};
use crate::key::{PendingRotation, RotationKind, WrappedMaterial};
use crate::multi_region::{
    AcceptOutcome, HandoverProof, MaterialInRecord, Receipt, RecordStamp, ReplicaCreation, SharedImport,
    SharedRecord, Shipment, ShipmentBody,
};
use crate::rows::{HpkeKeyRow, PeerRegion};
use crate::vocabulary::tags::Tags;
use crate::vocabulary::{
    Epoch, Incarnation, KeyOrigin, KeySpec, KeyUsage, MaterialId, RegionName, Timestamp,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use std::sync::Arc;

pub(super) fn regions() -> impl Strategy<Value = RegionName> {
    select(vec!["us-east-1", "eu-west-1", "ap-southeast-1"]).prop_map(|name| name.parse().expect("region"))
}

/// Life 1 is every region's own (see the bootstrap command), life 5 that of copies made here.
fn lives() -> impl Strategy<Value = Incarnation> {
    prop_oneof![6 => Just(1u8), 3 => Just(5), 1 => Just(9)].prop_map(|life| Incarnation([life; 16]))
}

fn counters() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 0u64..6, 1 => any::<u64>()]
}

fn epochs() -> impl Strategy<Value = Epoch> {
    (counters(), regions()).prop_map(|(counter, region)| Epoch {
        counter,
        region,
        incarnation: Incarnation([1; 16]),
    })
}

fn stamps() -> impl Strategy<Value = RecordStamp> {
    (epochs(), counters()).prop_map(|(epoch, shared_revision)| RecordStamp {
        epoch,
        shared_revision,
    })
}

fn material_ids() -> impl Strategy<Value = MaterialId> {
    (0u8..4).prop_map(|number| MaterialId([number; 32]))
}

/// The next step from an epoch, most of the time.
fn proofs() -> impl Strategy<Value = HandoverProof> {
    (epochs(), epochs(), any::<bool>()).prop_map(|(from, mut to, fits)| {
        if fits {
            to.counter = from.counter.saturating_add(1);
        }
        let signature = Arc::from([0; 64]);
        HandoverProof { from, to, signature }
    })
}

fn creations() -> impl Strategy<Value = ReplicaCreation> {
    Just(ReplicaCreation {
        principal: "arn:aws:iam::111122223333:root".parse().expect("principal"),
        description: String::new(),
        policy: String::new(),
        tags: Tags::new(),
    })
}

fn records() -> impl Strategy<Value = SharedRecord> {
    let pending = (material_ids(), times()).prop_map(|(material_id, started)| PendingRotation {
        material_id,
        kind: RotationKind::OnDemand,
        started,
    });
    let imports = (option::weighted(0.4, material_ids()), vec(material_ids(), 0..4)).prop_map(
        |(pending, materials)| SharedImport {
            pending,
            materials: materials.into_iter().collect(),
        },
    );
    let parts = (
        stamps(),
        option::weighted(0.9, material_ids()),
        option::weighted(0.2, pending),
        btree_map(regions(), lives(), 0..3),
        option::weighted(0.3, epochs()),
        lives(),
        (any::<bool>(), any::<u32>(), option::of(times())),
        option::weighted(0.4, imports),
    );
    parts.prop_map(
        |(stamp, current_material, pending, replicas, handover, life, rotation, import)| SharedRecord {
            stamp,
            spec: KeySpec::SymmetricDefault,
            usage: KeyUsage::EncryptDecrypt,
            origin: match import {
                Some(_) => KeyOrigin::External,
                None => KeyOrigin::AwsKms,
            },
            creation_date: Timestamp(0),
            current_material,
            current_rotation_date: None,
            current_rotation_kind: None,
            rotation_automatic: rotation.0,
            rotation_period_days: rotation.1,
            rotation_next_date: rotation.2,
            on_demand_count: 3,
            pending,
            replicas,
            primary_incarnation: life,
            handover,
            import,
        },
    )
}

fn cargo() -> impl Strategy<Value = Vec<MaterialInRecord<WrappedMaterial>>> {
    let one = (0u8..4).prop_map(|number| {
        let new = material(number);
        MaterialInRecord {
            material_id: new.material_id,
            rotation_date: None,
            rotation_kind: None,
            material: new.wrapped,
        }
    });
    vec(one, 0..5)
}

/// Half of them fit: sent by the record's own primary to a region that it names as a replica.
fn shipments() -> impl Strategy<Value = Command> {
    let parts = (
        (regions(), names(), lives(), any::<bool>(), any::<bool>()),
        (
            records(),
            cargo(),
            option::weighted(0.8, creations()),
            vec(proofs(), 0..3),
        ),
    );
    parts.prop_map(
        |((from, key, life, complete, fits), (mut record, materials, creation, proofs))| {
            let to: RegionName = "us-east-1".parse().expect("region");
            if fits {
                record.stamp.epoch.region = from.clone();
                record.replicas.insert(to.clone(), life);
                record.replicas.remove(&from);
            }
            Command::AcceptShipment(Box::new(Shipment {
                from,
                from_incarnation: Incarnation([1; 16]),
                to,
                key,
                body: ShipmentBody::Record {
                    record: Box::new(record),
                    replica_incarnation: life,
                    materials,
                    complete,
                    creation,
                    proofs,
                },
            }))
        },
    )
}

fn words_about_imports() -> impl Strategy<Value = Command> {
    let parts = (regions(), names(), lives(), counters(), vec(material_ids(), 0..5));
    parts.prop_map(|(from, key, incarnation, revision, materials)| {
        Command::AcceptShipment(Box::new(Shipment {
            from,
            from_incarnation: Incarnation([1; 16]),
            to: "us-east-1".parse().expect("region"),
            key,
            body: ShipmentBody::MaterialsImported {
                incarnation,
                revision,
                materials,
            },
        }))
    })
}

fn endings() -> impl Strategy<Value = Command> {
    (regions(), names(), lives()).prop_map(|(from, key, incarnation)| {
        Command::AcceptShipment(Box::new(Shipment {
            from,
            from_incarnation: Incarnation([1; 16]),
            to: "us-east-1".parse().expect("region"),
            key,
            body: ShipmentBody::ReplicaGone { incarnation },
        }))
    })
}

fn receipts() -> impl Strategy<Value = Command> {
    let outcomes = prop_oneof![
        4 => stamps().prop_map(|stamp| AcceptOutcome::Adopted { stamp }),
        1 => stamps().prop_map(|stamp| AcceptOutcome::Stale { stamp }),
        1 => lives().prop_map(|incarnation| AcceptOutcome::Gone { incarnation }),
        1 => Just(AcceptOutcome::GoneNoted),
        1 => counters().prop_map(|revision| AcceptOutcome::ImportsNoted { revision }),
        1 => regions().prop_map(|primary| AcceptOutcome::NotPrimary { primary }),
        1 => Just(AcceptOutcome::Refused { reason: "x".repeat(1_000) }),
        1 => counters().prop_map(|epoch_counter| AcceptOutcome::HandoverDeclined {
            epoch_counter,
            reason: String::new(),
        }),
    ];
    let parts = (
        regions(),
        names(),
        option::weighted(0.9, stamps()),
        lives(),
        vec(material_ids(), 0..5),
        any::<[bool; 2]>(),
        outcomes,
    );
    parts.prop_map(
        |(from, key, stamp, incarnation, materials_held, [complete, same], mut outcome)| {
            if let (AcceptOutcome::Adopted { stamp: held }, Some(stamp), true) = (&mut outcome, &stamp, same)
            {
                held.clone_from(stamp);
            }
            Command::NoteReceipt(Box::new(Receipt {
                from,
                key,
                stamp,
                incarnation,
                materials_held,
                complete,
                outcome,
            }))
        },
    )
}

pub(super) fn pairing(name: RegionName, life: u8, hpke_key: u64) -> Command {
    Command::PairRegion(Box::new(PeerRegion {
        name,
        incarnation: Incarnation([life; 16]),
        signing_public: [7; 32],
        hpke_key,
        hpke_public: Arc::from([8; 1_216]),
        hpke_valid_until: Timestamp(0),
        issuing_ca_spki_sha256: [9; 32],
        endpoints: vec!["https://127.0.0.1:1".into()],
    }))
}

pub(super) fn messages() -> impl Strategy<Value = Command> {
    let pairings = (regions(), prop_oneof![9 => Just(1u8), 1 => Just(9)], counters());
    let hpke_keys = counters().prop_map(|id| {
        Command::AddHpkeKey(Box::new(HpkeKeyRow {
            id,
            public: Arc::from([2; 32]),
            private_wrapped: Arc::from([3; 60]),
            valid_until: Timestamp(0),
            signature: Arc::from([4; 64]),
        }))
    });
    let renewals = (regions(), prop_oneof![9 => Just(1u8), 1 => Just(9)], counters()).prop_map(
        |(peer, life, hpke_key)| {
            Command::RenewPeerHpkeKey(Box::new(RenewPeerHpkeKey {
                peer,
                incarnation: Incarnation([life; 16]),
                hpke_key,
                hpke_public: Arc::from([8; 1_216]),
                hpke_valid_until: Timestamp(0),
            }))
        },
    );
    let replications = (names(), regions(), lives()).prop_map(|(key, region, incarnation)| {
        Command::ReplicateKey(Box::new(ReplicateKey {
            key,
            region,
            incarnation,
            description: String::new(),
            policy: String::new(),
            tags: Tags::new(),
        }))
    });
    let moves = (names(), regions(), proofs()).prop_map(|(key, target, mut proof)| {
        proof.to.region = target.clone();
        Command::UpdatePrimaryRegion(UpdatePrimaryRegion { key, target, proof })
    });
    prop_oneof![
        8 => shipments(),
        1 => endings(),
        3 => words_about_imports(),
        8 => receipts(),
        6 => replications,
        4 => moves,
        1 => pairings.prop_map(|(name, life, hpke_key)| pairing(name, life, hpke_key)),
        1 => regions().prop_map(Command::UnpairRegion),
        1 => regions().prop_map(Command::MarkAllDirty),
        1 => hpke_keys,
        1 => renewals,
    ]
}
