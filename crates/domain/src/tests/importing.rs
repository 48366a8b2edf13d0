//! Importing key material into a key of one region: tokens, what the bytes become, deletion, expiry, rotation.

use super::test_region::{TestRegion, import_of, import_parameters, make_imported, material};
use crate::command::{DeleteImportedKeyMaterial, ImportKeyMaterial, ScheduleKeyDeletion};
use crate::key::KeyName;
use crate::limits::{
    EXPIRIES_PER_PULSE_MAX, IMPORT_TOKENS_PER_KEY_MAX, IMPORTED_MATERIALS_PER_KEY_MAX,
    ON_DEMAND_ROTATIONS_MAX,
};
use crate::vocabulary::{ImportType, KeySpec, KeyUsage, MaterialId, Timestamp};
use crate::{Command, Effect, Guard, KeyState, KmsError, Reply};

fn id(number: u8) -> MaterialId {
    MaterialId([number; 32])
}

fn imported(number: u8) -> Result<Reply, KmsError> {
    let material_id = id(number);
    Ok(Reply::KeyMaterialImported { material_id })
}

fn deleted(number: u8) -> Result<Reply, KmsError> {
    let material_id = Some(id(number));
    Ok(Reply::KeyMaterialDeleted { material_id })
}

fn evicted(key: KeyName, number: u8) -> Effect {
    let material = Some(id(number));
    Effect::Evict { key, material }
}

/// A key with material 1.
fn with_material() -> (TestRegion, KeyName) {
    let mut region = TestRegion::new();
    let key = region.create_imported(9);
    assert_eq!(region.import(key, 1), imported(1));
    (region, key)
}

fn import(command: ImportKeyMaterial) -> Command {
    Command::ImportKeyMaterial(Box::new(command))
}

#[test]
fn the_first_material_becomes_current_and_the_key_usable() {
    let (region, name) = with_material();
    let key = region.key(name);
    assert_eq!(key.state(), KeyState::Enabled);
    assert_eq!(key.current_material, Some(id(1)));
    let row = region.material_row(name, 1);
    assert_eq!(
        (row.rotation_date, row.rotation_kind, row.sequence),
        (None, None, 0)
    );
}

#[test]
fn only_a_token_made_for_this_very_key_imports() {
    let (mut region, name) = with_material();
    let other = region.create_imported(8);
    region.put_token(other, 2);
    let foreign = region.run(import(import_of(name, 2))).expect_err("refused");
    assert_eq!(foreign, KmsError::InvalidImportToken);
    let plain = region.create(7);
    let refusal = region.refusal(import(import_of(plain, 2)));
    assert_eq!(refusal.0, "UnsupportedOperationException");
}

#[test]
fn a_token_serves_one_import_and_its_retries() {
    let (mut region, name) = with_material();
    let authz = region.key(name).revisions.authz;
    assert_eq!(region.run(import(import_of(name, 1))), imported(1), "a retry");
    assert_eq!(region.key(name).revisions.authz, authz);
    let mut other = import_of(name, 1);
    other.request_sha256 = [9; 32];
    let (exception, _) = region.refusal(import(other));
    assert_eq!(exception, "InvalidImportTokenException");
    region.delete_import(name, 1).result.expect("deleted");
    let (exception, _) = region.refusal(import(import_of(name, 1)));
    assert_eq!(exception, "InvalidImportTokenException", "what it did is undone");
}

#[test]
fn a_token_is_worth_nothing_after_its_time() {
    let (mut region, name) = with_material();
    region.put_token(name, 2);
    region.after_days(1);
    assert!(
        region.state.import_parameters_of(name).next().is_none(),
        "dropped"
    );
    assert_eq!(
        region.refusal(import(import_of(name, 2))).0,
        "InvalidImportTokenException"
    );
    // A clock that lags makes a token that log time has passed already; until the next Pulse it is there.
    let mut late = import_parameters(name, 3, Timestamp(0));
    late.expires = region.state.log_time();
    region
        .run(Command::PutImportParameters(Box::new(late)))
        .expect("made");
    assert_eq!(
        region.refusal(import(import_of(name, 3))).0,
        "ExpiredImportTokenException"
    );
    assert!(region.state.wants_pulse(region.now));
}

