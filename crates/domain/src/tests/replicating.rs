//! ReplicateKey, UpdatePrimaryRegion, pairing, and what peers answer: refusals and bookkeeping on one region. That the
//! whole protocol holds together is the simulation's to show (`tests/simulation`).

use super::test_region::{TestRegion, account, make_multi_region, rotate};
use crate::command::{RenewPeerHpkeKey, ReplicateKey, ScheduleKeyDeletion, UpdatePrimaryRegion};
use crate::key::{DeletionDeadline, KeyName};
use crate::multi_region::{
    AcceptOutcome, HandoverProof, Receipt, ReplicaPhase, due, is_protected, next_retry, rotation_blocked_by,
};
use crate::rows::PeerRegion;
use crate::vocabulary::tags::Tags;
use crate::vocabulary::{Epoch, Incarnation, RegionName, Timestamp};
use crate::{Command, KeyState, KmsError, Reply};
use std::sync::Arc;

const FRANKFURT: &str = "eu-central-1";
const DUBLIN: &str = "eu-west-1";

fn region(name: &str) -> RegionName {
    name.parse().expect("region")
}

fn peer(name: &str, life: u8) -> PeerRegion {
    PeerRegion {
        name: region(name),
        incarnation: Incarnation([life; 16]),
        signing_public: [life; 32],
        hpke_key: 1,
        hpke_public: Arc::from([0; 1_216]),
        hpke_valid_until: Timestamp(u64::MAX),
        issuing_ca_spki_sha256: [0; 32],
        endpoints: vec![format!("https://{name}.example:7000")],
    }
}

fn pair(row: PeerRegion) -> Command {
    Command::PairRegion(Box::new(row))
}

fn replicate(key: KeyName, to: &str, life: u8) -> Command {
    Command::ReplicateKey(Box::new(ReplicateKey {
        key,
        region: region(to),
        incarnation: Incarnation([life; 16]),
        description: String::new(),
        policy: String::new(),
        tags: Tags::new(),
    }))
}

struct Home {
    region: TestRegion,
    key: KeyName,
}

impl Home {
    /// A primary, and two regions it may be replicated to.
    fn new() -> Self {
        let mut region = TestRegion::new();
        region.run(pair(peer(FRANKFURT, 3))).expect("paired");
        region.run(pair(peer(DUBLIN, 4))).expect("paired");
        let key = region.create_with(7, make_multi_region);
        Self { region, key }
    }

    fn with_replica(life: u8) -> Self {
        let mut home = Self::new();
        home.ask(replicate(home.key, FRANKFURT, life)).expect("asked for");
        home
    }

    /// A caller's command.
    fn ask(&mut self, command: Command) -> Result<Reply, KmsError> {
        let mut proposal = self.region.proposal(command);
        let arn = format!("arn:aws:iam::{}:user/alice", account());
        proposal.principal = Some(arn.parse().expect("principal"));
        self.region.apply(&proposal).result
    }

    /// What the replica would answer having taken everything.
    fn all_is_there(&self, life: u8) -> Receipt {
        let key = self.region.key(self.key);
        let stamp = key.multi_region.as_ref().expect("multi-Region").stamp();
        Receipt {
            from: region(FRANKFURT),
            key: self.key,
            stamp: Some(stamp.clone()),
            incarnation: Incarnation([life; 16]),
            materials_held: self
                .region
                .state
                .materials_of(self.key, 0)
                .map(|m| m.material_id)
                .collect(),
            complete: true,
            outcome: AcceptOutcome::Adopted { stamp },
        }
    }

    fn note(&mut self, receipt: Receipt) -> Reply {
        self.region
            .run(Command::NoteReceipt(Box::new(receipt)))
            .expect("noted")
    }

    fn is_due(&self) -> bool {
        let state = &self.region.state;
        due(state, &region(FRANKFURT), state.log_time()).any(|record| record == self.key.into())
    }

    fn hand_over(&self, to: &str, life: u8) -> Command {
        let key = self.region.key(self.key);
        let from = key.multi_region.expect("multi-Region").epoch;
        let to_epoch = Epoch {
            counter: from.counter + 1,
            region: region(to),
            incarnation: Incarnation([life; 16]),
        };
        Command::UpdatePrimaryRegion(UpdatePrimaryRegion {
            key: self.key,
            target: region(to),
            proof: HandoverProof {
                from,
                to: to_epoch,
                signature: Arc::from([0; 64]),
            },
        })
    }

