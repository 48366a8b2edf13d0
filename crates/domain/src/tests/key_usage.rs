//! NoteKeyUsage: the newest usage of each key.

use super::test_region::{START, TestRegion, key_name};
use crate::command::{NoteKeyUsage, ScheduleKeyDeletion};
use crate::key::KeyName;
use crate::limits::KEY_USAGES_PER_COMMAND_MAX;
use crate::rows::KeyUsageRow;
use crate::{Command, Operation, Reply};

fn usage(key: KeyName, after_ms: u64, operation: Operation) -> KeyUsageRow {
    KeyUsageRow {
        key,
        operation,
        at: START.plus_ms(after_ms),
        request_id: None,
    }
}

fn note(usages: Vec<KeyUsageRow>) -> Command {
    Command::NoteKeyUsage(NoteKeyUsage { usages })
}

#[test]
fn the_newest_usage_counts_in_whatever_order_nodes_tell() {
    let mut region = TestRegion::new();
    let key = region.create(1);
    let read = region.key(key);
    let usages = vec![
        usage(key, 5, Operation::Encrypt),
        usage(key, 9, Operation::Decrypt),
        usage(key, 7, Operation::ReEncrypt),
    ];
    assert_eq!(region.run(note(usages)), Ok(Reply::Done));
    let kept = region.state.key_usage(&key).expect("noted").as_ref().clone();
    assert_eq!(kept, usage(key, 9, Operation::Decrypt));
    region
        .run(note(vec![usage(key, 8, Operation::Encrypt)]))
        .expect("noted");
    assert_eq!(region.state.key_usage(&key).expect("noted").as_ref(), &kept);
    assert_eq!(region.key(key), read, "no decision becomes stale");
}

#[test]
fn usages_of_keys_that_are_gone_are_passed_over() {
    let mut region = TestRegion::new();
    let key = region.create(1);
    let usages = vec![
        usage(key_name(77), 1, Operation::Encrypt),
        usage(key, 1, Operation::Encrypt),
    ];
    region.run(note(usages)).expect("noted");
    assert!(region.state.key_usage(&key_name(77)).is_none());
    let schedule = ScheduleKeyDeletion {
        key,
        pending_window_days: 7,
    };
    region
        .run(Command::ScheduleKeyDeletion(schedule))
        .expect("scheduled");
    region.pulse();
    region.after_days(7);
    assert!(
        region.state.key_usage(&key).is_none(),
        "the row goes with the key"
    );
}

#[test]
fn a_command_notes_a_bounded_number_of_usages() {
    let mut region = TestRegion::new();
    let key = region.create(1);
    let many = |count| vec![usage(key, 1, Operation::Sign); count];
    region.run(note(many(KEY_USAGES_PER_COMMAND_MAX))).expect("noted");
    let refusal = region.refusal(note(many(KEY_USAGES_PER_COMMAND_MAX + 1)));
    assert_eq!(refusal.0, "ValidationException");
    let mut long = usage(key, 2, Operation::Sign);
    long.request_id = Some("x".repeat(129));
    assert_eq!(region.refusal(note(vec![long])).0, "ValidationException");
}
