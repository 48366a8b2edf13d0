//! Automatic rotation, and rotation on demand.

use super::test_region::{START, TestRegion, bootstrap, material, rotate};
use crate::command::EnableKeyRotation;
use crate::key::{Import, KeyName, RotationKind};
use crate::multi_region::Role;
use crate::vocabulary::{KeyOrigin, KeySpec, KeyUsage, MaterialId, Timestamp};
use crate::{Command, Effect, KmsError, Reply, State};

fn enable(key: KeyName, period_days: u32) -> Command {
    Command::EnableKeyRotation(EnableKeyRotation { key, period_days })
}

fn on_demand(key: KeyName, number: u8) -> Command {
    Command::RotateKeyOnDemand(rotate(key, number))
}

fn automatically(key: KeyName, number: u8) -> Command {
    Command::RotateKeyAutomatically(rotate(key, number))
}

#[test]
fn a_rotation_period_is_90_to_2560_days() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    for days in [0, 89, 2_561, u32::MAX] {
        assert_eq!(region.refusal(enable(name, days)).0, "ValidationException");
    }
    for days in [90, 2_560] {
        region.run(enable(name, days)).expect("enabled");
        let rotation = region.key(name).rotation;
        assert_eq!((rotation.automatic, rotation.period_days), (true, days));
        assert_eq!(rotation.next_date, Some(START.plus_days(days)));
    }
    region.run(Command::DisableKeyRotation(name)).expect("disabled");
    let rotation = region.key(name).rotation;
    assert_eq!((rotation.automatic, rotation.next_date), (false, None));
}

#[test]
fn saying_the_same_period_again_does_not_put_the_rotation_off() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    region.run(enable(name, 365)).expect("enabled");
    let before = region.key(name);
    region.after_days(10);
    region.run(enable(name, 365)).expect("enabled");
    assert_eq!(region.key(name), before);
}

#[test]
fn no_period_starts_before_the_nodes_have_agreed_on_the_time() {
    let mut region = TestRegion::new();
    region.state = State::default();
    region.run(bootstrap()).expect("bootstrap");
    let name = region.create(1);
    let refusal = region.refusal(enable(name, 90));
    assert_eq!(refusal.0, "DependencyTimeoutException");
}

#[test]
fn a_due_key_rotates_once_and_the_next_date_follows_log_time() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    region.run(enable(name, 90)).expect("enabled");
    let early = region.run_applied(automatically(name, 2));
    assert_eq!((early.result, early.changes.len()), (Ok(Reply::Done), 0));
    region.after_days(89);
    assert!(region.pulse().effects.is_empty());
    let due = Effect::MakeRotationMaterial { key: name };
    assert_eq!(region.after_days(1).effects, vec![due.clone()]);
    let again = region.pulse();
    assert_eq!(again.effects, vec![due], "a lost effect is asked for again");
    region.run(automatically(name, 2)).expect("rotated");
    let second_leader = region.run_applied(automatically(name, 3));
    assert_eq!(
        (second_leader.result, second_leader.changes.len()),
        (Ok(Reply::Done), 0)
    );
    let key = region.key(name);
    assert_eq!(key.current_material, Some(MaterialId([2; 32])));
    assert_eq!(
        key.rotation.next_date,
        Some(region.state.log_time().plus_days(90))
    );
    let materials: Vec<_> = region.state.materials_of(name, 0).collect();
    assert_eq!(materials.len(), 2, "old material stays for decryption");
    assert_eq!(materials[1].rotation_kind, Some(RotationKind::Automatic));
    assert_eq!(materials[1].rotation_date, Some(region.now));
    assert!(region.pulse().effects.is_empty());
}

#[test]
fn a_disabled_key_rotates_when_it_is_enabled_again() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    region.run(enable(name, 90)).expect("enabled");
    region.run(Command::DisableKey(name)).expect("disabled");
    assert!(region.after_days(100).effects.is_empty());
    region.run(Command::EnableKey(name)).expect("enabled");
    assert_eq!(region.pulse().effects.len(), 1);
}

#[test]
fn a_key_rotates_on_demand_twenty_five_times_and_keeps_its_next_date() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    region.run(enable(name, 90)).expect("enabled");
    let next_date = region.key(name).rotation.next_date;
    for number in 2..27 {
        assert_eq!(region.run(on_demand(name, number)), Ok(Reply::Done));
    }
    let key = region.key(name);
    assert_eq!(key.rotation.next_date, next_date);
    assert_eq!((key.rotation.on_demand_count, key.rotation.pending), (25, None));
    assert_eq!(key.current_material, Some(MaterialId([26; 32])));
    let refusal = region.refusal(on_demand(name, 27));
    assert_eq!(refusal.0, "LimitExceededException");
    let sequences: Vec<u64> = region.state.materials_of(name, 0).map(|m| m.sequence).collect();
    assert_eq!(sequences, (0..26).collect::<Vec<u64>>());
}

