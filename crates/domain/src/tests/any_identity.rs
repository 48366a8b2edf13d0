//! Random commands on accounts and access keys: operators', other regions' and hostile ones.

use super::any_message::regions;
use super::test_region::material;
use crate::Command;
use crate::command::{CreateAccessKey, CreateAccount, SetAccessKeyStatus, SetAccountStatus};
use crate::identity::{AccessKeyStatus, AccountStatus, IdentityId};
use crate::key::WrappedMaterial;
use crate::multi_region::{
    AccessKeyRecord, AccountRecord, IdentityOutcome, IdentityReceipt, IdentityRecord, IdentityShipment,
};
use crate::vocabulary::{AccessKeyId, AccountId, Incarnation, Principal, Timestamp};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

/// Few accounts, so that commands meet each other; the first one owns the keys of the other tests.
fn accounts() -> impl Strategy<Value = AccountId> {
    select(vec!["111122223333", "222233334444", "333344445555"]).prop_map(|id| id.parse().expect("account"))
}

fn access_keys() -> impl Strategy<Value = AccessKeyId> {
    (0u8..4).prop_map(|number| AccessKeyId::from_random([number; 10]))
}

fn users() -> impl Strategy<Value = Principal> {
    let names = select(vec!["user/a", "user/b", "root", "user/a/b"]);
    (accounts(), names).prop_map(|(account, name)| {
        format!("arn:aws:iam::{account}:{name}")
            .parse()
            .expect("principal")
    })
}

/// Secrets wrapped under the region's wrapping key, and some under another.
fn secrets() -> impl Strategy<Value = WrappedMaterial> {
    (0u8..4, prop_oneof![9 => Just(1u64), 1 => Just(2)]).prop_map(|(number, wrapping_key)| WrappedMaterial {
        wrapping_key,
        ..material(number).wrapped
    })
}

fn revisions() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 0u64..6, 1 => any::<u64>()]
}

fn records() -> impl Strategy<Value = IdentityRecord<WrappedMaterial>> {
    let account_statuses = select(vec![
        AccountStatus::Active,
        AccountStatus::Disabled,
        AccountStatus::Deleted,
    ]);
    let account = (accounts(), account_statuses, 0u64..2, revisions()).prop_map(
        |(id, status, creation_date, revision)| {
            IdentityRecord::Account(AccountRecord {
                id,
                name: "an account".into(),
                status,
                creation_date: Timestamp(creation_date),
                revision,
            })
        },
    );
    let statuses = select(vec![
        AccessKeyStatus::Active,
        AccessKeyStatus::Inactive,
        AccessKeyStatus::Deleted,
    ]);
    let parts = (
        access_keys(),
        users(),
        statuses,
        0u64..2,
        revisions(),
        option::weighted(0.8, secrets()),
    );
    let access_key = parts.prop_map(|(id, principal, status, creation_date, revision, secret)| {
        IdentityRecord::AccessKey(AccessKeyRecord {
            id,
            principal,
            status,
            creation_date: Timestamp(creation_date),
            revision,
            secret,
        })
    });
    prop_oneof![account, access_key]
}

fn ids() -> impl Strategy<Value = IdentityId> {
    prop_oneof![
        accounts().prop_map(IdentityId::Account),
        access_keys().prop_map(IdentityId::AccessKey),
    ]
}

fn lives() -> impl Strategy<Value = Incarnation> {
    prop_oneof![9 => Just(1u8), 1 => Just(9)].prop_map(|life| Incarnation([life; 16]))
}

fn receipts() -> impl Strategy<Value = Command> {
    let outcomes = (revisions(), 0u8..3).prop_map(|(revision, kind)| match kind {
        0 => IdentityOutcome::Adopted { revision },
        1 => IdentityOutcome::Stale { revision },
        _ => IdentityOutcome::Refused { reason: "no".into() },
    });
    let parts = (regions(), lives(), ids(), revisions(), outcomes);
    parts.prop_map(|(from, from_incarnation, id, revision, outcome)| {
        Command::NoteIdentityReceipt(Box::new(IdentityReceipt {
            from,
            from_incarnation,
            id,
            revision,
            outcome,
        }))
    })
}

pub(super) fn identity_messages() -> impl Strategy<Value = Command> {
    let shipments =
        (regions(), lives(), regions(), records()).prop_map(|(from, from_incarnation, to, record)| {
            Command::AcceptIdentity(Box::new(IdentityShipment {
                from,
                from_incarnation,
                to,
                record,
            }))
        });
    prop_oneof![3 => shipments, 2 => receipts()]
}

pub(super) fn identity_commands() -> impl Strategy<Value = Command> {
    let names = select(vec![String::new(), "Payroll".to_owned(), "x".repeat(51)]);
    let creations =
        (accounts(), names).prop_map(|(id, name)| Command::CreateAccount(CreateAccount { id, name }));
    let access_key_creations = (access_keys(), users(), secrets()).prop_map(|(id, principal, secret)| {
        Command::CreateAccessKey(Box::new(CreateAccessKey {
            id,
            principal,
            secret,
        }))
    });
    prop_oneof![
        3 => creations,
        2 => (accounts(), any::<bool>())
            .prop_map(|(id, enabled)| Command::SetAccountStatus(SetAccountStatus { id, enabled })),
        1 => accounts().prop_map(Command::DeleteAccount),
        4 => access_key_creations,
        2 => (access_keys(), any::<bool>())
            .prop_map(|(id, enabled)| Command::SetAccessKeyStatus(SetAccessKeyStatus { id, enabled })),
        1 => access_keys().prop_map(Command::DeleteAccessKey),
    ]
}
