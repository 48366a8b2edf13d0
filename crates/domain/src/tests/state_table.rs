//! The state table is the file, and each refusal is the documented one.

use super::test_region::{TestRegion, make_multi_region};
use crate::key::{Deletion, DeletionDeadline, Key};
use crate::key_states::{Verdict, check_state, verdict};
use crate::multi_region::Handover;
use crate::vocabulary::{KeyOrigin, KeySpec, Timestamp};
use crate::{KeyState, KmsError, Operation, UsableKey};

const FILE: &str = include_str!("../key_states/key-states.csv");

const COLUMNS: [&[KeyState]; 7] = [
    &[KeyState::Enabled],
    &[KeyState::Disabled],
    &[KeyState::PendingDeletion, KeyState::PendingReplicaDeletion],
    &[KeyState::PendingImport],
    &[KeyState::Unavailable],
    &[KeyState::Creating],
    &[KeyState::Updating],
];

fn spelling(verdict: Verdict) -> String {
    match verdict {
        Verdict::Ok => "ok".into(),
        Verdict::OkNote(n) => format!("ok:{n}"),
        Verdict::OkNoEffect => "ok(no effect)".into(),
        Verdict::Depends(n) => format!("?:{n}"),
        Verdict::No(n) => format!("no:{n}"),
        Verdict::NoEither(n, m) => format!("no:{n}/{m}"),
        Verdict::NotApplicable => "n/a".into(),
    }
}

#[test]
fn every_cell_of_the_file_is_the_verdict_of_the_code() {
    let mut lines = FILE.lines();
    let header = "operation,Enabled,Disabled,PendingDeletion or PendingReplicaDeletion,PendingImport,\
                  Unavailable,Creating,Updating";
    assert_eq!(lines.next(), Some(header));
    let mut operations_in_file = Vec::new();
    for line in lines {
        let mut cells = line.split(',');
        let operation: Operation = cells.next().expect("a name").parse().expect("an operation");
        operations_in_file.push(operation);
        let cells: Vec<&str> = cells.collect();
        assert_eq!(cells.len(), COLUMNS.len(), "{line}");
        for (cell, states) in cells.iter().zip(COLUMNS) {
            for state in states {
                let verdict = verdict(operation, *state).expect("the operation names a key");
                assert_eq!(spelling(verdict), *cell, "{operation} in {state:?}");
            }
        }
    }
    assert_eq!(operations_in_file.len(), 46);
    for operation in Operation::ALL {
        let listed = operations_in_file.contains(operation);
        assert_eq!(
            verdict(*operation, KeyState::Enabled).is_some(),
            listed,
            "{operation}"
        );
    }
}

#[test]
fn there_are_fifty_six_operations_and_each_parses_back() {
    assert_eq!(Operation::ALL.len(), 56);
    for operation in Operation::ALL {
        assert_eq!(operation.as_str().parse(), Ok(*operation));
    }
    assert!("Decypt".parse::<Operation>().is_err());
}

/// A symmetric key made here, brought into `state`.
fn key_in(state: KeyState) -> (TestRegion, Key) {
    let mut region = TestRegion::new();
    let name = region.create_with(1, make_multi_region);
    let mut key = region.key(name);
    let deletion = |deadline| Deletion {
        pending_window_days: 7,
        shown_date: None,
        deadline,
    };
    let multi_region = key.multi_region.as_mut().expect("multi-Region");
    match state {
        KeyState::Enabled | KeyState::Unavailable => {}
        KeyState::Disabled => key.enabled = false,
        KeyState::PendingDeletion => key.deletion = Some(deletion(DeletionDeadline::StartsAtNextPulse)),
        KeyState::PendingReplicaDeletion => key.deletion = Some(deletion(DeletionDeadline::AwaitingReplicas)),
        KeyState::PendingImport => {
            key.origin = KeyOrigin::External;
            key.current_material = None;
        }
        KeyState::Creating => multi_region.creating = true,
        KeyState::Updating => {
            multi_region.handover = Some(Handover {
                target: "eu-west-1".parse().expect("region"),
                epoch: multi_region.epoch.clone(),
                since: Timestamp(0),
            });
        }
    }
    (region, key)
}

fn answer(
    operation: Operation,
    state: KeyState,
    change: impl FnOnce(&mut Key),
) -> Result<(), (&'static str, String)> {
    let (region, mut key) = key_in(state);
    change(&mut key);
    let arn = region.arn(key.name);
    check_state(&key, operation, &arn).map_err(|e| {
        let text = e.to_string();
        let about_the_key = text.strip_prefix(&format!("{arn} ")).unwrap_or(&text);
        (e.exception(), about_the_key.to_owned())
    })
}

