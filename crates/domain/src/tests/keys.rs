//! CreateKey, descriptions, switching on and off, bootstrap.

use super::test_region::{TestRegion, bootstrap, create_key, key_name, make_multi_region, material, tags};
use crate::command::{CreateKey, RaiseFeatureLevel, TagResource, UpdateKeyDescription};
use crate::multi_region::{Handover, Role, Tombstone};
use crate::rows::Row;
use crate::vocabulary::{Incarnation, KeyId, KeyOrigin, KeySpec, KeyUsage, MaterialId, Timestamp};
use crate::{Command, Effect, Guard, KeyState, KmsError, Reply, State};
use std::sync::Arc;

fn refuse_creation(change: impl FnOnce(&mut CreateKey)) -> (&'static str, String) {
    let mut command = create_key(1);
    change(&mut command);
    TestRegion::new().refusal(Command::CreateKey(Box::new(command)))
}

#[test]
fn nothing_but_bootstrap_works_before_bootstrap() {
    let mut state = State::default();
    let region = TestRegion::new();
    let proposal = region.proposal(Command::CreateKey(Box::new(create_key(1))));
    let refusal = state.apply(1, &proposal).result.expect_err("refused");
    assert!(matches!(refusal, KmsError::Bootstrap(_)));
    assert_eq!(state, State::default());
}

#[test]
fn a_region_is_bootstrapped_once() {
    let mut region = TestRegion::new();
    let refusal = region.run(bootstrap()).expect_err("refused");
    assert!(matches!(refusal, KmsError::Bootstrap(_)));
}

#[test]
fn the_feature_level_never_falls() {
    let mut region = TestRegion::new();
    for level in [7, 3, 7] {
        let raise = RaiseFeatureLevel { level };
        region.run(Command::RaiseFeatureLevel(raise)).expect("done");
        assert_eq!(region.state.region().expect("region").feature_level, 7);
    }
}

#[test]
fn a_created_key_is_enabled_and_has_its_first_material() {
    let mut region = TestRegion::new();
    let applied = region.run_applied(Command::CreateKey(Box::new(create_key(1))));
    let name = key_name(1);
    assert_eq!(applied.result, Ok(Reply::KeyCreated { key_id: name.key_id }));
    let key = region.key(name);
    assert_eq!(key.state(), KeyState::Enabled);
    assert_eq!(key.creation_date, region.now);
    assert_eq!(key.current_material, Some(MaterialId([1; 32])));
    let materials: Vec<_> = region.state.materials_of(name, 0).collect();
    assert_eq!(materials.len(), 1);
    assert_eq!((materials[0].sequence, materials[0].rotation_date), (0, None));
    assert_eq!(applied.changes.len(), 2);
}

#[test]
fn a_multi_region_key_starts_as_primary_in_epoch_one() {
    let mut region = TestRegion::new();
    let name = region.create_with(1, make_multi_region);
    let multi_region = region.key(name).multi_region.expect("multi-Region");
    assert_eq!(multi_region.role, Role::Primary);
    assert_eq!(multi_region.epoch.counter, 1);
    assert_eq!(multi_region.epoch.region.as_str(), "us-east-1");
    assert_eq!(multi_region.epoch.incarnation, Incarnation([1; 16]));
    assert_eq!(multi_region.incarnation, Incarnation([5; 16]));
    assert!(multi_region.replicas.is_empty());
}

#[test]
fn an_imported_key_waits_for_its_material() {
    let mut region = TestRegion::new();
    let name = region.create_with(1, |command| {
        command.origin = KeyOrigin::External;
        command.material = None;
    });
    assert_eq!(region.key(name).state(), KeyState::PendingImport);
    assert_eq!(region.state.materials_of(name, 0).count(), 0);
}

#[test]
fn every_spec_can_be_created_with_each_of_its_usages_and_no_other() {
    for spec in KeySpec::ALL {
        for usage in KeyUsage::ALL {
            let mut command = create_key(1);
            (command.spec, command.usage) = (*spec, *usage);
            let result = TestRegion::new().run(Command::CreateKey(Box::new(command)));
            assert_eq!(result.is_ok(), spec.usages().contains(usage), "{spec} {usage}");
        }
    }
    let (exception, text) = refuse_creation(|c| c.usage = KeyUsage::SignVerify);
    assert_eq!(exception, "ValidationException");
    assert_eq!(
        text,
        "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"
    );
}

