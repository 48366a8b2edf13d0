//! Imported multi-Region keys, on one region: what a primary takes from its replicas, what a replica follows. That both
//! ends agree in the end is the simulation's to show.

use super::any_message::pairing;
use super::test_region::{TestRegion, import_of, make_imported, make_multi_region, material};
use crate::command::{DeleteImportedKeyMaterial, ImportKeyMaterial};
use crate::key::KeyName;
use crate::multi_region::{
    AcceptOutcome, HandoverProof, MaterialInRecord, Receipt, RecordStamp, ReplicaCreation, Role,
    SharedImport, SharedRecord, Shipment, ShipmentBody, is_protected, rotation_blocked_by, shared_record,
};
use crate::vocabulary::tags::Tags;
use crate::vocabulary::{Epoch, ImportType, Incarnation, MaterialId, RegionName};
use crate::{Command, KeyState, Reply};
use std::sync::Arc;

const DUBLIN: &str = "eu-west-1";
const SINGAPORE: &str = "ap-southeast-1";

fn id(number: u8) -> MaterialId {
    MaterialId([number; 32])
}

fn at(name: &str) -> RegionName {
    name.parse().expect("region")
}

fn paired() -> TestRegion {
    let mut region = TestRegion::new();
    for peer in [DUBLIN, SINGAPORE] {
        region.run(pairing(at(peer), 1, 1)).expect("paired");
    }
    region
}

/// A primary with material 1, replicas in both peers, and material 2 that waits.
fn primary() -> (TestRegion, KeyName) {
    let mut region = paired();
    let key = region.create_with(9, |c| {
        make_multi_region(c);
        make_imported(c);
    });
    region.import(key, 1).expect("imported");
    let replicas = region.create_primary(8, &[DUBLIN, SINGAPORE]);
    let replicas = region.key(replicas).multi_region.expect("multi-Region").replicas;
    region.edit(key, |key| {
        key.multi_region.as_mut().expect("multi-Region").replicas = replicas
    });
    region.import(key, 2).expect("imported");
    (region, key)
}

fn word(from: &str, key: KeyName, life: u8, revision: u64, materials: &[u8]) -> Command {
    Command::AcceptShipment(Box::new(Shipment {
        from: at(from),
        from_incarnation: Incarnation([1; 16]),
        to: at("us-east-1"),
        key,
        body: ShipmentBody::MaterialsImported {
            incarnation: Incarnation([life; 16]),
            revision,
            materials: materials.iter().map(|number| id(*number)).collect(),
        },
    }))
}

