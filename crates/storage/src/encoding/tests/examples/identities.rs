//! Values of everything about accounts and access keys.

use std::sync::Arc;

use kms_domain::command::{CreateAccessKey, CreateAccount, SetAccessKeyStatus, SetAccountStatus};
use kms_domain::identity::IdentityId;
use kms_domain::key::WrappedMaterial;
use kms_domain::multi_region::{
    AccessKeyRecord, AccountRecord, IdentityOutcome, IdentityReceipt, IdentityRecord, IdentityShipment,
};
use kms_domain::rows::{AccessKey, AccessKeyStatus, Account, AccountStatus, Answer, OutboxRow};
use kms_domain::vocabulary::AccessKeyId;
use kms_domain::{Command, Guard, Proposal, Reply, Row};

use super::{NOW, account, incarnation, other_region, principal, proposal, region, wrapped};

fn access_key_id() -> AccessKeyId {
    AccessKeyId::from_random([0x81; 10])
}

fn account_row() -> Account {
    Account {
        id: account(),
        name: "Zoë's payroll".to_owned(),
        status: AccountStatus::Disabled,
        creation_date: NOW,
        home: region(),
        revision: 4,
    }
}

fn access_key_row() -> AccessKey {
    AccessKey {
        id: access_key_id(),
        principal: principal(),
        status: AccessKeyStatus::Inactive,
        creation_date: NOW,
        home: region(),
        revision: 5,
        secret: Some(wrapped()),
    }
}

fn shipped(record: IdentityRecord<WrappedMaterial>) -> Command {
    Command::AcceptIdentity(Box::new(IdentityShipment {
        from: region(),
        from_incarnation: incarnation(),
        to: other_region(),
        record,
    }))
}

fn account_record() -> AccountRecord {
    AccountRecord::from(&account_row())
}

fn access_key_record() -> AccessKeyRecord<WrappedMaterial> {
    AccessKeyRecord {
        id: access_key_id(),
        principal: principal(),
        status: AccessKeyStatus::Active,
        creation_date: NOW,
        revision: 6,
        secret: Some(wrapped()),
    }
}

fn noted(id: IdentityId, outcome: IdentityOutcome) -> Command {
    Command::NoteIdentityReceipt(Box::new(IdentityReceipt {
        from: other_region(),
        from_incarnation: incarnation(),
        id,
        revision: 6,
        outcome,
    }))
}

pub(super) fn identity_commands() -> Vec<(&'static str, Command)> {
    let id = access_key_id();
    let deleted = AccessKeyRecord {
        status: AccessKeyStatus::Deleted,
        secret: None,
        ..access_key_record()
    };
    let refused = IdentityOutcome::Refused {
        reason: "its home is eu-west-1".to_owned(),
    };
    let create = CreateAccessKey {
        id,
        principal: principal(),
        secret: wrapped(),
    };
    let set_account = SetAccountStatus {
        id: account(),
        enabled: true,
    };
    let create_account = CreateAccount {
        id: account(),
        name: "Zoë's payroll".to_owned(),
    };
    vec![
        ("create-account", Command::CreateAccount(create_account)),
        ("set-account-status", Command::SetAccountStatus(set_account)),
        ("delete-account", Command::DeleteAccount(account())),
        ("create-access-key", Command::CreateAccessKey(Box::new(create))),
        (
            "set-access-key-status",
            Command::SetAccessKeyStatus(SetAccessKeyStatus { id, enabled: true }),
        ),
        ("delete-access-key", Command::DeleteAccessKey(id)),
        (
            "accept-identity-account",
            shipped(IdentityRecord::Account(account_record())),
        ),
        (
            "accept-identity-access-key",
            shipped(IdentityRecord::AccessKey(access_key_record())),
        ),
        (
            "accept-identity-access-key-deleted",
            shipped(IdentityRecord::AccessKey(deleted)),
        ),
        (
            "note-identity-receipt-adopted",
            noted(
                IdentityId::Account(account()),
                IdentityOutcome::Adopted { revision: 6 },
            ),
        ),
        (
            "note-identity-receipt-stale",
            noted(IdentityId::AccessKey(id), IdentityOutcome::Stale { revision: 7 }),
        ),
        (
            "note-identity-receipt-refused",
            noted(IdentityId::AccessKey(id), refused),
        ),
    ]
}

/// A log entry whose decision read access keys and accounts.
pub(super) fn guarded_by_identities() -> (&'static str, Proposal) {
    let create = proposal(Command::DeleteAccount(account()));
    let guard = Guard {
        access_keys: vec![
            (access_key_id(), Some(5)),
            (AccessKeyId::from_random([0x82; 10]), None),
        ],
        accounts: vec![(account(), Some(4)), (account(), None)],
        ..create.guard.clone()
    };
    ("guarded-by-identities", Proposal { guard, ..create })
}

pub(super) fn identity_rows() -> Vec<(&'static str, Row)> {
    let deleted = AccessKey {
        status: AccessKeyStatus::Deleted,
        secret: None,
        ..access_key_row()
    };
    let outbox = |id: IdentityId| OutboxRow {
        peer: other_region(),
        record: id.into(),
        since: NOW,
        refusal: None,
    };
    let answer = Answer {
        principal: principal(),
        operation: "CreateAccessKey".to_owned(),
        request_id: "2f1d".to_owned(),
        parameters_hash: [0x77; 32],
        reply: Reply::AccessKeyCreated { id: access_key_id() },
        remembered_at: NOW,
        sequence: 78,
    };
    vec![
        ("account", Row::Account(Arc::new(account_row()))),
        ("access-key", Row::AccessKey(Arc::new(access_key_row()))),
        ("access-key-deleted", Row::AccessKey(Arc::new(deleted))),
        (
            "outbox-account",
            Row::Outbox(Arc::new(outbox(IdentityId::Account(account())))),
        ),
        (
            "outbox-access-key",
            Row::Outbox(Arc::new(outbox(IdentityId::AccessKey(access_key_id())))),
        ),
        ("answer-access-key", Row::Answer(Arc::new(answer))),
    ]
}
