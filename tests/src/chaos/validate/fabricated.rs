//! Fabricated histories: each broken promise must be found, and what is merely unknown must not be.

use crate::chaos::history::{
    Ciphertext, Claim, Event, LATE_EFFECT_MAX, Moment, Name, Operation, Outcome, Rotated, micros,
};
use crate::chaos::validate::ciphertexts::{When, judge};
use crate::chaos::validate::convergence::disagreements;
use crate::chaos::validate::disabled_keys::late_encrypts;
use crate::chaos::validate::lost_changes;
use crate::chaos::validate::observed::{Observed, ObservedKey};
use crate::chaos::validate::primaries::contradictions;
use std::collections::BTreeMap;

const HERE: &str = "us-east-1";
const KEY: &str = "mrk-1";

fn event(operation: Operation, began: Moment, ended: Moment, outcome: Outcome) -> Event {
    Event {
        region: HERE.into(),
        key: KEY.into(),
        operation,
        began,
        ended,
        outcome,
    }
}

fn done(operation: Operation, began: Moment, ended: Moment) -> Event {
    event(operation, began, ended, Outcome::Acknowledged)
}

fn unknown(operation: Operation, began: Moment, ended: Moment) -> Event {
    event(operation, began, ended, Outcome::Unknown)
}

fn refused(operation: Operation, began: Moment, ended: Moment) -> Event {
    event(
        operation,
        began,
        ended,
        Outcome::Refused("DisabledException".to_owned()),
    )
}

fn created() -> Event {
    done(Operation::CreateKey { multi_region: true }, 0, 1)
}

fn describe(number: u64) -> Operation {
    Operation::UpdateKeyDescription { number }
}

fn key(description: &str, enabled: bool) -> ObservedKey {
    ObservedKey {
        state: if enabled { "Enabled" } else { "Disabled" }.to_owned(),
        enabled,
        description: description.to_owned(),
        materials: vec![("m1".to_owned(), "CURRENT".to_owned())],
        ..ObservedKey::default()
    }
}

fn observed(region: &str, key: ObservedKey) -> Observed {
    Observed::from([((Name::from(region), Name::from(KEY)), key)])
}

fn lost(events: &[Event], key: ObservedKey) -> usize {
    lost_changes::check(events, &[], &observed(HERE, key)).0.len()
}

#[test]
fn a_lost_update_is_found() {
    let events = [created(), done(describe(1), 10, 20), done(describe(2), 30, 40)];
    assert_eq!(lost(&events, key("2", true)), 0);
    assert_eq!(lost(&events, key("1", true)), 1);
    assert_eq!(lost(&events, key("", true)), 1);
    assert_eq!(lost(&events, key("3", true)), 1);
}

#[test]
fn an_unknown_update_may_show_or_not() {
    let events = [created(), done(describe(1), 10, 20), unknown(describe(2), 30, 40)];
    assert_eq!(lost(&events, key("1", true)), 0);
    assert_eq!(lost(&events, key("2", true)), 0);
    assert_eq!(lost(&events, key("3", true)), 1);
}

#[test]
fn an_unknown_update_may_come_late_but_not_for_ever() {
    let late = [created(), unknown(describe(1), 10, 20), done(describe(2), 30, 40)];
    assert_eq!(lost(&late, key("1", true)), 0);
    let long_ago = micros(LATE_EFFECT_MAX) + 100;
    let too_late = [
        created(),
        unknown(describe(1), 10, 20),
        done(describe(2), long_ago, long_ago + 1),
    ];
    assert_eq!(lost(&too_late, key("1", true)), 1);
}

#[test]
fn a_refused_update_must_not_show() {
    let events = [created(), done(describe(1), 10, 20), refused(describe(2), 30, 40)];
    assert_eq!(lost(&events, key("2", true)), 1);
}

#[test]
fn a_lost_key_and_a_lost_replica_are_found() {
    let events = [
        created(),
        done(
            Operation::ReplicateKey {
                to: "eu-west-1".into(),
            },
            5,
            6,
        ),
    ];
    let nothing = lost_changes::check(&events, &[], &Observed::new()).0;
    assert_eq!(nothing.len(), 2);
    let only_here = lost_changes::check(&events, &[], &observed(HERE, key("", true))).0;
    assert_eq!(only_here.len(), 1);
}