#[test]
fn a_key_keeps_a_bounded_number_of_tokens_and_the_oldest_go() {
    let (mut region, name) = with_material();
    for number in 0..IMPORT_TOKENS_PER_KEY_MAX as u8 {
        region.now = region.now.plus_ms(1);
        region.put_token(name, 100 + number);
    }
    let kept: Vec<u8> = region
        .state
        .import_parameters_of(name)
        .map(|row| row.id.0[0])
        .collect();
    assert_eq!(kept.len(), IMPORT_TOKENS_PER_KEY_MAX);
    assert!(!kept.contains(&1) && kept.contains(&100));
}

#[test]
fn bytes_that_the_key_does_not_have_are_no_existing_material_and_known_ones_are_not_new() {
    let (mut region, name) = with_material();
    let existing = region.import_with(name, 2, |c| c.import_type = ImportType::Existing);
    assert_eq!(
        existing.expect_err("refused").exception(),
        "IncorrectKeyMaterialException"
    );
    let new = region.import_with(name, 1, |c| c.import_type = ImportType::New);
    assert_eq!(
        new.expect_err("refused").exception(),
        "IncorrectKeyMaterialException"
    );
}

#[test]
fn new_material_waits_beside_the_current_one_and_one_at_a_time() {
    let (mut region, name) = with_material();
    assert_eq!(region.import(name, 2), imported(2));
    let key = region.key(name);
    assert_eq!(
        (key.current_material, key.imported_pending()),
        (Some(id(1)), Some(id(2)))
    );
    assert_eq!(key.state(), KeyState::Enabled);
    let third = region.import(name, 3).expect_err("refused");
    assert_eq!(third.exception(), "KMSInvalidStateException");
    assert!(third.to_string().ends_with("rotate to it or delete it first."));
}

#[test]
fn keys_that_do_not_rotate_keep_their_first_material() {
    let mut region = TestRegion::new();
    let key = region.create_with(9, |c| {
        make_imported(c);
        (c.spec, c.usage) = (KeySpec::Hmac256, KeyUsage::GenerateVerifyMac);
    });
    assert_eq!(region.import(key, 1), imported(1));
    let refusal = region.import(key, 2).expect_err("refused");
    assert_eq!(refusal.exception(), "IncorrectKeyMaterialException");
    region.delete_import(key, 1).result.expect("deleted");
    let refusal = region.import(key, 3).expect_err("refused");
    assert_eq!(refusal.exception(), "IncorrectKeyMaterialException");
}

#[test]
fn a_deletion_makes_the_key_wait_until_the_same_bytes_are_imported_again() {
    let (mut region, name) = with_material();
    let read = region.key(name).revisions.authz;
    let applied = region.delete_import(name, 1);
    assert_eq!(applied.result, deleted(1));
    assert!(applied.effects.contains(&evicted(name, 1)));
    assert_eq!(region.key(name).state(), KeyState::PendingImport);
    let row = region.material_row(name, 1);
    assert!(
        row.wrapped.is_none() && row.imported.is_some(),
        "the commitment stays"
    );
    let mut stale = region.proposal(Command::DisableKey(name));
    stale.guard = Guard {
        keys: vec![(name, Some(read))],
        ..Guard::default()
    };
    assert_eq!(region.apply(&stale).result, Err(KmsError::StaleGuard));
    region.put_token(name, 5);
    let mut again = import_of(name, 5);
    (again.import_type, again.matched, again.material) = (ImportType::Existing, Some(id(1)), material(1));
    let applied = region.run_applied(import(again));
    assert_eq!(applied.result, imported(1));
    assert!(applied.effects.contains(&evicted(name, 1)));
    assert_eq!(region.key(name).state(), KeyState::Enabled);
    assert_eq!(region.material_row(name, 1).revision, row.revision + 1);
}

#[test]
fn deleting_what_is_not_there_changes_nothing_and_answers_the_same() {
    let (mut region, name) = with_material();
    region.delete_import(name, 1);
    let again = region.delete_import(name, 1);
    assert_eq!((again.result, again.changes.len()), (deleted(1), 0));
    let empty = region.create_imported(8);
    let delete = Command::DeleteImportedKeyMaterial(DeleteImportedKeyMaterial {
        key: empty,
        material_id: None,
    });
    let nothing = region.run_applied(delete);
    assert_eq!(
        nothing.result,
        Ok(Reply::KeyMaterialDeleted { material_id: None })
    );
    assert!(nothing.changes.is_empty());
    let unknown = region.delete_import(name, 77).result.expect_err("refused");
    assert_eq!(unknown.exception(), "ValidationException");
    let plain = region.create(7);
    let refusal = region.delete_import(plain, 7).result.expect_err("refused");
    assert_eq!(refusal.exception(), "UnsupportedOperationException");
}