#[test]
fn creation_is_refused_with_the_exception_of_each_rule() {
    let custom = |c: &mut CreateKey| c.origin = KeyOrigin::AwsCloudHsm;
    assert_eq!(refuse_creation(custom).0, "UnsupportedOperationException");
    let unimportable = |c: &mut CreateKey| {
        (c.spec, c.usage) = (KeySpec::MlDsa44, KeyUsage::SignVerify);
        (c.origin, c.material) = (KeyOrigin::External, None);
    };
    assert_eq!(refuse_creation(unimportable).0, "UnsupportedOperationException");
    let long = |c: &mut CreateKey| c.description = "ä".repeat(8_193);
    assert_eq!(refuse_creation(long).0, "ValidationException");
    let policy = |c: &mut CreateKey| c.policy = "x".repeat(32_769);
    assert_eq!(refuse_creation(policy).0, "LimitExceededException");
    let reserved = |c: &mut CreateKey| c.tags = tags(&[("aws:x", "")]).into_iter().collect();
    assert_eq!(refuse_creation(reserved).0, "TagException");
    let kind = |c: &mut CreateKey| c.name.key_id = KeyId::multi_region([1; 16]);
    assert_eq!(refuse_creation(kind).0, "KMSInternalException");
    let no_material = |c: &mut CreateKey| c.material = None;
    assert_eq!(refuse_creation(no_material).0, "KMSInternalException");
}

#[test]
fn descriptions_and_policies_may_be_as_long_as_their_limits() {
    let mut region = TestRegion::new();
    region.create_with(1, |command| {
        command.description = "ä".repeat(8_192);
        command.policy = "x".repeat(32_768);
    });
}

#[test]
fn what_callers_write_is_bounded_in_bytes_too_so_that_a_row_fits_the_image() {
    let mut region = TestRegion::new();
    let many = |letter: &str| -> Vec<(String, String)> {
        let value = letter.repeat(256);
        (0..50)
            .map(|n| (format!("{n:03}{}", letter.repeat(125)), value.clone()))
            .collect()
    };
    let name = region.create_with(1, |command| {
        command.description = "d".repeat(8_192);
        command.policy = "p".repeat(32_768);
        command.tags = many("t").into_iter().collect();
    });
    let describe = Command::UpdateKeyDescription(UpdateKeyDescription {
        key: name,
        description: "\u{1f511}".repeat(8_192),
    });
    assert_eq!(region.refusal(describe).0, "LimitExceededException");
    let tag = Command::TagResource(TagResource {
        key: name,
        tags: many("ü")[..40].to_vec(),
    });
    region.edit(name, |key| key.tags.clear());
    region.edit(name, |key| key.description = "ü".repeat(8_192));
    assert_eq!(region.refusal(tag).0, "LimitExceededException");
    let mut command = create_key(2);
    command.policy = "p".repeat(32_768);
    command.tags = many("ü").into_iter().collect();
    command.description = "ü".repeat(8_192);
    let refusal = region.refusal(Command::CreateKey(Box::new(command)));
    assert_eq!(refusal.0, "LimitExceededException");
}

#[test]
fn a_key_id_is_used_once_and_never_again_after_a_tombstone() {
    let mut region = TestRegion::new();
    region.create(1);
    let taken = region.refusal(Command::CreateKey(Box::new(create_key(1))));
    assert_eq!(taken.0, "AlreadyExistsException");
    let gone = region.create_with(2, make_multi_region);
    let multi_region = region.key(gone).multi_region.expect("multi-Region");
    let tombstone = Row::Tombstone(Arc::new(Tombstone {
        key: gone,
        incarnation: multi_region.incarnation,
        stamp: multi_region.stamp(),
        tell: None,
        deleted_at: Timestamp(0),
    }));
    let others = region
        .state
        .rows()
        .filter(|row| row.key() != crate::RowKey::Key(gone));
    region.state = State::from_rows(others.chain([tombstone]).collect::<Vec<_>>());
    let mut again = create_key(2);
    make_multi_region(&mut again);
    let refusal = region.refusal(Command::CreateKey(Box::new(again)));
    assert_eq!(refusal.0, "AlreadyExistsException");
}

#[test]
fn material_wrapped_under_another_wrapping_key_is_a_stale_decision() {
    let mut region = TestRegion::new();
    let mut command = create_key(1);
    command.material = Some(material(1)).map(|mut m| {
        m.wrapped.wrapping_key = 2;
        m
    });
    let refusal = region.run(Command::CreateKey(Box::new(command)));
    assert_eq!(refusal, Err(KmsError::StaleGuard));
}