#[test]
fn a_lost_switch_is_found_and_an_unknown_one_allows_either() {
    let disabled = [created(), done(Operation::DisableKey, 10, 20)];
    assert_eq!(lost(&disabled, key("", false)), 0);
    assert_eq!(lost(&disabled, key("", true)), 1);
    let maybe = [
        created(),
        done(Operation::DisableKey, 10, 20),
        unknown(Operation::EnableKey, 30, 40),
    ];
    assert_eq!(lost(&maybe, key("", false)), 0);
    assert_eq!(lost(&maybe, key("", true)), 0);
}

#[test]
fn a_lost_rotation_and_a_lost_move_are_found() {
    let rotated = [created(), done(Operation::RotateKeyOnDemand, 10, 20)];
    assert_eq!(lost(&rotated, key("", true)), 1);
    let moved = [
        created(),
        done(
            Operation::UpdatePrimaryRegion {
                to: "eu-west-1".into(),
            },
            10,
            20,
        ),
    ];
    // A key is created in epoch 1, as `kms_domain` has it: one acknowledged move leads to epoch 2 at least.
    let at = |counter| ObservedKey {
        shared_at: Some((counter, HERE.to_owned(), String::new(), 1)),
        ..key("", true)
    };
    assert_eq!(lost(&[created()], at(1)), 0);
    assert_eq!(lost(&moved, at(1)), 1);
    assert_eq!(lost(&moved, at(2)), 0);
    assert_eq!(lost(&moved, at(3)), 0);
}

#[test]
fn an_unknown_rotation_cannot_stand_in_for_a_lost_acknowledged_one() {
    let ids = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let rotated = |before: &[&str], after: &[&str]| Rotated {
        key: KEY.into(),
        region: HERE.into(),
        before: ids(before),
        after: ids(after),
    };
    let holding = |names: &[&str]| ObservedKey {
        materials: names
            .iter()
            .map(|name| ((*name).to_owned(), "NON_CURRENT".to_owned()))
            .collect(),
        ..key("", true)
    };
    let events = [
        created(),
        done(Operation::RotateKeyOnDemand, 10, 20),
        unknown(Operation::RotateKeyOnDemand, 30, 40),
    ];
    let found = |rotated: Rotated, key: ObservedKey| {
        lost_changes::check(&events, &[rotated], &observed(HERE, key))
            .0
            .len()
    };
    let good = rotated(&["m1"], &["m1", "m2"]);
    assert_eq!(found(good.clone(), holding(&["m1", "m2"])), 0);
    assert_eq!(found(good.clone(), holding(&["m1", "m2", "m3"])), 0);
    // As many materials as were acknowledged, but the acknowledged one is not among them.
    assert_eq!(found(good, holding(&["m1", "m3"])), 1);
    assert_eq!(found(rotated(&["m1"], &["m1"]), holding(&["m1", "m3"])), 1);
}

#[test]
fn an_encrypt_after_disable_is_found() {
    let disable = done(Operation::DisableKey, 10, 20);
    let late = [disable.clone(), done(Operation::Encrypt, 21, 30)];
    assert_eq!(late_encrypts(&late).0.len(), 1);
    let overlapping = [disable.clone(), done(Operation::Encrypt, 19, 30)];
    assert_eq!(late_encrypts(&overlapping).0.len(), 0);
    let good = [disable, refused(Operation::Encrypt, 21, 30)];
    assert_eq!(late_encrypts(&good), (Vec::new(), 1));
}

#[test]
fn an_encrypt_after_enable_was_started_is_no_finding() {
    let disable = done(Operation::DisableKey, 10, 20);
    for enable in [
        done(Operation::EnableKey, 25, 40),
        unknown(Operation::EnableKey, 25, 40),
    ] {
        let events = [disable.clone(), enable, done(Operation::Encrypt, 28, 35)];
        assert_eq!(late_encrypts(&events).0.len(), 0);
    }
    let refused_enable = [
        disable.clone(),
        refused(Operation::EnableKey, 25, 27),
        done(Operation::Encrypt, 28, 35),
    ];
    assert_eq!(late_encrypts(&refused_enable).0.len(), 1);
    let before = [
        done(Operation::EnableKey, 1, 5),
        disable,
        done(Operation::Encrypt, 28, 35),
    ];
    assert_eq!(late_encrypts(&before).0.len(), 1);
}