#[test]
fn a_deletion_that_names_no_material_means_the_current_one() {
    let (mut region, name) = with_material();
    region.import(name, 2).expect("imported");
    region
        .run(Command::RotateToImportedMaterial(name))
        .expect("rotated");
    let delete = Command::DeleteImportedKeyMaterial(DeleteImportedKeyMaterial {
        key: name,
        material_id: None,
    });
    assert_eq!(region.run(delete), deleted(2));
    assert!(region.material_row(name, 1).wrapped.is_some());
}

#[test]
fn material_that_was_never_current_is_forgotten_when_it_is_deleted() {
    let (mut region, name) = with_material();
    region.import(name, 2).expect("imported");
    let applied = region.delete_import(name, 2);
    assert_eq!(applied.result, deleted(2));
    assert!(applied.effects.contains(&evicted(name, 2)));
    assert!(region.state.material(&name, &id(2)).is_none());
    assert_eq!(region.key(name).imported_pending(), None);
    assert_eq!(region.key(name).state(), KeyState::Enabled);
    assert_eq!(region.import(name, 3), imported(3), "there is room again");
}

#[test]
fn bytes_may_be_deleted_while_the_key_waits_for_its_end_but_not_imported() {
    let (mut region, name) = with_material();
    let schedule = ScheduleKeyDeletion {
        key: name,
        pending_window_days: 7,
    };
    region
        .run(Command::ScheduleKeyDeletion(schedule))
        .expect("scheduled");
    region.delete_import(name, 1).result.expect("deleted");
    assert_eq!(region.key(name).state(), KeyState::PendingDeletion);
    let refusal = region.refusal(import(import_of(name, 2)));
    assert_eq!(refusal.0, "KMSInvalidStateException");
}

#[test]
fn expired_bytes_are_deleted_by_a_pulse_and_by_nothing_else() {
    let (mut region, name) = with_material();
    let expires = Some(region.now.plus_days(3));
    region.put_token(name, 5);
    let mut again = import_of(name, 5);
    (again.import_type, again.matched, again.material) = (ImportType::Existing, Some(id(1)), material(1));
    again.expires = expires;
    region.run(import(again)).expect("imported");
    let waiting = region.import_with(name, 2, |c| c.expires = expires);
    waiting.expect("imported");
    region.after_days(2);
    assert_eq!(region.key(name).state(), KeyState::Enabled);
    let authz = region.key(name).revisions.authz;
    let pulse = region.after_days(1);
    assert!(pulse.effects.contains(&evicted(name, 1)) && pulse.effects.contains(&evicted(name, 2)));
    assert_eq!(region.key(name).state(), KeyState::PendingImport);
    assert_eq!(region.key(name).revisions.authz, authz + 1);
    assert!(
        region.state.material(&name, &id(2)).is_none(),
        "it was never current"
    );
    assert_eq!(region.state.next_deadline(), None);
}

#[test]
fn a_pulse_deletes_a_bounded_number_of_materials_and_wants_another() {
    let mut region = TestRegion::new();
    let expires = Some(region.now.plus_days(1));
    for number in 0..=EXPIRIES_PER_PULSE_MAX as u8 {
        let key = region.create_imported(100 + number);
        region
            .import_with(key, 1, |c| c.expires = expires)
            .expect("imported");
    }
    let waiting = |region: &TestRegion| region.state.keys().filter(|key| key.awaits_import()).count();
    region.after_days(1);
    assert_eq!(waiting(&region), EXPIRIES_PER_PULSE_MAX);
    assert!(region.state.wants_pulse(region.now));
    region.pulse();
    assert_eq!(waiting(&region), EXPIRIES_PER_PULSE_MAX + 1);
    assert!(!region.state.wants_pulse(region.now));
}

#[test]
fn bytes_cannot_expire_before_they_are_imported() {
    let (mut region, name) = with_material();
    let expires = Some(region.state.log_time());
    let refusal = region.import_with(name, 2, |c| c.expires = expires);
    assert_eq!(refusal.expect_err("refused").exception(), "ValidationException");
}