#[test]
fn a_guard_on_changed_rows_is_stale() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let read = region.key(name).revisions.authz;
    let alias: crate::vocabulary::AliasName = "alias/a".parse().expect("alias");
    let stale = [
        Guard {
            keys: vec![(name, None)],
            ..Guard::default()
        },
        Guard {
            keys: vec![(name, Some(read + 1))],
            ..Guard::default()
        },
        Guard {
            keys: vec![(key_name(9), Some(0))],
            ..Guard::default()
        },
        Guard {
            aliases: vec![(name.account, alias.clone(), Some(1))],
            ..Guard::default()
        },
        Guard {
            wrapping_key: Some(2),
            ..Guard::default()
        },
    ];
    for guard in stale {
        let mut proposal = region.proposal(Command::DisableKey(name));
        proposal.guard = guard;
        assert_eq!(region.apply(&proposal).result, Err(KmsError::StaleGuard));
    }
    let mut proposal = region.proposal(Command::DisableKey(name));
    proposal.guard = Guard {
        keys: vec![(name, Some(read)), (key_name(9), None)],
        aliases: vec![(name.account, alias, None)],
        wrapping_key: Some(1),
        ..Guard::default()
    };
    assert_eq!(region.apply(&proposal).result, Ok(Reply::Done));
    assert_eq!(region.apply(&proposal).result, Err(KmsError::StaleGuard));
}

#[test]
fn disabling_evicts_and_enabling_brings_back() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let applied = region.run_applied(Command::DisableKey(name));
    let evict = Effect::Evict {
        key: name,
        material: None,
    };
    assert_eq!(applied.effects, vec![evict]);
    assert_eq!(region.key(name).state(), KeyState::Disabled);
    let repeated = region.run_applied(Command::DisableKey(name));
    assert_eq!((repeated.result, repeated.changes.len()), (Ok(Reply::Done), 0));
    region.run(Command::EnableKey(name)).expect("enabled");
    assert_eq!(region.key(name).state(), KeyState::Enabled);
    let missing = region.refusal(Command::EnableKey(key_name(9)));
    assert_eq!(missing.0, "NotFoundException");
    let arn = region.arn(key_name(9));
    assert_eq!(missing.1, format!("Key '{arn}' does not exist"));
}

#[test]
fn a_hand_over_holds_back_disabling_for_thirty_seconds_only() {
    let mut region = TestRegion::new();
    let name = region.create_primary(1, &["eu-west-1"]);
    let since = region.state.log_time();
    region.edit(name, |key| {
        let multi_region = key.multi_region.as_mut().expect("multi-Region");
        multi_region.handover = Some(Handover {
            target: "eu-west-1".parse().expect("region"),
            epoch: multi_region.epoch.clone(),
            since,
        });
    });
    let (exception, text) = region.refusal(Command::DisableKey(name));
    assert_eq!(exception, "KMSInvalidStateException");
    assert_eq!(text, format!("{} is updating.", region.arn(name)));
    region.now = region.now.plus_ms(29_999);
    region.pulse();
    region.refusal(Command::DisableKey(name));
    region.now = region.now.plus_ms(1);
    region.pulse();
    region.run(Command::DisableKey(name)).expect("disabled");
    assert_eq!(region.key(name).state(), KeyState::Disabled);
}

#[test]
fn a_description_is_replaced_unless_the_key_awaits_deletion() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let update = |description: String| {
        Command::UpdateKeyDescription(UpdateKeyDescription {
            key: name,
            description,
        })
    };
    region.run(update("new".into())).expect("updated");
    assert_eq!(region.key(name).description, "new");
    let too_long = region.refusal(update("x".repeat(8_193)));
    assert_eq!(too_long.0, "ValidationException");
    region.edit(name, |key| {
        key.deletion = Some(crate::key::Deletion {
            pending_window_days: 7,
            shown_date: None,
            deadline: crate::key::DeletionDeadline::StartsAtNextPulse,
        });
    });
    assert_eq!(region.refusal(update("x".into())).0, "KMSInvalidStateException");
}

#[test]
fn a_key_made_again_never_repeats_an_authz_revision() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    for _ in 0..5 {
        region.run(Command::DisableKey(name)).expect("disabled");
        region.run(Command::EnableKey(name)).expect("enabled");
    }
    let last = region.key(name).revisions.authz;
    let others = region
        .state
        .rows()
        .filter(|row| row.key() != crate::RowKey::Key(name));
    let others = others.filter(|row| !matches!(row, Row::Material(_)));
    region.state = State::from_rows(others.collect::<Vec<_>>());
    region.create(1);
    assert!(region.key(name).revisions.authz > last);
}