#[test]
fn an_unknown_disable_promises_nothing() {
    let events = [
        unknown(Operation::DisableKey, 10, 20),
        done(Operation::Encrypt, 28, 35),
    ];
    assert_eq!(late_encrypts(&events), (Vec::new(), 0));
}

#[test]
fn another_key_or_region_is_not_disabled() {
    let disable = done(Operation::DisableKey, 10, 20);
    let elsewhere = Event {
        region: "eu-west-1".into(),
        ..done(Operation::Encrypt, 28, 35)
    };
    let other = Event {
        key: "mrk-2".into(),
        ..done(Operation::Encrypt, 28, 35)
    };
    assert_eq!(late_encrypts(&[disable, elsewhere, other]).0.len(), 0);
}

fn claim(counter: u64, named: &str, claimant: &str) -> (Claim, Moment) {
    let claim = Claim {
        key: KEY.into(),
        counter,
        epoch_region: named.to_owned(),
        incarnation: "life".to_owned(),
        claimant: claimant.into(),
    };
    (claim, 1)
}

#[test]
fn two_primaries_in_one_epoch_are_found() {
    let twice = BTreeMap::from([claim(3, HERE, HERE), claim(3, "eu-west-1", "eu-west-1")]);
    assert_eq!(contradictions(&twice).len(), 1);
    let usurped = BTreeMap::from([claim(3, HERE, "eu-west-1")]);
    assert_eq!(contradictions(&usurped).len(), 1);
    let moved = BTreeMap::from([
        claim(3, HERE, HERE),
        claim(4, "eu-west-1", "eu-west-1"),
        claim(5, HERE, HERE),
    ]);
    assert_eq!(contradictions(&moved).len(), 0);
}

#[test]
fn a_ciphertext_that_does_not_open_is_found() {
    let ciphertext = Ciphertext {
        key: KEY.into(),
        region: HERE.into(),
        blob: vec![1],
        plaintext: vec![2],
    };
    let found = |outcome: Outcome, opened: Option<&[u8]>, when| {
        judge(&ciphertext, HERE, &outcome, opened, when).is_some()
    };
    let no = |exception: &str| Outcome::Refused(exception.to_owned());
    assert!(!found(Outcome::Acknowledged, Some(&[2]), When::Running));
    assert!(found(Outcome::Acknowledged, Some(&[3]), When::Running));
    assert!(found(no("InvalidCiphertextException"), None, When::Running));
    assert!(found(no("NotFoundException"), None, When::Running));
    assert!(!found(no("DisabledException"), None, When::Running));
    assert!(!found(Outcome::Unknown, None, When::Running));
    assert!(found(no("DisabledException"), None, When::AtTheEnd));
    assert!(found(Outcome::Unknown, None, When::AtTheEnd));
}

#[test]
fn stuck_keys_and_differing_regions_are_found() {
    let primary = ObservedKey {
        primary: Some(HERE.to_owned()),
        is_primary: true,
        shared_at: Some((1, HERE.to_owned(), String::new(), 7)),
        ..key("here", true)
    };
    let replica = ObservedKey {
        is_primary: false,
        ..ObservedKey {
            description: "there".to_owned(),
            enabled: false,
            ..primary.clone()
        }
    };
    let both = |replica: ObservedKey| {
        let mut all = observed(HERE, primary.clone());
        all.extend(observed("eu-west-1", replica));
        disagreements(&all).len()
    };
    assert_eq!(both(replica.clone()), 0);
    assert_eq!(
        both(ObservedKey {
            is_primary: true,
            ..replica.clone()
        }),
        1
    );
    assert_eq!(
        both(ObservedKey {
            state: "Creating".to_owned(),
            ..replica.clone()
        }),
        1
    );
    assert_eq!(
        both(ObservedKey {
            shared_at: Some((1, HERE.to_owned(), String::new(), 6)),
            ..replica
        }),
        1
    );
}
