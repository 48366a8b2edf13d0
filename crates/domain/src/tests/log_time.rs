//! Log time: no single clock can end a waiting period early.

use super::test_region::{DAY_MS, START, TestRegion, bootstrap};
use crate::command::{Pulse, ScheduleKeyDeletion};
use crate::vocabulary::{NodeId, Timestamp};
use crate::{Command, KmsError, Reply, State};

const YEAR_MS: u64 = 365 * DAY_MS;

fn pulse(readings: &[(NodeId, u64)]) -> Command {
    let readings = readings
        .iter()
        .map(|(node, at)| (*node, Timestamp(*at)))
        .collect();
    Command::Pulse(Pulse { readings })
}

#[test]
fn log_time_is_the_lower_median_and_never_goes_back() {
    let base = START.0;
    let cases: [(&[(NodeId, u64)], u64); 6] = [
        (&[(1, base + 9)], base + 9),
        (&[(1, base + 30), (2, base + 20)], base + 20),
        (&[(1, base + 50), (2, base + 40), (3, base + 45)], base + 45),
        (&[(1, base), (2, base), (3, base)], base + 45),
        (
            &[(1, base + 60), (2, base + 61), (3, base + 99), (4, base + 98)],
            base + 61,
        ),
        (&[(1, 0), (2, u64::MAX)], base + 61),
    ];
    let mut region = TestRegion::new();
    for (readings, expected) in cases {
        let log_time = Timestamp(expected);
        assert_eq!(region.run(pulse(readings)), Ok(Reply::Pulsed { log_time }));
    }
}

#[test]
fn a_node_counts_once_however_often_it_is_named() {
    let base = START.0;
    let mut region = TestRegion::new();
    let late = base + YEAR_MS;
    let readings = [(1, late), (1, late), (1, late), (2, base + 1)];
    let log_time = Timestamp(base + 1);
    assert_eq!(region.run(pulse(&readings)), Ok(Reply::Pulsed { log_time }));
}

#[test]
fn a_pulse_without_readings_or_with_too_many_is_refused() {
    let mut region = TestRegion::new();
    assert_eq!(region.refusal(pulse(&[])).0, "ValidationException");
    let many: Vec<(NodeId, u64)> = (0..65).map(|node| (node, START.0)).collect();
    assert_eq!(region.refusal(pulse(&many)).0, "ValidationException");
}

#[test]
fn one_clock_a_year_off_destroys_nothing_early_and_delays_nothing_for_long() {
    for wrong in [START.0 + YEAR_MS, START.0 - YEAR_MS, u64::MAX, 0] {
        let mut region = TestRegion::new();
        let name = region.create(1);
        let schedule = ScheduleKeyDeletion {
            key: name,
            pending_window_days: 7,
        };
        region
            .run(Command::ScheduleKeyDeletion(schedule))
            .expect("scheduled");
        // Majorities of three nodes of which node 1 is wrong, its own reading included.
        for day in 0..7 {
            let right = START.0 + day * DAY_MS;
            region.run(pulse(&[(1, wrong), (2, right)])).expect("pulsed");
            region
                .run(pulse(&[(1, wrong), (2, right), (3, right)]))
                .expect("pulsed");
            assert!(
                region.state.key(&name).is_some(),
                "day {day}, wrong clock {wrong}"
            );
        }
        let right = START.0 + 7 * DAY_MS;
        region.run(pulse(&[(2, right), (3, right)])).expect("pulsed");
        assert!(region.state.key(&name).is_none(), "wrong clock {wrong}");
    }
}

#[test]
fn a_wrong_clock_at_the_proposer_destroys_nothing() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    region.now = START.plus_ms(YEAR_MS);
    let schedule = ScheduleKeyDeletion {
        key: name,
        pending_window_days: 7,
    };
    region
        .run(Command::ScheduleKeyDeletion(schedule))
        .expect("scheduled");
    let right = START.0 + 8 * DAY_MS;
    region
        .run(pulse(&[(1, START.0), (2, START.0), (3, START.0)]))
        .expect("pulsed");
    assert!(region.state.key(&name).is_some());
    region.run(pulse(&[(1, right), (2, right)])).expect("pulsed");
    assert!(region.state.key(&name).is_none());
}

#[test]
fn a_waiting_period_asked_for_while_log_time_lags_is_not_shortened() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    // Nothing happened for 20 days, then a key is scheduled before any Pulse.
    let asked = START.0 + 20 * DAY_MS;
    let schedule = ScheduleKeyDeletion {
        key: name,
        pending_window_days: 7,
    };
    region
        .run(Command::ScheduleKeyDeletion(schedule))
        .expect("scheduled");
    for day in 0..7 {
        let now = asked + day * DAY_MS;
        region.run(pulse(&[(1, now), (2, now)])).expect("pulsed");
        assert!(region.state.key(&name).is_some(), "day {day}");
    }
}

#[test]
fn a_pulse_is_wanted_when_there_is_something_to_do() {
    let mut state = State::default();
    assert!(!state.wants_pulse(START), "not before bootstrap");
    let mut region = TestRegion::new();
    state.apply(1, &region.proposal(bootstrap()));
    assert!(state.wants_pulse(START), "log time starts at zero");
    assert!(!region.state.wants_pulse(START));
    assert!(!region.state.wants_pulse(START.plus_ms(9_999)));
    assert!(region.state.wants_pulse(START.plus_ms(10_000)), "log time lags");
    let name = region.create(1);
    let schedule = ScheduleKeyDeletion {
        key: name,
        pending_window_days: 7,
    };
    region
        .run(Command::ScheduleKeyDeletion(schedule))
        .expect("scheduled");
    assert!(region.state.wants_pulse(START), "a waiting period is to start");
    region.pulse();
    assert!(!region.state.wants_pulse(START));
    region.now = START.plus_ms(7 * DAY_MS - 1);
    region.pulse();
    assert!(!region.state.wants_pulse(region.now));
    assert!(
        region.state.wants_pulse(START.plus_days(7)),
        "the deadline is reached"
    );
}

#[test]
fn extremes_of_time_do_not_overflow() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let end = u64::MAX;
    region.now = Timestamp(end);
    let schedule = ScheduleKeyDeletion {
        key: name,
        pending_window_days: 30,
    };
    region.run(pulse(&[(1, end), (2, end)])).expect("pulsed");
    region
        .run(Command::ScheduleKeyDeletion(schedule))
        .expect("scheduled");
    region.run(pulse(&[(1, end), (2, end)])).expect("pulsed");
    assert!(
        region.state.key(&name).is_some(),
        "started, not destroyed, by the same Pulse"
    );
    assert!(region.state.wants_pulse(Timestamp(end)));
    let unknown: Result<_, KmsError> = region.run(pulse(&[(u64::MAX, 0)]));
    assert!(unknown.is_ok());
}