    fn phase(&self) -> Option<ReplicaPhase> {
        let key = self.region.key(self.key);
        let replicas = key.multi_region.expect("multi-Region").replicas;
        replicas.get(&region(FRANKFURT)).map(|replica| replica.phase)
    }

    fn counter(&self) -> u64 {
        self.region
            .key(self.key)
            .multi_region
            .expect("multi-Region")
            .epoch
            .counter
    }
}

fn exception(result: Result<Reply, KmsError>) -> &'static str {
    result.expect_err("refused").exception()
}

#[test]
fn a_replica_is_creating_until_it_has_acknowledged_everything() {
    let mut home = Home::with_replica(9);
    assert_eq!(home.phase(), Some(ReplicaPhase::Creating));
    assert!(home.is_due() && !is_protected(&home.region.state, &home.key));
    let mut incomplete = home.all_is_there(9);
    incomplete.complete = false;
    assert_eq!(
        home.note(incomplete),
        Reply::AcknowledgementNoted { settled: false }
    );
    assert_eq!(home.phase(), Some(ReplicaPhase::Creating));
    let receipt = home.all_is_there(9);
    assert_eq!(home.note(receipt), Reply::AcknowledgementNoted { settled: true });
    assert_eq!(home.phase(), Some(ReplicaPhase::Active));
    assert!(!home.is_due() && is_protected(&home.region.state, &home.key));
}

#[test]
fn a_receipt_of_an_older_record_settles_nothing() {
    let mut home = Home::with_replica(9);
    let old = home.all_is_there(9);
    home.ask(replicate(home.key, DUBLIN, 8)).expect("asked for");
    assert_eq!(home.note(old), Reply::AcknowledgementNoted { settled: false });
    assert!(home.is_due());
}

#[test]
fn a_receipt_from_another_life_of_the_replica_has_no_effect() {
    let mut home = Home::with_replica(9);
    let before = home.region.state.clone();
    let receipt = home.all_is_there(10);
    home.note(receipt);
    assert_eq!(home.region.state, before);
}

#[test]
fn a_refusal_is_shown_and_tried_again_after_a_growing_back_off() {
    let mut home = Home::with_replica(9);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let mut receipt = home.all_is_there(9);
        receipt.materials_held.clear();
        receipt.outcome = AcceptOutcome::Refused {
            reason: "x".repeat(1_000),
        };
        home.note(receipt);
        assert!(!home.is_due());
        let retry = next_retry(&home.region.state, &region(FRANKFURT)).expect("a retry");
        waits.push(retry.since_ms(home.region.state.log_time()));
        home.region.now = retry;
        home.region.pulse();
        assert!(home.is_due());
    }
    assert_eq!(waits[..3], [1_000, 2_000, 4_000]);
    assert_eq!(waits[11], 300_000);
    let row = home
        .region
        .state
        .outbox_row(&region(FRANKFURT), &home.key.into())
        .cloned();
    let refusal = row.and_then(|row| row.refusal.clone()).expect("shown");
    assert_eq!((refusal.reason.len(), refusal.count), (256, 12));
    assert_eq!(home.phase(), Some(ReplicaPhase::Creating));
}

#[test]
fn what_cannot_be_replicated_is_refused_by_name() {
    let mut home = Home::with_replica(9);
    let key = home.key;
    let own = replicate(key, "us-east-1", 1);
    assert_eq!(exception(home.ask(own)), "AlreadyExistsException");
    assert_eq!(
        exception(home.ask(replicate(key, FRANKFURT, 1))),
        "AlreadyExistsException"
    );
    let unpaired = home.ask(replicate(key, "sa-east-1", 1)).expect_err("refused");
    assert_eq!(unpaired, KmsError::RegionNotPaired(region("sa-east-1")));
    let single = home.region.create(8);
    let refusal = home.ask(replicate(single, DUBLIN, 1)).expect_err("refused");
    let arn = home.region.arn(single);
    assert_eq!(refusal.exception(), "UnsupportedOperationException");
    assert_eq!(
        refusal.to_string(),
        format!("{arn} is not a multi-region primary key.")
    );
    home.region.run(Command::DisableKey(key)).expect("disabled");
    assert_eq!(
        exception(home.ask(replicate(key, DUBLIN, 1))),
        "DisabledException"
    );
}

