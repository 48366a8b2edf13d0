//! Which keys go next, and waiting after failures.

use std::sync::Arc;
use std::time::Duration;

use kms_domain::key::KeyName;
use kms_domain::multi_region::{RecordId, RecordStamp};
use tokio::time::Instant;

use super::fixture::{NOW, TestRegion, region_name};
use crate::LocalRegion;
use crate::driver::{BackOff, Fate, Schedule, Version};

const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

fn source_with_dirty_keys(count: u32) -> Arc<TestRegion> {
    let (source, destination) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
    source.pin(&destination, &["https://eu"]);
    for number in 0..count {
        source.replicate(number, &destination);
    }
    source
}

fn key_name(number: u32) -> RecordId {
    super::fixture::key_name(number).into()
}

fn stamp_of(source: &TestRegion, key: &KeyName) -> RecordStamp {
    let state = source.state();
    state.key(key).unwrap().multi_region.as_ref().unwrap().stamp()
}

#[test]
fn waits_double_up_to_the_longest_and_start_again_after_success() {
    let mut back_off = BackOff::new(BACK_OFF);
    let waits: Vec<u128> = (0..8).map(|_| back_off.next(1.0).as_millis()).collect();
    assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    for _ in 0..100 {
        assert!(back_off.next(1.0) <= BACK_OFF.1);
    }
    back_off.reset();
    assert_eq!(back_off.next(0.0).as_millis(), 50);
}

#[test]
fn a_key_on_its_way_is_not_taken_again_until_it_lands() {
    let source = source_with_dirty_keys(3);
    let (state, peer, now) = (source.state(), region_name("eu-west-1"), Instant::now());
    let mut schedule = Schedule::new(BACK_OFF);
    assert_eq!(schedule.take(&state, &peer, now, 2), [key_name(0), key_name(1)]);
    assert_eq!(schedule.take(&state, &peer, now, 2), [key_name(2)]);
    assert!(schedule.take(&state, &peer, now, 2).is_empty());
    assert_eq!(schedule.in_flight(), 3);
    schedule.land(key_name(1), Fate::Untried, now, NOW, 1.0);
    assert_eq!(schedule.take(&state, &peer, now, 2), [key_name(1)]);
}

#[test]
fn keys_without_room_keep_their_place() {
    let source = source_with_dirty_keys(4);
    let (state, peer, now) = (source.state(), region_name("eu-west-1"), Instant::now());
    let mut schedule = Schedule::new(BACK_OFF);
    let taken = schedule.take(&state, &peer, now, 3);
    schedule.put_back(taken[1..].to_vec());
    assert_eq!(
        schedule.take(&state, &peer, now, 9),
        [key_name(1), key_name(2), key_name(3)]
    );
}

#[test]
fn a_record_that_achieves_nothing_twice_must_wait_and_a_newer_one_need_not() {
    let source = source_with_dirty_keys(1);
    let (state, peer, now) = (source.state(), region_name("eu-west-1"), Instant::now());
    let key = key_name(0);
    let stamp = stamp_of(&source, &super::fixture::key_name(0));
    let mut newer = stamp.clone();
    newer.shared_revision += 1;
    let mut schedule = Schedule::new(BACK_OFF);
    for (stamp, may_go) in [(&stamp, true), (&stamp, false), (&newer, true), (&newer, false)] {
        schedule.land(
            key,
            Fate::Stuck(Some(Version::Stamp(stamp.clone()))),
            now,
            NOW,
            1.0,
        );
        if may_go {
            assert_eq!(schedule.take(&state, &peer, now, 1), [key]);
            continue;
        }
        let later = now + Duration::from_millis(100);
        assert!(schedule.take(&state, &peer, now, 1).is_empty());
        assert_eq!(schedule.next_resumption(now), Some(later));
        assert_eq!(schedule.take(&state, &peer, later, 1), [key]);
    }
}

#[test]
fn a_failure_is_shown_until_the_key_settles() {
    let source = source_with_dirty_keys(1);
    let (state, peer, now) = (source.state(), region_name("eu-west-1"), Instant::now());
    let key = key_name(0);
    let mut schedule = Schedule::new(BACK_OFF);
    schedule.land(key, Fate::Failed("no seal".to_owned()), now, NOW, 1.0);
    let shown: Vec<_> = schedule.failures().collect();
    assert!(shown.len() == 1 && *shown[0].0 == key && shown[0].1.reason == "no seal");
    assert!(schedule.take(&state, &peer, now, 1).is_empty());
    schedule.land(key, Fate::Settled, now, NOW, 1.0);
    assert_eq!(schedule.failures().count(), 0);
    assert_eq!(schedule.take(&state, &peer, now, 1), [key]);
}