fn refused(exception: &'static str, text: &str) -> Result<(), (&'static str, String)> {
    Err((exception, text.to_owned()))
}

#[test]
fn each_state_is_derived_from_the_row() {
    for state in KeyState::ALL {
        // No custom key store exists yet, so no key is Unavailable.
        if *state != KeyState::Unavailable {
            assert_eq!(key_in(*state).1.state(), *state);
        }
    }
}

#[test]
fn crypto_is_refused_with_the_documented_error_of_each_state() {
    use Operation::Encrypt;
    let keep = |_: &mut Key| {};
    let invalid = "KMSInvalidStateException";
    assert_eq!(answer(Encrypt, KeyState::Enabled, keep), Ok(()));
    assert_eq!(answer(Encrypt, KeyState::Updating, keep), Ok(()));
    let disabled = refused("DisabledException", "is disabled.");
    assert_eq!(answer(Encrypt, KeyState::Disabled, keep), disabled);
    let pending = refused(invalid, "is pending deletion.");
    assert_eq!(answer(Encrypt, KeyState::PendingDeletion, keep), pending);
    let replicas = refused(invalid, "is pending replica deletion.");
    assert_eq!(answer(Encrypt, KeyState::PendingReplicaDeletion, keep), replicas);
    let import = refused(invalid, "is pending import.");
    assert_eq!(answer(Encrypt, KeyState::PendingImport, keep), import);
    let creating = refused(invalid, "is creating.");
    assert_eq!(answer(Encrypt, KeyState::Creating, keep), creating);
}

#[test]
fn where_two_errors_stand_the_last_that_applies_to_the_key_is_answered() {
    use Operation::{EnableKeyRotation, GetParametersForImport};
    let imported = |key: &mut Key| key.origin = KeyOrigin::External;
    let unsupported = "UnsupportedOperationException";
    let origin = refused(
        unsupported,
        "origin is EXTERNAL which is not valid for this operation.",
    );
    let state = KeyState::Disabled;
    assert_eq!(
        answer(EnableKeyRotation, state, |_| {}),
        refused("DisabledException", "is disabled.")
    );
    assert_eq!(answer(EnableKeyRotation, state, imported), origin);
    let not_imported = refused(
        unsupported,
        "origin is AWS_KMS which is not valid for this operation.",
    );
    let state = KeyState::PendingDeletion;
    assert_eq!(answer(GetParametersForImport, state, |_| {}), not_imported);
    let pending = refused("KMSInvalidStateException", "is pending deletion.");
    assert_eq!(answer(GetParametersForImport, state, imported), pending);
}

#[test]
fn only_symmetric_keys_made_here_rotate_automatically() {
    let asymmetric = |key: &mut Key| key.spec = KeySpec::Rsa2048;
    let without_text = refused("UnsupportedOperationException", "");
    assert_eq!(
        answer(Operation::EnableKeyRotation, KeyState::Enabled, asymmetric),
        without_text
    );
    let disabled = refused("DisabledException", "is disabled.");
    assert_eq!(
        answer(Operation::EnableKeyRotation, KeyState::Disabled, asymmetric),
        disabled
    );
    let imported = |key: &mut Key| key.origin = KeyOrigin::External;
    assert_eq!(
        answer(Operation::RotateKeyOnDemand, KeyState::Enabled, imported),
        Ok(())
    );
    let origin = answer(Operation::EnableKeyRotation, KeyState::Enabled, imported);
    assert_eq!(origin.expect_err("refused").0, "UnsupportedOperationException");
}

#[test]
fn a_disabled_key_is_disabled_even_while_its_role_is_being_moved() {
    let disable = |key: &mut Key| key.enabled = false;
    let disabled = refused("DisabledException", "is disabled.");
    assert_eq!(answer(Operation::Encrypt, KeyState::Updating, disable), disabled);
}

#[test]
fn a_usable_key_exists_only_where_the_table_allows_it() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let usable = UsableKey::check(&region.state, &name, Operation::Decrypt).expect("usable");
    assert_eq!(usable.key().name, name);
    region.edit(name, |key| key.enabled = false);
    let refusal = UsableKey::check(&region.state, &name, Operation::Decrypt).expect_err("disabled");
    assert_eq!(refusal, KmsError::Disabled(region.arn(name)));
    let missing = super::test_region::key_name(77);
    let refusal = UsableKey::check(&region.state, &missing, Operation::Decrypt).expect_err("missing");
    assert_eq!(refusal.exception(), "NotFoundException");
}