#[test]
fn a_description_is_kept_by_an_import_that_gives_none() {
    let (mut region, name) = with_material();
    let again = |number: u8, description: Option<&str>| {
        let mut again = import_of(name, number);
        (again.import_type, again.matched, again.material) = (ImportType::Existing, Some(id(1)), material(1));
        again.description = description.map(ToOwned::to_owned);
        again
    };
    let shown = |region: &TestRegion| {
        region
            .material_row(name, 1)
            .imported
            .expect("imported")
            .description
    };
    region.put_token(name, 5);
    region
        .run(import(again(5, Some("from the safe"))))
        .expect("imported");
    region.delete_import(name, 1);
    assert_eq!(shown(&region), "from the safe");
    region.put_token(name, 6);
    region.run(import(again(6, None))).expect("imported");
    assert_eq!(shown(&region), "from the safe");
    let longest = "x".repeat(256);
    region.put_token(name, 7);
    region.run(import(again(7, Some(&longest)))).expect("imported");
    for wrong in ["", &"x".repeat(257), "semi;colon", "ü", "no\u{a0}break"] {
        region.put_token(name, 8);
        assert_eq!(
            region.refusal(import(again(8, Some(wrong)))).0,
            "ValidationException",
            "{wrong}"
        );
        region.now = region.now.plus_days(1);
        region.pulse();
    }
}

#[test]
fn a_rotation_needs_imported_material_and_keeps_the_old() {
    let (mut region, name) = with_material();
    let rotate = Command::RotateToImportedMaterial(name);
    let (exception, text) = region.refusal(rotate.clone());
    assert_eq!(exception, "KMSInvalidStateException");
    assert!(text.starts_with("No available key material pending rotation for the key: arn:aws:kms:"));
    region.import(name, 2).expect("imported");
    let read = region.key(name).revisions.authz;
    region.run(rotate.clone()).expect("rotated");
    let key = region.key(name);
    assert_eq!(
        (key.current_material, key.imported_pending()),
        (Some(id(2)), None)
    );
    assert_eq!((key.rotation.on_demand_count, key.revisions.authz), (1, read + 1));
    let row = region.material_row(name, 2);
    assert_eq!(row.rotation_date, Some(region.now));
    // Either of the two is needed now.
    region.delete_import(name, 1);
    assert_eq!(region.key(name).state(), KeyState::PendingImport);
    assert_eq!(region.refusal(rotate).0, "KMSInvalidStateException");
    let made_here = region.create(7);
    let refusal = region.refusal(Command::RotateToImportedMaterial(made_here));
    assert_eq!(refusal.0, "KMSInternalException");
}

#[test]
fn an_imported_key_rotates_twenty_five_times() {
    let (mut region, name) = with_material();
    for number in 0..ON_DEMAND_ROTATIONS_MAX as u8 {
        region.import(name, 10 + number).expect("imported");
        region
            .run(Command::RotateToImportedMaterial(name))
            .expect("rotated");
    }
    region.import(name, 99).expect("imported");
    assert_eq!(
        region.refusal(Command::RotateToImportedMaterial(name)).0,
        "LimitExceededException"
    );
    assert_eq!(
        region.state.materials_of(name, 0).count(),
        IMPORTED_MATERIALS_PER_KEY_MAX
    );
}

#[test]
fn whatever_was_wrapped_before_the_wrapping_key_changed_is_wrapped_again() {
    let (mut region, name) = with_material();
    for wrong in 0..2 {
        let refusal = region.import_with(name, 2, |c| match wrong {
            0 => c.material.wrapped.wrapping_key = 2,
            _ => c.commitment.wrapping_key = 2,
        });
        assert_eq!(refusal, Err(KmsError::StaleGuard));
        region.after_days(1);
    }
    let mut parameters = import_parameters(name, 3, region.now);
    parameters.private_wrapped.wrapping_key = 2;
    let refusal = region.run(Command::PutImportParameters(Box::new(parameters)));
    assert_eq!(refusal, Err(KmsError::StaleGuard));
}

#[test]
fn a_destroyed_key_leaves_no_token_and_no_usage_behind() {
    let (mut region, name) = with_material();
    let schedule = ScheduleKeyDeletion {
        key: name,
        pending_window_days: 7,
    };
    region
        .run(Command::ScheduleKeyDeletion(schedule))
        .expect("scheduled");
    region.pulse();
    let mut long_lived = import_parameters(name, 9, region.now);
    long_lived.expires = region.now.plus_days(100);
    let row = crate::Row::ImportParameters(std::sync::Arc::new(long_lived));
    let rows: Vec<_> = region.state.rows().chain([row]).collect();
    region.state = crate::State::from_rows(rows);
    region.after_days(7);
    assert!(region.state.key(&name).is_none());
    assert!(region.state.import_parameters_of(name).next().is_none());
    assert_eq!(region.state.next_deadline(), None);
}
