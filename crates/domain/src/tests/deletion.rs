//! ScheduleKeyDeletion, CancelKeyDeletion, and the end of a key.

use super::test_region::{START, TestRegion, make_multi_region};
use crate::command::ScheduleKeyDeletion;
use crate::key::{DeletionDeadline, KeyName};
use crate::limits::KEYS_PER_PULSE_MAX;
use crate::multi_region::Role;
use crate::vocabulary::KeyId;
use crate::{Command, Effect, KeyState, Reply};

fn schedule(key: KeyName, pending_window_days: u32) -> Command {
    Command::ScheduleKeyDeletion(ScheduleKeyDeletion {
        key,
        pending_window_days,
    })
}

#[test]
fn a_waiting_period_is_7_to_30_days() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    for days in [0, 6, 31, u32::MAX] {
        assert_eq!(region.refusal(schedule(name, days)).0, "ValidationException");
    }
    let reply = region.run(schedule(name, 7)).expect("scheduled");
    let deletion_date = Some(START.plus_days(7));
    assert_eq!(reply, Reply::DeletionScheduled { deletion_date });
    let (exception, text) = region.refusal(schedule(name, 7));
    assert_eq!(exception, "KMSInvalidStateException");
    assert_eq!(text, format!("{} is pending deletion.", region.arn(name)));
}

#[test]
fn a_cancelled_key_comes_back_disabled_and_survives_the_date() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let (exception, text) = region.refusal(Command::CancelKeyDeletion(name));
    assert_eq!(exception, "KMSInvalidStateException");
    assert_eq!(text, format!("{} is not pending deletion.", region.arn(name)));
    region.run(schedule(name, 7)).expect("scheduled");
    region.after_days(3);
    region.run(Command::CancelKeyDeletion(name)).expect("cancelled");
    assert_eq!(region.key(name).state(), KeyState::Disabled);
    region.after_days(30);
    assert_eq!(region.key(name).state(), KeyState::Disabled);
}

#[test]
fn the_period_starts_at_the_next_pulse_and_ends_with_every_row_of_the_key() {
    let mut region = TestRegion::new();
    let (name, other) = (region.create(1), region.create(2));
    region.alias("alias/gone", name);
    region.alias("alias/stays", other);
    region.run(schedule(name, 7)).expect("scheduled");
    assert_eq!(
        region.key(name).deletion.expect("waits").deadline,
        DeletionDeadline::StartsAtNextPulse
    );
    region.after_days(1);
    let deadline = DeletionDeadline::At(START.plus_days(8));
    assert_eq!(region.key(name).deletion.expect("waits").deadline, deadline);
    region.after_days(6);
    assert!(region.state.key(&name).is_some());
    let applied = region.after_days(1);
    let evict = Effect::Evict {
        key: name,
        material: None,
    };
    assert_eq!(applied.effects, vec![evict]);
    assert!(region.state.key(&name).is_none());
    assert_eq!(region.state.materials_of(name, 0).count(), 0);
    assert_eq!(region.state.alias_count_of(name.account), 1);
    assert_eq!(region.state.tombstone(&name), None);
    assert!(region.state.key(&other).is_some());
    assert_eq!(region.refusal(Command::EnableKey(name)).0, "NotFoundException");
}

#[test]
fn a_primary_with_replicas_waits_for_them_without_a_date() {
    let mut region = TestRegion::new();
    let name = region.create_primary(1, &["eu-west-1"]);
    let reply = region.run(schedule(name, 7)).expect("scheduled");
    assert_eq!(reply, Reply::DeletionScheduled { deletion_date: None });
    assert_eq!(region.key(name).state(), KeyState::PendingReplicaDeletion);
    region.after_days(100);
    assert_eq!(region.key(name).state(), KeyState::PendingReplicaDeletion);
    let (_, text) = region.refusal(schedule(name, 7));
    assert_eq!(text, format!("{} is pending replica deletion.", region.arn(name)));
    region.run(Command::CancelKeyDeletion(name)).expect("cancelled");
    assert_eq!(region.key(name).state(), KeyState::Disabled);
}

#[test]
fn a_destroyed_replica_leaves_a_tombstone_and_its_primary_is_told() {
    let mut region = TestRegion::new();
    let name = region.create_with(1, make_multi_region);
    let primary: crate::vocabulary::RegionName = "eu-west-1".parse().expect("region");
    region.edit(name, |key| {
        let multi_region = key.multi_region.as_mut().expect("multi-Region");
        multi_region.role = Role::Replica;
        multi_region.epoch.region = primary.clone();
    });
    let life = region.key(name).multi_region.expect("multi-Region");
    region.run(schedule(name, 7)).expect("scheduled");
    region.pulse();
    let applied = region.after_days(7);
    assert!(applied.effects.contains(&Effect::Ship {
        peer: primary.clone()
    }));
    let tombstone = region.state.tombstone(&name).expect("left");
    assert_eq!(tombstone.tell, Some(primary));
    assert_eq!(
        (tombstone.incarnation, &tombstone.stamp),
        (life.incarnation, &life.stamp())
    );
    assert_eq!(region.state.tombstones_to_tell().count(), 1);
}

#[test]
fn a_destroyed_primary_leaves_a_tombstone_and_tells_nobody() {
    let mut region = TestRegion::new();
    let name = region.create_with(1, make_multi_region);
    region.run(schedule(name, 7)).expect("scheduled");
    region.pulse();
    region.after_days(7);
    assert_eq!(region.state.tombstone(&name).expect("left").tell, None);
    assert_eq!(region.state.tombstones_to_tell().count(), 0);
}

#[test]
fn one_pulse_starts_and_destroys_a_bounded_number_of_keys_and_asks_for_another() {
    let mut region = TestRegion::new();
    let many = KEYS_PER_PULSE_MAX + 50;
    for number in 0..many {
        let name = region.create_with(1, |c| c.name.key_id = many_ids(number));
        region.run(schedule(name, 7)).expect("scheduled");
    }
    region.pulse();
    assert_eq!(region.state.deletions_to_start().count(), 50);
    assert!(region.state.wants_pulse(region.now));
    region.pulse();
    assert_eq!(region.state.deletions_to_start().count(), 0);
    region.after_days(7);
    assert_eq!(region.state.key_count(), 50);
    assert!(region.state.wants_pulse(region.now));
    region.pulse();
    assert_eq!(region.state.key_count(), 0);
    assert!(!region.state.wants_pulse(region.now));
}

fn many_ids(number: usize) -> KeyId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    KeyId::uuid(bytes)
}