#[test]
fn rotated_material_waits_for_every_replica_creating_ones_included() {
    let mut home = Home::with_replica(9);
    let first = home.region.key(home.key).current_material;
    home.region
        .run(Command::RotateKeyOnDemand(rotate(home.key, 70)))
        .expect("begun");
    assert_eq!(home.region.key(home.key).current_material, first);
    assert_eq!(
        rotation_blocked_by(&home.region.state, &home.key),
        [region(FRANKFURT)]
    );
    let receipt = home.all_is_there(9);
    home.note(receipt);
    assert_ne!(home.region.key(home.key).current_material, first);
    assert!(rotation_blocked_by(&home.region.state, &home.key).is_empty());
    assert!(home.is_due(), "the replica is to learn what is current now");
}

#[test]
fn a_replica_that_is_gone_lets_a_rotation_and_a_deletion_go_on() {
    let mut home = Home::with_replica(9);
    let (key, first) = (home.key, home.region.key(home.key).current_material);
    let rotation = Command::RotateKeyOnDemand(rotate(key, 70));
    home.region.run(rotation).expect("begun");
    let deletion = ScheduleKeyDeletion {
        key,
        pending_window_days: 7,
    };
    home.region
        .run(Command::ScheduleKeyDeletion(deletion))
        .expect("scheduled");
    assert_eq!(home.region.key(key).state(), KeyState::PendingReplicaDeletion);
    let mut receipt = home.all_is_there(9);
    receipt.outcome = AcceptOutcome::Gone {
        incarnation: Incarnation([9; 16]),
    };
    home.note(receipt);
    let after = home.region.key(key);
    assert_eq!(after.state(), KeyState::PendingDeletion);
    let deletion = after.deletion.expect("still to be deleted");
    assert_eq!(deletion.deadline, DeletionDeadline::StartsAtNextPulse);
    assert_eq!(deletion.shown_date, Some(home.region.now.plus_days(7)));
    assert_ne!(after.current_material, first);
    assert_eq!(home.phase(), None);
    assert_eq!(home.region.state.outbox_len(), 0);
}

#[test]
fn a_move_needs_an_active_replica_no_rotation_and_a_proof_of_this_very_step() {
    let mut home = Home::with_replica(9);
    let creating = home.ask(home.hand_over(FRANKFURT, 3)).expect_err("refused");
    assert!(creating.to_string().contains("eu-central-1") && creating.to_string().ends_with("is creating."));
    assert_eq!(
        exception(home.ask(home.hand_over(DUBLIN, 4))),
        "NotFoundException"
    );
    let own = home.hand_over("us-east-1", 1);
    assert_eq!(exception(home.ask(own)), "UnsupportedOperationException");
    let receipt = home.all_is_there(9);
    home.note(receipt);
    let other_life = home.hand_over(FRANKFURT, 30);
    assert_eq!(home.ask(other_life), Err(KmsError::StaleGuard));
    home.region
        .run(Command::RotateKeyOnDemand(rotate(home.key, 70)))
        .expect("begun");
    let rotating = home.ask(home.hand_over(FRANKFURT, 3));
    assert_eq!(exception(rotating), "KMSInvalidStateException");
    let receipt = home.all_is_there(9);
    home.note(receipt);
    home.ask(home.hand_over(FRANKFURT, 3)).expect("begun");
    assert_eq!(home.region.key(home.key).state(), KeyState::Updating);
    let again = home.ask(home.hand_over(FRANKFURT, 3));
    assert_eq!(exception(again), "KMSInvalidStateException");
    let replicated = home.ask(replicate(home.key, DUBLIN, 8));
    assert_eq!(exception(replicated), "KMSInvalidStateException");
}

#[test]
fn a_declined_move_resumes_two_epochs_on_and_only_once() {
    let mut home = Home::with_replica(9);
    let receipt = home.all_is_there(9);
    home.note(receipt);
    home.ask(home.hand_over(FRANKFURT, 3)).expect("begun");
    let declined = |counter: u64, mut receipt: Receipt| {
        receipt.outcome = AcceptOutcome::HandoverDeclined {
            epoch_counter: counter,
            reason: "the replica is disabled".into(),
        };
        receipt
    };
    let of_another_move = declined(5, home.all_is_there(9));
    home.note(of_another_move);
    assert_eq!(home.region.key(home.key).state(), KeyState::Updating);
    let answer = declined(2, home.all_is_there(9));
    home.note(answer.clone());
    assert_eq!(
        (home.region.key(home.key).state(), home.counter()),
        (KeyState::Enabled, 3)
    );
    assert!(home.is_due());
    home.note(answer);
    assert_eq!(home.counter(), 3);
    let proofs = home
        .region
        .key(home.key)
        .multi_region
        .expect("multi-Region")
        .proofs;
    assert!(
        proofs.is_empty(),
        "the proof of a move that never was must not travel"
    );
}

