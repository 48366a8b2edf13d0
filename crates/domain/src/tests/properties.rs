//! Properties of apply under random commands, hostile ones included.

use super::test_region::{
    START, TestRegion, bootstrap, create_key, key_name, make_multi_region, material, set_alias, visible_rows,
};
use crate::command::{
    DeleteAlias, EnableKeyRotation, Pulse, RaiseFeatureLevel, RotateKey, ScheduleKeyDeletion, TagResource,
    UntagResource, UpdateKeyDescription,
};
use crate::key::KeyName;
use crate::vocabulary::{KeyId, KeyOrigin, KeySpec, KeyUsage, Timestamp};
use crate::{Command, Guard, Proposal, RequestKey, State};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use std::collections::BTreeMap;

/// Few names, so that commands meet each other.
fn names() -> impl Strategy<Value = KeyName> {
    (0u8..6).prop_map(|number| {
        let mut name = key_name(number / 2);
        if number % 2 == 1 {
            name.key_id = KeyId::multi_region(name.key_id.bytes);
        }
        name
    })
}

fn days() -> impl Strategy<Value = u32> {
    prop_oneof![Just(7), Just(30), Just(90), Just(365), any::<u32>()]
}

fn times() -> impl Strategy<Value = Timestamp> {
    let near = (0u64..4_000).prop_map(|days| START.plus_ms(days * 86_400_000));
    prop_oneof![8 => near, 1 => any::<u64>().prop_map(Timestamp)]
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a".to_owned()),
        Just("aws:x".to_owned()),
        Just("ü".repeat(9_000)),
        ".{0,20}"
    ]
}

fn creations() -> impl Strategy<Value = Command> {
    let parts = (
        names(),
        select(KeySpec::ALL),
        select(KeyUsage::ALL),
        select(KeyOrigin::ALL),
        texts(),
        any::<[bool; 4]>(),
    );
    parts.prop_map(
        |(name, spec, usage, origin, text, [plain, mrk, with_material, tagged])| {
            let mut command = create_key(name.key_id.bytes[0]);
            command.description = text.clone();
            if !plain {
                (command.spec, command.usage, command.origin) = (spec, usage, origin);
            }
            if tagged {
                command.tags.insert(text.clone(), text);
            }
            if mrk {
                make_multi_region(&mut command);
            }
            if !plain && !with_material {
                command.material = None;
            }
            Command::CreateKey(Box::new(command))
        },
    )
}

fn rotations() -> impl Strategy<Value = Command> {
    (names(), any::<u8>(), any::<[bool; 2]>()).prop_map(|(key, number, [demand, wrong])| {
        let mut material = material(number);
        material.wrapped.wrapping_key += u64::from(wrong);
        let rotate = RotateKey { key, material };
        match demand {
            true => Command::RotateKeyOnDemand(rotate),
            false => Command::RotateKeyAutomatically(rotate),
        }
    })
}

fn commands() -> impl Strategy<Value = Command> {
    let aliases = || select(vec!["alias/a", "alias/b", "alias/aws/s3"]);
    let lists = || vec((texts(), texts()), 0..3);
    let switches = names().prop_flat_map(|key| {
        select(vec![
            Command::EnableKey(key),
            Command::DisableKey(key),
            Command::CancelKeyDeletion(key),
            Command::DisableKeyRotation(key),
        ])
    });
    let alias_changes = (aliases(), names(), 0..3).prop_map(|(alias, key, which)| match which {
        0 => Command::CreateAlias(set_alias(alias, key)),
        1 => Command::UpdateAlias(set_alias(alias, key)),
        _ => Command::DeleteAlias(DeleteAlias {
            account: key.account,
            alias: alias.parse().expect("alias"),
        }),
    });
    prop_oneof![
        4 => creations(),
        3 => rotations(),
        6 => switches,
        4 => alias_changes,
        3 => vec((0u64..4, times()), 0..5).prop_map(|readings| Command::Pulse(Pulse { readings })),
        1 => any::<u32>().prop_map(|level| Command::RaiseFeatureLevel(RaiseFeatureLevel { level })),
        1 => Just(bootstrap()),
        2 => (names(), days()).prop_map(|(key, pending_window_days)| {
            Command::ScheduleKeyDeletion(ScheduleKeyDeletion { key, pending_window_days })
        }),
        2 => (names(), days()).prop_map(|(key, period_days)| {
            Command::EnableKeyRotation(EnableKeyRotation { key, period_days })
        }),
        2 => (names(), lists()).prop_map(|(key, tags)| Command::TagResource(TagResource { key, tags })),
        1 => (names(), vec(texts(), 0..3)).prop_map(|(key, tag_keys)| {
            Command::UntagResource(UntagResource { key, tag_keys })
        }),
        1 => (names(), texts()).prop_map(|(key, description)| {
            Command::UpdateKeyDescription(UpdateKeyDescription { key, description })
        }),
    ]
}