#[test]
fn rotation_is_refused_where_aws_refuses_it() {
    let mut region = TestRegion::new();
    let rsa = region.create_with(1, |c| {
        (c.spec, c.usage) = (KeySpec::Rsa2048, KeyUsage::SignVerify)
    });
    assert_eq!(region.refusal(enable(rsa, 90)).0, "UnsupportedOperationException");
    assert_eq!(
        region.refusal(on_demand(rsa, 9)).0,
        "UnsupportedOperationException"
    );
    let imported = region.create(2);
    region.edit(imported, |key| {
        key.origin = KeyOrigin::External;
        key.import = Some(Import::default());
    });
    assert_eq!(
        region.refusal(enable(imported, 90)).0,
        "UnsupportedOperationException"
    );
    assert_eq!(region.refusal(on_demand(imported, 9)).0, "KMSInternalException");
    let disabled = region.create(3);
    region.run(Command::DisableKey(disabled)).expect("disabled");
    for command in [
        enable(disabled, 90),
        Command::DisableKeyRotation(disabled),
        on_demand(disabled, 9),
    ] {
        assert_eq!(region.refusal(command).0, "DisabledException");
    }
    let replica = region.create_primary(4, &[]);
    region.edit(replica, |key| {
        key.multi_region.as_mut().expect("multi-Region").role = Role::Replica
    });
    for command in [
        enable(replica, 90),
        Command::DisableKeyRotation(replica),
        on_demand(replica, 9),
    ] {
        assert_eq!(region.refusal(command).0, "UnsupportedOperationException");
    }
}

#[test]
fn material_with_a_taken_id_or_an_old_wrapping_is_refused() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    assert_eq!(region.refusal(on_demand(name, 1)).0, "KMSInternalException");
    let mut command = rotate(name, 2);
    command.material.wrapped.wrapping_key = 0;
    let refusal = region.run(Command::RotateKeyOnDemand(command));
    assert_eq!(refusal, Err(KmsError::StaleGuard));
    assert_eq!(material(1).wrapped.wrapping_key, 1);
}

#[test]
fn a_primary_with_replicas_prepares_material_and_goes_on_encrypting_with_the_old() {
    let mut region = TestRegion::new();
    let name = region.create_primary(1, &["ap-southeast-1", "eu-west-1"]);
    let before = region.key(name);
    let applied = region.run_applied(on_demand(name, 2));
    let key = region.key(name);
    let multi_region = key.multi_region.as_ref().expect("multi-Region");
    assert_eq!(applied.result, Ok(Reply::SharedChanged(multi_region.stamp())));
    let revision_before = before.multi_region.expect("multi-Region").shared_revision;
    assert_eq!(multi_region.shared_revision, revision_before + 1);
    assert_eq!(key.current_material, Some(MaterialId([1; 32])));
    let pending = key.rotation.pending.as_ref().expect("pending");
    assert_eq!(pending.material_id, MaterialId([2; 32]));
    assert_eq!(applied.effects.len(), 2);
    for peer in ["ap-southeast-1", "eu-west-1"] {
        let peer = peer.parse().expect("region");
        assert!(region.state.outbox_row(&peer, &name.into()).is_some());
    }
    let prepared = region.state.material(&name, &MaterialId([2; 32])).expect("there");
    assert_eq!(prepared.rotation_date, None);
    let (exception, text) = region.refusal(on_demand(name, 3));
    assert_eq!(exception, "KMSInvalidStateException");
    assert_eq!(
        text,
        format!("{} has a key rotation in progress.", region.arn(name))
    );
}

#[test]
fn a_primary_without_replicas_rotates_at_once_and_raises_its_shared_revision() {
    let mut region = TestRegion::new();
    let name = region.create_primary(1, &[]);
    let reply = region.run(on_demand(name, 2)).expect("rotated");
    let key = region.key(name);
    assert_eq!(key.current_material, Some(MaterialId([2; 32])));
    let stamp = key.multi_region.expect("multi-Region").stamp();
    assert_eq!(
        (stamp.shared_revision, reply),
        (2, Reply::SharedChanged(stamp.clone()))
    );
    assert_eq!(region.state.outbox_len(), 0);
}

#[test]
fn a_shared_change_keeps_the_time_since_which_a_peer_lags() {
    let mut region = TestRegion::new();
    let name = region.create_primary(1, &["eu-west-1"]);
    let since: Timestamp = region.state.log_time();
    region.run(enable(name, 90)).expect("enabled");
    region.after_days(1);
    region.run(enable(name, 100)).expect("enabled");
    let peer = "eu-west-1".parse().expect("region");
    let row = region.state.outbox_row(&peer, &name.into()).expect("dirty");
    assert_eq!(row.since, since);
}