fn outcome(region: &mut TestRegion, command: Command) -> AcceptOutcome {
    match region.run(command) {
        Ok(Reply::RecordAccepted(outcome)) => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rotation_waits_until_every_replica_has_the_bytes() {
    let (mut region, key) = primary();
    assert_eq!(
        rotation_blocked_by(&region.state, &key),
        [at(SINGAPORE), at(DUBLIN)]
    );
    let rotate = Command::RotateToImportedMaterial(key);
    assert_eq!(region.refusal(rotate.clone()).0, "KMSInvalidStateException");
    let noted = outcome(&mut region, word(DUBLIN, key, 9, 4, &[1, 2]));
    assert_eq!(noted, AcceptOutcome::ImportsNoted { revision: 4 });
    assert!(is_protected(&region.state, &key));
    assert_eq!(region.refusal(rotate.clone()).0, "KMSInvalidStateException");
    outcome(&mut region, word(SINGAPORE, key, 9, 2, &[2]));
    assert!(rotation_blocked_by(&region.state, &key).is_empty());
    let reply = region.run(rotate).expect("rotated");
    assert!(matches!(reply, Reply::SharedChanged(_)));
    assert_eq!(region.key(key).current_material, Some(id(2)));
    assert!(region.state.outbox_row(&at(DUBLIN), &key.into()).is_some());
}

#[test]
fn an_older_word_of_a_replica_never_counts_after_a_newer_one() {
    let (mut region, key) = primary();
    outcome(&mut region, word(DUBLIN, key, 9, 7, &[1]));
    let late = outcome(&mut region, word(DUBLIN, key, 9, 6, &[1, 2]));
    assert_eq!(late, AcceptOutcome::ImportsNoted { revision: 6 });
    let imported = region.material_row(key, 2).imported.expect("imported");
    assert!(!imported.imported_in.contains(&at(DUBLIN)));
    outcome(&mut region, word(DUBLIN, key, 9, 8, &[]));
    let imported = region.material_row(key, 1).imported.expect("imported");
    assert!(imported.imported_in.is_empty(), "deleted there");
}

#[test]
fn nobody_speaks_for_another_life_or_another_key() {
    let (mut region, key) = primary();
    let before = region.state.clone();
    let of_other_life = outcome(&mut region, word(DUBLIN, key, 10, 9, &[1, 2]));
    assert!(matches!(of_other_life, AcceptOutcome::Refused { .. }));
    let unknown = region.create_primary(7, &[DUBLIN]);
    let not_imported = outcome(&mut region, word(DUBLIN, unknown, 9, 9, &[7]));
    assert!(matches!(not_imported, AcceptOutcome::Refused { .. }));
    let many: Vec<u8> = (0..28).collect();
    let too_many = outcome(&mut region, word(DUBLIN, key, 9, 9, &many));
    assert!(matches!(too_many, AcceptOutcome::Refused { .. }));
    assert_eq!(region.state.material(&key, &id(2)), before.material(&key, &id(2)));
}

#[test]
fn a_region_in_a_new_life_has_said_nothing_yet() {
    let (mut region, key) = primary();
    outcome(&mut region, word(DUBLIN, key, 9, 700, &[1, 2]));
    region.run(pairing(at(DUBLIN), 2, 1)).expect("paired");
    let imported = region.material_row(key, 2).imported.expect("imported");
    assert!(imported.imported_in.is_empty());
    let replica = region.key(key).multi_region.expect("multi-Region").replicas;
    assert_eq!(replica[&at(DUBLIN)].imports_revision, 0);
}

#[test]
fn deleting_the_waiting_material_takes_it_out_of_the_record() {
    let (mut region, key) = primary();
    let named = |region: &TestRegion| {
        let record = shared_record(&region.state, &region.key(key)).expect("multi-Region");
        record.import.expect("imported")
    };
    assert_eq!(named(&region).pending, Some(id(2)));
    let stamp = region.key(key).multi_region.expect("multi-Region").stamp();
    region.delete_import(key, 2).result.expect("deleted");
    assert_eq!(
        (named(&region).pending, named(&region).materials.len()),
        (None, 1)
    );
    assert!(region.key(key).multi_region.expect("multi-Region").stamp() > stamp);
    let stamp = region.key(key).multi_region.expect("multi-Region").stamp();
    region.delete_import(key, 1).result.expect("deleted");
    let after = region.key(key).multi_region.expect("multi-Region").stamp();
    assert_eq!(after, stamp, "whose bytes are where is regional");
}

/// The replica's side.
struct Replica {
    region: TestRegion,
    key: KeyName,
    record: SharedRecord,
}

impl Replica {
    /// A replica that has just been made: it knows material 1, and has the bytes of none.
    fn new() -> Self {
        let (lead, key) = primary();
        let mut record = shared_record(&lead.state, &lead.key(key)).expect("multi-Region");
        record.stamp.epoch.region = at(DUBLIN);
        record.replicas = [(at("us-east-1"), Incarnation([6; 16]))].into();
        record.import = Some(SharedImport {
            pending: None,
            materials: [id(1)].into(),
        });
        let mut replica = Self {
            region: paired(),
            key,
            record,
        };
        let made = replica.follow(&[1]);
        assert!(matches!(made, AcceptOutcome::Adopted { .. }), "{made:?}");
        replica
    }

    /// The present record arrives, with commitments to these materials.
    fn follow(&mut self, commitments: &[u8]) -> AcceptOutcome {
        let shipment = self.shipment(commitments);
        outcome(&mut self.region, Command::AcceptShipment(Box::new(shipment)))
    }

    fn shipment(&self, commitments: &[u8]) -> Shipment<crate::key::WrappedMaterial> {
        let commitment = |number: &u8| MaterialInRecord {
            material_id: id(*number),
            rotation_date: None,
            rotation_kind: None,
            material: material(*number).wrapped,
        };
        let proof = self.record.handover.as_ref().map(|to| HandoverProof {
            from: self.record.stamp.epoch.clone(),
            to: to.clone(),
            signature: Arc::from([0; 64]),
        });
        Shipment {
            from: at(DUBLIN),
            from_incarnation: Incarnation([1; 16]),
            to: at("us-east-1"),
            key: self.key,
            body: ShipmentBody::Record {
                record: Box::new(self.record.clone()),
                replica_incarnation: Incarnation([6; 16]),
                materials: commitments.iter().map(commitment).collect(),
                complete: true,
                creation: Some(ReplicaCreation {
                    principal: "arn:aws:iam::111122223333:root".parse().expect("principal"),
                    description: String::new(),
                    policy: String::new(),
                    tags: Tags::new(),
                }),
                proofs: proof.into_iter().collect(),
            },
        }
    }

    fn next(&mut self, change: impl FnOnce(&mut SharedRecord)) {
        self.record.stamp.shared_revision += 1;
        change(&mut self.record);
    }

    fn tells(&self) -> bool {
        self.region
            .state
            .outbox_row(&at(DUBLIN), &self.key.into())
            .is_some()
    }

    fn state(&self) -> KeyState {
        self.region.key(self.key).state()
    }

    /// The primary has noted what is said now.
    fn is_told(&mut self) {
        let revision = self.region.key(self.key).revisions.material;
        self.receives(AcceptOutcome::ImportsNoted { revision });
    }

    fn receives(&mut self, outcome: AcceptOutcome) {
        let receipt = Receipt {
            from: at(DUBLIN),
            key: self.key,
            stamp: None,
            incarnation: Incarnation([6; 16]),
            materials_held: Vec::new(),
            complete: false,
            outcome,
        };
        self.region
            .run(Command::NoteReceipt(Box::new(receipt)))
            .expect("noted");
    }
}

#[test]
fn a_replica_waits_for_its_own_import_and_tells_the_primary_of_it() {
    let mut replica = Replica::new();
    assert_eq!(replica.state(), KeyState::PendingImport);
    assert!(replica.region.material_row(replica.key, 1).wrapped.is_none());
    assert!(replica.tells(), "that nothing is here yet");
    replica.is_told();
    assert!(!replica.tells());
    replica.region.import(replica.key, 1).expect("imported");
    assert_eq!(replica.state(), KeyState::Enabled);
    assert!(replica.tells());
}

#[test]
fn a_receipt_of_an_older_word_settles_nothing() {
    let mut replica = Replica::new();
    let revision = replica.region.key(replica.key).revisions.material;
    replica.region.import(replica.key, 1).expect("imported");
    replica.receives(AcceptOutcome::ImportsNoted { revision });
    assert!(replica.tells());
    replica.receives(AcceptOutcome::NotPrimary {
        primary: at(SINGAPORE),
    });
    let row = replica
        .region
        .state
        .outbox_row(&at(DUBLIN), &replica.key.into())
        .cloned();
    assert!(row.expect("due").refusal.is_some(), "it is tried again later");
    replica.is_told();
    assert!(!replica.tells());
}

#[test]
fn new_material_is_imported_into_the_primary_first() {
    let mut replica = Replica::new();
    let refusal = replica.region.import(replica.key, 2).expect_err("refused");
    assert_eq!(refusal.exception(), "UnsupportedOperationException");
    assert!(
        refusal
            .to_string()
            .ends_with("imported into its primary key first.")
    );
    replica.next(|record| {
        record.import = Some(SharedImport {
            pending: Some(id(2)),
            materials: [id(1), id(2)].into(),
        });
    });
    let unaware = replica.shipment(&[]);
    let missing = outcome(&mut replica.region, Command::AcceptShipment(Box::new(unaware)));
    assert!(
        matches!(missing, AcceptOutcome::Refused { .. }),
        "the commitment has not come"
    );
    replica.follow(&[2]);
    replica.region.import(replica.key, 1).expect("imported");
    assert_eq!(
        replica.state(),
        KeyState::Enabled,
        "nothing was encrypted under what waits"
    );
    replica.region.import(replica.key, 2).expect("imported");
    assert!(replica.region.material_row(replica.key, 2).wrapped.is_some());
}

#[test]
fn material_that_the_primary_forgot_goes_with_its_bytes() {
    let mut replica = Replica::new();
    replica.next(|record| {
        record.import = Some(SharedImport {
            pending: Some(id(2)),
            materials: [id(1), id(2)].into(),
        });
    });
    replica.follow(&[2]);
    replica.region.import(replica.key, 1).expect("imported");
    replica.region.import(replica.key, 2).expect("imported");
    let read = replica.region.key(replica.key).revisions.authz;
    replica.next(|record| {
        record.import = Some(SharedImport {
            pending: None,
            materials: [id(1)].into(),
        });
    });
    let shipment = replica.shipment(&[2]);
    let applied = replica
        .region
        .run_applied(Command::AcceptShipment(Box::new(shipment)));
    let evict = crate::Effect::Evict {
        key: replica.key,
        material: Some(id(2)),
    };
    assert!(applied.effects.contains(&evict));
    assert!(replica.region.state.material(&replica.key, &id(2)).is_none());
    assert_eq!(replica.region.key(replica.key).revisions.authz, read + 1);
    assert_eq!(replica.state(), KeyState::Enabled);
}

#[test]
fn no_record_takes_away_material_that_was_ever_current() {
    let mut replica = Replica::new();
    replica.region.import(replica.key, 1).expect("imported");
    replica.next(|record| {
        record.current_material = Some(id(2));
        record.import = Some(SharedImport {
            pending: None,
            materials: [id(1), id(2)].into(),
        });
    });
    replica.follow(&[2]);
    replica.next(|record| {
        record.import = Some(SharedImport {
            pending: None,
            materials: [id(2)].into(),
        });
    });
    let followed = replica.follow(&[]);
    assert!(matches!(followed, AcceptOutcome::Adopted { .. }), "{followed:?}");
    assert!(replica.region.material_row(replica.key, 1).wrapped.is_some());
}

#[test]
fn a_record_is_not_followed_without_every_material_that_it_names() {
    let mut replica = Replica::new();
    replica.next(|record| {
        record.import = Some(SharedImport {
            pending: None,
            materials: [id(1), id(3)].into(),
        });
    });
    let waits = replica.follow(&[]);
    assert!(matches!(waits, AcceptOutcome::Refused { .. }), "{waits:?}");
    let followed = replica.follow(&[3]);
    assert!(matches!(followed, AcceptOutcome::Adopted { .. }), "{followed:?}");
    let absent = replica.region.key(replica.key).import.expect("imported").absent;
    assert_eq!(absent, [id(1), id(3)].into());
}

#[test]
fn a_replica_that_lost_the_bytes_meanwhile_waits_after_a_rotation() {
    let mut replica = Replica::new();
    replica.region.import(replica.key, 1).expect("imported");
    replica.next(|record| {
        record.current_material = Some(id(2));
        record.import = Some(SharedImport {
            pending: None,
            materials: [id(1), id(2)].into(),
        });
    });
    replica.follow(&[2]);
    assert_eq!(replica.state(), KeyState::PendingImport);
    assert!(
        replica
            .region
            .key(replica.key)
            .import
            .expect("imported")
            .absent
            .contains(&id(2))
    );
}

#[test]
fn on_a_replica_a_deletion_takes_bytes_only_and_the_primary_hears_of_it() {
    let mut replica = Replica::new();
    replica.next(|record| {
        record.import = Some(SharedImport {
            pending: Some(id(2)),
            materials: [id(1), id(2)].into(),
        });
    });
    replica.follow(&[2]);
    replica.region.import(replica.key, 1).expect("imported");
    let expires = Some(replica.region.now.plus_days(1));
    let waiting = replica
        .region
        .import_with(replica.key, 2, |c| c.expires = expires);
    waiting.expect("imported");
    replica.is_told();
    replica.region.after_days(1);
    assert!(replica.region.material_row(replica.key, 2).wrapped.is_none());
    assert!(replica.tells());
    assert_eq!(replica.region.state.next_deadline(), None);
    replica
        .region
        .delete_import(replica.key, 2)
        .result
        .expect("nothing to do");
    assert_eq!(replica.region.key(replica.key).imported_pending(), Some(id(2)));
}

fn offer(replica: &mut Replica) -> AcceptOutcome {
    let counter = replica.record.stamp.epoch.counter + 1;
    replica.next(|record| {
        record.handover = Some(Epoch {
            counter,
            region: at("us-east-1"),
            incarnation: Incarnation([1; 16]),
        });
    });
    replica.follow(&[])
}

#[test]
fn the_primary_role_goes_to_no_replica_that_lacks_bytes() {
    let mut replica = Replica::new();
    let declined = offer(&mut replica);
    assert_eq!(
        declined,
        AcceptOutcome::HandoverDeclined {
            epoch_counter: replica.record.stamp.epoch.counter + 1,
            reason: "the replica is pending import".into(),
        }
    );
    let copy = replica
        .region
        .key(replica.key)
        .multi_region
        .expect("multi-Region");
    assert_eq!(copy.role, Role::Replica);
}

#[test]
fn a_new_primary_asks_anew_where_the_bytes_are() {
    let mut replica = Replica::new();
    replica.region.import(replica.key, 1).expect("imported");
    let taken = offer(&mut replica);
    assert!(matches!(taken, AcceptOutcome::Adopted { .. }), "{taken:?}");
    let key = replica.region.key(replica.key);
    let copy = key.multi_region.expect("multi-Region");
    assert_eq!(copy.role, Role::Primary);
    let imported = replica
        .region
        .material_row(replica.key, 1)
        .imported
        .expect("imported");
    assert!(imported.imported_in.is_empty());
    assert!(!is_protected(&replica.region.state, &replica.key));
    // What it said as a replica is answered late: the row is that of its record now.
    replica.receives(AcceptOutcome::ImportsNoted {
        revision: key.revisions.material,
    });
    assert!(replica.tells());
}

#[test]
fn nothing_shared_changes_while_the_role_is_being_moved() {
    let (mut region, key) = primary();
    let epoch = region.key(key).multi_region.expect("multi-Region").epoch;
    region.put_token(key, 3);
    region.delete_import(key, 2).result.expect("deleted");
    region.import(key, 4).expect("imported");
    region.edit(key, |key| {
        key.multi_region.as_mut().expect("multi-Region").handover = Some(crate::multi_region::Handover {
            target: at(DUBLIN),
            epoch,
            since: crate::vocabulary::Timestamp(0),
        });
    });
    let stamp =
        |region: &TestRegion| -> RecordStamp { region.key(key).multi_region.expect("multi-Region").stamp() };
    let before = stamp(&region);
    let new = region.run(import(import_of(key, 3))).expect_err("refused");
    assert!(new.to_string().ends_with("is updating."), "{new}");
    let delete = |number| {
        Command::DeleteImportedKeyMaterial(DeleteImportedKeyMaterial {
            key,
            material_id: Some(id(number)),
        })
    };
    let mut again = import_of(key, 3);
    (again.import_type, again.matched, again.material) = (ImportType::Existing, Some(id(1)), material(1));
    region.run(import(again)).expect("bytes are regional");
    // Callers have waited long enough: taking a right away never waits for another region.
    region.run(delete(1)).expect("deleted");
    region.run(delete(4)).expect("deleted");
    let waiting = region.state.material(&key, &id(4)).expect("its row stays");
    assert!(waiting.wrapped.is_none(), "its bytes are gone");
    assert_eq!(stamp(&region), before);
}

fn import(command: ImportKeyMaterial) -> Command {
    Command::ImportKeyMaterial(Box::new(command))
}
