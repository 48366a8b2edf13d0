//! Repeated requests get the remembered answer, within bounds.

use super::test_region::{TestRegion, create_key, visible_rows};
use crate::limits::{ANSWER_MEMORY_MS, ANSWERS_PER_PRINCIPAL_MAX, ANSWERS_PER_PULSE_MAX};
use crate::vocabulary::Principal;
use crate::{Applied, Command, Guard, KmsError, Reply, RequestKey};

fn alice() -> Principal {
    principal("alice")
}

fn principal(name: &str) -> Principal {
    format!("arn:aws:iam::111122223333:user/{name}")
        .parse()
        .expect("principal")
}

fn request(operation: &str, id: &str, hash: u8) -> RequestKey {
    RequestKey {
        operation: operation.into(),
        id: id.into(),
        parameters_hash: [hash; 32],
    }
}

fn ask(region: &mut TestRegion, caller: &Principal, request: RequestKey, command: Command) -> Applied {
    let mut proposal = region.proposal(command);
    proposal.principal = Some(caller.clone());
    proposal.request = Some(request);
    region.apply(&proposal)
}

#[test]
fn a_repeated_request_is_answered_again_and_not_done_again() {
    let mut region = TestRegion::new();
    let create = || Command::CreateKey(Box::new(create_key(1)));
    let first = ask(&mut region, &alice(), request("CreateKey", "1", 7), create());
    let before = region.state.clone();
    // The retry carries another key id, as a retry that decided anew would.
    let retry = Command::CreateKey(Box::new(create_key(2)));
    let second = ask(&mut region, &alice(), request("CreateKey", "1", 7), retry);
    assert_eq!(first.result, second.result);
    assert_eq!((second.changes.len(), second.effects.len()), (0, 0));
    assert_eq!(region.state, before);
    let asked = request("CreateKey", "1", 7);
    assert_eq!(region.state.remembered(&alice(), &asked), Some(first.result));
}

#[test]
fn a_retry_is_answered_before_its_guard_is_checked() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let read = region.key(name).revisions.authz;
    let mut proposal = region.proposal(Command::DisableKey(name));
    proposal.principal = Some(alice());
    proposal.request = Some(request("DisableKey", "1", 0));
    proposal.guard = Guard {
        keys: vec![(name, Some(read))],
        ..Guard::default()
    };
    assert_eq!(region.apply(&proposal).result, Ok(Reply::Done));
    assert_eq!(region.apply(&proposal).result, Ok(Reply::Done));
}

#[test]
fn other_parameters_under_the_same_id_are_refused() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let disable = || Command::DisableKey(name);
    ask(&mut region, &alice(), request("DisableKey", "1", 7), disable());
    let reused = ask(&mut region, &alice(), request("DisableKey", "1", 8), disable());
    assert_eq!(reused.result, Err(KmsError::RequestIdReused));
}

#[test]
fn an_id_belongs_to_its_principal_and_operation() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    ask(
        &mut region,
        &alice(),
        request("DisableKey", "1", 7),
        Command::DisableKey(name),
    );
    let enabled = ask(
        &mut region,
        &alice(),
        request("EnableKey", "1", 8),
        Command::EnableKey(name),
    );
    assert_eq!(enabled.result, Ok(Reply::Done));
    let bob = principal("bob");
    let disabled = ask(
        &mut region,
        &bob,
        request("DisableKey", "1", 9),
        Command::DisableKey(name),
    );
    assert_eq!((disabled.result, disabled.changes.len()), (Ok(Reply::Done), 2));
}

#[test]
fn a_refusal_is_not_remembered() {
    let mut region = TestRegion::new();
    let name = super::test_region::key_name(1);
    let refused = ask(
        &mut region,
        &alice(),
        request("EnableKey", "1", 0),
        Command::EnableKey(name),
    );
    assert!(refused.result.is_err() && refused.changes.is_empty());
    region.create(1);
    let done = ask(
        &mut region,
        &alice(),
        request("EnableKey", "1", 0),
        Command::EnableKey(name),
    );
    assert_eq!(done.result, Ok(Reply::Done));
}

#[test]
fn ids_and_operation_names_are_bounded() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let long = "x".repeat(129);
    let bad = [
        request("DisableKey", "", 0),
        request("DisableKey", &long, 0),
        request(&long, "1", 0),
    ];
    for request in bad {
        let refused = ask(&mut region, &alice(), request, Command::DisableKey(name));
        assert_eq!(
            refused.result.expect_err("refused").exception(),
            "ValidationException"
        );
    }
}

#[test]
fn answers_are_forgotten_after_ten_minutes_of_log_time_a_bounded_number_a_pulse() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let many = ANSWERS_PER_PULSE_MAX + 10;
    for number in 0..many {
        let asked = request("EnableKey", &number.to_string(), 0);
        ask(&mut region, &alice(), asked, Command::EnableKey(name));
    }
    region.now = region.now.plus_ms(ANSWER_MEMORY_MS - 1);
    region.pulse();
    assert_eq!(region.state.answer_count_of(&alice()), many);
    region.now = region.now.plus_ms(1);
    region.pulse();
    assert_eq!(region.state.answer_count_of(&alice()), 10);
    assert!(region.state.wants_pulse(region.now));
    region.pulse();
    assert_eq!(region.state.answer_count_of(&alice()), 0);
    assert!(!region.state.wants_pulse(region.now));
}

#[test]
fn one_principal_cannot_fill_the_memory_nor_push_out_anothers_answers() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let bob = principal("bob");
    ask(
        &mut region,
        &bob,
        request("EnableKey", "bob", 0),
        Command::EnableKey(name),
    );
    let visible = visible_rows(&region.state);
    for number in 0..ANSWERS_PER_PRINCIPAL_MAX + 5 {
        let asked = request("EnableKey", &number.to_string(), 0);
        ask(&mut region, &alice(), asked, Command::EnableKey(name));
    }
    assert_eq!(region.state.answer_count_of(&alice()), ANSWERS_PER_PRINCIPAL_MAX);
    for (number, kept) in [
        (0, false),
        (4, false),
        (5, true),
        (ANSWERS_PER_PRINCIPAL_MAX + 4, true),
    ] {
        let asked = request("EnableKey", &number.to_string(), 0);
        assert_eq!(
            region.state.remembered(&alice(), &asked).is_some(),
            kept,
            "{number}"
        );
    }
    assert_eq!(region.state.answer_count_of(&bob), 1);
    assert_eq!(visible_rows(&region.state), visible);
}