fn proposals() -> impl Strategy<Value = Proposal> {
    let guard_revisions = vec((names(), proptest::option::of(0u64..40)), 0..2);
    let requests = proptest::option::weighted(0.5, (0u8..8, 0u8..3));
    let parts = (
        commands(),
        times(),
        requests,
        proptest::option::weighted(0.1, guard_revisions),
    );
    parts.prop_map(|(command, time, request, keys)| Proposal {
        time,
        principal: request.map(|_| "arn:aws:iam::111122223333:root".parse().expect("principal")),
        request: request.map(|(id, hash)| RequestKey {
            operation: "Any".into(),
            id: id.to_string(),
            parameters_hash: [hash; 32],
        }),
        guard: Guard {
            keys: keys.unwrap_or_default(),
            ..Guard::default()
        },
        command,
    })
}

fn authz_revisions(state: &State) -> BTreeMap<KeyName, u64> {
    state.keys().map(|key| (key.name, key.revisions.authz)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_logs_give_equal_states_and_rows_rebuild_them(log in vec(proposals(), 1..60)) {
        let mut one = TestRegion::new().state;
        let mut two = one.clone();
        let mut image: BTreeMap<_, _> = one.rows().map(|row| (row.key(), row)).collect();
        for (index, proposal) in (3u64..).zip(&log) {
            let applied = one.apply(index, proposal);
            assert_eq!(applied, two.apply(index, proposal));
            for change in applied.changes {
                let before = match change.after {
                    Some(row) => image.insert(change.key, row),
                    None => image.remove(&change.key),
                };
                assert_eq!(before, change.before);
            }
        }
        assert_eq!(one, two);
        assert_eq!(State::from_rows(one.rows()), one);
        // The changes alone, in any order, rebuild the same state: this is what the image on disk relies on.
        assert_eq!(State::from_rows(image.into_values().rev()), one);
    }

    #[test]
    fn a_refused_command_changes_nothing(log in vec(proposals(), 1..60)) {
        let mut state = TestRegion::new().state;
        for (index, proposal) in (3u64..).zip(&log) {
            let before = state.clone();
            let applied = state.apply(index, proposal);
            if applied.result.is_err() {
                assert_eq!(visible_rows(&state), visible_rows(&before));
                assert!(applied.effects.is_empty() && applied.changes.is_empty());
            }
        }
    }

    #[test]
    fn authz_revisions_only_grow_and_never_repeat(log in vec(proposals(), 1..60)) {
        let mut state = TestRegion::new().state;
        let mut highest: BTreeMap<KeyName, u64> = BTreeMap::new();
        for (index, proposal) in (3u64..).zip(&log) {
            let before = authz_revisions(&state);
            let visible = visible_rows(&state);
            state.apply(index, proposal);
            for (name, revision) in authz_revisions(&state) {
                let seen = highest.entry(name).or_default();
                let made = !before.contains_key(&name);
                assert!(if made { revision > *seen } else { revision >= *seen });
                *seen = revision;
                let old = visible.get(&crate::RowKey::Key(name));
                let old_state = old.and_then(|row| match row {
                    crate::Row::Key(key) => Some(key.state()),
                    _ => None,
                });
                let new_state = state.key(&name).map(|key| key.state());
                if old_state != new_state {
                    assert!(before.get(&name).is_none_or(|old| revision > *old), "a state changed unseen");
                }
            }
        }
    }

    #[test]
    fn log_time_never_goes_back(log in vec(proposals(), 1..60)) {
        let mut state = TestRegion::new().state;
        for (index, proposal) in (3u64..).zip(&log) {
            let before = state.log_time();
            state.apply(index, proposal);
            assert!(state.log_time() >= before);
        }
    }

    #[test]
    fn apply_does_not_panic_on_an_empty_state_or_at_extremes(
        log in vec(proposals(), 1..20),
        index in select(vec![0, 1, u64::MAX]),
    ) {
        let mut state = State::default();
        for proposal in &log {
            state.apply(index, proposal);
            state.wants_pulse(proposal.time);
        }
    }
}
