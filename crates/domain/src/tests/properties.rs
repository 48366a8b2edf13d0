//! Properties of apply under random commands, hostile ones and hostile peers included.

use super::aim::aim;
use super::any_command::{commands, names, times};
use super::any_identity::{identity_commands, identity_messages};
use super::any_message::{messages, pairing};
use super::test_region::{TestRegion, make_imported, make_multi_region, visible_rows};
use crate::identity::IdentityId;
use crate::key::KeyName;
use crate::multi_region::{RecordId, Role};
use crate::rows::{AccessKeyStatus, AccountStatus};
use crate::vocabulary::KeyOrigin;
use crate::{Command, Guard, KeyState, Proposal, RequestKey, Row, RowKey, State};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_oneof, proptest};
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A proposal, and whether it is fitted to the state before it is applied.
type Step = (Proposal, bool);

fn steps(commands: impl Strategy<Value = Command>) -> impl Strategy<Value = Vec<Step>> {
    vec((proposals(commands), proptest::bool::weighted(0.8)), 1..60)
}

fn proposals(commands: impl Strategy<Value = Command>) -> impl Strategy<Value = Proposal> {
    let guard_revisions = vec((names(), proptest::option::of(0u64..40)), 0..2);
    let requests = proptest::option::weighted(0.2, (0u8..8, 0u8..3));
    let parts = (
        commands,
        times(),
        requests,
        proptest::option::weighted(0.1, guard_revisions),
    );
    parts.prop_map(|(command, time, request, keys)| Proposal {
        time,
        principal: Some("arn:aws:iam::111122223333:root".parse().expect("principal")),
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

fn one_region() -> impl Strategy<Value = Vec<Step>> {
    steps(prop_oneof![3 => commands(), 1 => identity_commands()])
}

fn among_peers() -> impl Strategy<Value = Vec<Step>> {
    steps(prop_oneof![
        3 => commands(),
        6 => messages(),
        1 => identity_commands(),
        2 => identity_messages(),
    ])
}

/// A region with two peers, two ordinary keys, a primary without replicas, one with, and a replica; and of imported keys
/// an ordinary one, a primary with replicas, and a replica.
fn inhabited_region() -> State {
    let mut region = TestRegion::new();
    for peer in ["eu-west-1", "ap-southeast-1"] {
        let name = peer.parse().expect("region");
        region.run(pairing(name, 1, 1)).expect("paired");
    }
    let plain = region.create(0);
    region.create(1);
    region.alias("alias/a", plain);
    region.create_with(0, make_multi_region);
    let primary = region.create_primary(1, &["eu-west-1", "ap-southeast-1"]);
    hold_everywhere(&mut region, primary);
    let replica = region.create_with(2, make_multi_region);
    region.edit(replica, |key| {
        let multi_region = key.multi_region.as_mut().expect("multi-Region");
        multi_region.role = Role::Replica;
        multi_region.epoch.region = "eu-west-1".parse().expect("region");
    });
    settle_imported_keys(&mut region);
    region.state
}

fn settle_imported_keys(region: &mut TestRegion) {
    let plain = region.create_imported(3);
    region.import(plain, 0).expect("imported");
    let primary = imported_multi_region(region, 3);
    let lead = region.create_primary(6, &["eu-west-1", "ap-southeast-1"]);
    let replicas = region.key(lead).multi_region.expect("multi-Region").replicas;
    region.edit(primary, |key| {
        key.multi_region.as_mut().expect("multi-Region").replicas = replicas;
    });
    let replica = imported_multi_region(region, 4);
    region.edit(replica, |key| {
        let multi_region = key.multi_region.as_mut().expect("multi-Region");
        multi_region.role = Role::Replica;
        multi_region.epoch.region = "eu-west-1".parse().expect("region");
    });
    for key in [plain, primary, replica] {
        region.put_token(key, 1);
    }
}

fn imported_multi_region(region: &mut TestRegion, number: u8) -> KeyName {
    let key = region.create_with(number, |command| {
        make_multi_region(command);
        make_imported(command);
    });
    region.import(key, 0).expect("imported");
    key
}

/// Every replica has said that it holds all materials.
fn hold_everywhere(region: &mut TestRegion, name: KeyName) {
    let replicas = region.key(name).multi_region.expect("multi-Region").replicas;
    let rows: Vec<Row> = region.state.rows().collect();
    region.state = State::from_rows(rows.into_iter().map(|row| match row {
        Row::Material(mut material) if material.key == name => {
            Arc::make_mut(&mut material).held_by = replicas.keys().cloned().collect();
            Row::Material(material)
        }
        other => other,
    }));
}

/// Applies `log` one by one and lets `check` compare before and after.
fn replay(log: &[Step], mut check: impl FnMut(&State, &crate::Applied, &State)) -> State {
    let mut state = inhabited_region();
    for (index, (proposal, aimed)) in (100u64..).zip(log) {
        let before = state.clone();
        let mut proposal = proposal.clone();
        if *aimed {
            aim(&state, &mut proposal.command);
        }
        let applied = state.apply(index, &proposal);
        check(&before, &applied, &state);
    }
    state
}

fn equal_logs_give_equal_states_and_rows_rebuild_them(log: &[Step]) {
    let first = inhabited_region();
    let mut image: BTreeMap<_, _> = first.rows().map(|row| (row.key(), row)).collect();
    let mut first_run = Vec::new();
    let one = replay(log, |_, applied, _| {
        first_run.push(applied.clone());
        for change in applied.changes.clone() {
            let before = match change.after {
                Some(row) => image.insert(change.key, row),
                None => image.remove(&change.key),
            };
            assert_eq!(before, change.before);
        }
    });
    let mut second_run = Vec::new();
    let two = replay(log, |_, applied, _| second_run.push(applied.clone()));
    assert_eq!(first_run, second_run);
    assert_eq!(one, two);
    assert_eq!(State::from_rows(one.rows()), one);
    // The changes alone, in any order, rebuild the same state: this is what the image on disk relies on.
    assert_eq!(State::from_rows(image.into_values().rev()), one);
}

fn a_refused_command_changes_nothing(log: &[Step]) {
    replay(log, |before, applied, after| {
        if applied.result.is_err() {
            assert_eq!(visible_rows(after), visible_rows(before));
            assert!(applied.effects.is_empty() && applied.changes.is_empty());
        }
    });
}

fn states_of(state: &State) -> BTreeMap<KeyName, (u64, KeyState)> {
    let all = state.keys();
    all.map(|key| (key.name, (key.revisions.authz, key.state())))
        .collect()
}

fn authz_revisions_grow_by_one_at_most_and_with_every_change_of_state(log: &[Step]) {
    let mut highest: BTreeMap<KeyName, u64> = BTreeMap::new();
    replay(log, |before, _, after| {
        let before = states_of(before);
        for (name, (revision, state)) in states_of(after) {
            let seen = highest.insert(name, revision).unwrap_or_default();
            match before.get(&name) {
                None => assert!(revision > seen, "a key made again repeats a revision"),
                Some((old, old_state)) => {
                    assert!((*old..=old + 1).contains(&revision));
                    assert!(*old_state == state || revision > *old, "a state changed unseen");
                }
            }
        }
    });
}

fn no_row_outlives_its_key_and_no_material_is_lost_before(log: &[Step]) {
    replay(log, |before, _, after| {
        for row in after.rows() {
            let owner = match &row {
                Row::Material(material) => material.key,
                Row::ImportParameters(parameters) => parameters.key,
                Row::KeyUsage(usage) => usage.key,
                Row::Outbox(outbox) => match outbox.record {
                    RecordId::Key(key) => key,
                    RecordId::Identity(id) => {
                        assert!(has_row(after, id), "{id} is due and has no row");
                        continue;
                    }
                },
                Row::Alias(alias) => KeyName {
                    account: alias.account,
                    key_id: alias.key_id,
                },
                _ => continue,
            };
            assert!(after.key(&owner).is_some(), "{:?} has no key", row.key());
        }
        for row in before.rows() {
            let RowKey::Material(name, id) = row.key() else {
                continue;
            };
            // What was imported and never current may be forgotten.
            let waited = before
                .key(&name)
                .is_some_and(|key| key.imported_pending() == Some(id));
            assert!(waited || after.key(&name).is_none() || after.material(&name, &id).is_some());
        }
        for key in after.keys() {
            let current = key.current_material.iter();
            let pending = key.rotation.pending.iter().map(|pending| &pending.material_id);
            let imported = key.import.iter().flat_map(|import| &import.pending);
            for id in current.chain(pending).chain(imported) {
                assert!(
                    after.material(&key.name, id).is_some(),
                    "a named material is not held"
                );
            }
        }
    });
}

fn a_key_waits_for_its_import_exactly_while_bytes_are_missing(log: &[Step]) {
    replay(log, |_, _, after| {
        for key in after.keys() {
            assert_eq!(key.import.is_some(), key.origin == KeyOrigin::External);
            let waiting = key.imported_pending();
            let rows = after.materials_of(key.name, 0);
            let absent: BTreeSet<_> = rows
                .filter(|material| {
                    assert_eq!(material.imported.is_some(), key.import.is_some());
                    material.wrapped.is_none() && waiting != Some(material.material_id)
                })
                .map(|material| material.material_id)
                .collect();
            assert_eq!(key.import.clone().unwrap_or_default().absent, absent);
            if matches!(key.state(), KeyState::Enabled | KeyState::Updating) {
                let current = key.current_material.and_then(|id| after.material(&key.name, &id));
                assert!(current.is_none_or(|material| material.wrapped.is_some()));
            }
        }
    });
}

fn log_time_and_epochs_never_go_back(log: &[Step]) {
    replay(log, |before, _, after| {
        assert!(after.log_time() >= before.log_time());
        for key in before.keys() {
            let (Some(old), Some(new)) = (&key.multi_region, after.key(&key.name)) else {
                continue;
            };
            let new = new.multi_region.as_ref().expect("a key stays multi-Region");
            assert!(new.stamp() >= old.stamp());
            assert!(new.epoch_promised >= old.epoch_promised);
        }
    });
}

fn has_row(state: &State, id: IdentityId) -> bool {
    match id {
        IdentityId::Account(id) => state.account(id).is_some(),
        IdentityId::AccessKey(id) => state.access_key(&id).is_some(),
    }
}

fn identities_never_go_back_and_have_a_secret_exactly_until_they_are_deleted(log: &[Step]) {
    replay(log, |before, _, after| {
        for old in before.accounts() {
            let new = after.account(old.id).expect("an account keeps its row");
            assert!(new == old || new.revision > old.revision);
            assert_eq!((&new.home, new.creation_date), (&old.home, old.creation_date));
            assert!(old.status != AccountStatus::Deleted || new.status == AccountStatus::Deleted);
        }
        for old in before.access_keys() {
            let new = after.access_key(&old.id).expect("an access key keeps its row");
            assert!(new == old || new.revision > old.revision);
            assert_eq!((&new.home, &new.principal), (&old.home, &old.principal));
            assert!(old.status != AccessKeyStatus::Deleted || new.status == AccessKeyStatus::Deleted);
        }
        for row in after.access_keys() {
            assert_eq!(row.secret.is_none(), row.status == AccessKeyStatus::Deleted);
            let account = after.account(row.principal.account());
            assert_eq!(account.map(|account| &account.home), Some(&row.home));
        }
    });
}

fn check_all(log: &[Step]) {
    identities_never_go_back_and_have_a_secret_exactly_until_they_are_deleted(log);
    equal_logs_give_equal_states_and_rows_rebuild_them(log);
    a_refused_command_changes_nothing(log);
    authz_revisions_grow_by_one_at_most_and_with_every_change_of_state(log);
    no_row_outlives_its_key_and_no_material_is_lost_before(log);
    a_key_waits_for_its_import_exactly_while_bytes_are_missing(log);
    log_time_and_epochs_never_go_back(log);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_properties_hold_in_one_region(log in one_region()) {
        check_all(&log);
    }

    #[test]
    fn the_properties_hold_among_hostile_peers(log in among_peers()) {
        check_all(&log);
    }

    #[test]
    fn apply_does_not_panic_on_an_empty_state_or_at_extremes(
        log in among_peers(),
        index in select(vec![0, 1, u64::MAX]),
    ) {
        let mut state = State::default();
        for (proposal, _) in &log {
            state.apply(index, proposal);
            state.wants_pulse(proposal.time);
        }
    }
}