#[test]
fn a_region_pinned_in_a_new_life_is_asked_anew() {
    let mut home = Home::with_replica(9);
    let receipt = home.all_is_there(9);
    home.note(receipt);
    assert!(is_protected(&home.region.state, &home.key));
    home.region.run(pair(peer(FRANKFURT, 33))).expect("paired");
    assert!(!is_protected(&home.region.state, &home.key));
    assert!(home.is_due());
}

#[test]
fn pairing_refuses_what_goes_back_or_cannot_be_right() {
    let mut home = Home::new();
    let mut refused = |change: &dyn Fn(&mut PeerRegion)| {
        let mut row = peer(FRANKFURT, 3);
        change(&mut row);
        exception(home.region.run(pair(row)))
    };
    assert_eq!(
        refused(&|row| row.name = region("us-east-1")),
        "ValidationException"
    );
    assert_eq!(refused(&|row| row.hpke_key = 0), "ValidationException");
    assert_eq!(
        refused(&|row| row.hpke_public = Arc::from([1; 1_216])),
        "ValidationException"
    );
    assert_eq!(
        refused(&|row| row.hpke_public = Arc::from([1; 32])),
        "ValidationException"
    );
    assert_eq!(refused(&|row| row.endpoints.clear()), "ValidationException");
    assert_eq!(
        refused(&|row| row.endpoints = vec!["http://x".into()]),
        "ValidationException"
    );
}

#[test]
fn a_peers_new_sealing_key_goes_forward_only_and_changes_nothing_else() {
    let mut home = Home::new();
    let before = PeerRegion::clone(home.region.state.peer(&region(FRANKFURT)).expect("paired"));
    let renewal = RenewPeerHpkeKey {
        peer: before.name.clone(),
        incarnation: before.incarnation,
        hpke_key: before.hpke_key + 1,
        hpke_public: Arc::from([0x77; 1_216]),
        hpke_valid_until: Timestamp(9),
    };
    let renew = |renewal: &RenewPeerHpkeKey| Command::RenewPeerHpkeKey(Box::new(renewal.clone()));
    for wrong in [
        RenewPeerHpkeKey {
            peer: region("sa-east-1"),
            ..renewal.clone()
        },
        RenewPeerHpkeKey {
            incarnation: Incarnation([0xee; 16]),
            ..renewal.clone()
        },
        RenewPeerHpkeKey {
            hpke_key: before.hpke_key - 1,
            ..renewal.clone()
        },
        RenewPeerHpkeKey {
            hpke_key: before.hpke_key,
            ..renewal.clone()
        },
        RenewPeerHpkeKey {
            hpke_public: Arc::from([0x77; 32]),
            ..renewal.clone()
        },
    ] {
        assert_eq!(exception(home.region.run(renew(&wrong))), "ValidationException");
    }
    home.region.run(renew(&renewal)).expect("newer");
    home.region.run(renew(&renewal)).expect("a retry changes nothing");
    let renewed = PeerRegion {
        hpke_key: renewal.hpke_key,
        hpke_public: renewal.hpke_public,
        hpke_valid_until: renewal.hpke_valid_until,
        ..before
    };
    assert_eq!(
        **home.region.state.peer(&region(FRANKFURT)).expect("paired"),
        renewed
    );
}

#[test]
fn a_region_with_a_copy_of_a_key_stays_paired() {
    let mut home = Home::with_replica(9);
    let unpair = |name: &str| Command::UnpairRegion(region(name));
    let refusal = home.region.run(unpair(FRANKFURT));
    assert_eq!(exception(refusal), "ValidationException");
    home.region.run(unpair(DUBLIN)).expect("nothing there");
    assert!(home.region.state.peer(&region(DUBLIN)).is_none());
    home.region.run(unpair(DUBLIN)).expect("a retry changes nothing");
}
