//! Accounts and access keys: made, changed and deleted in their home region, followed everywhere else.

use super::any_message::pairing;
use super::test_region::{START, TestRegion, account, make_multi_region, material};
use crate::command::{CreateAccessKey, CreateAccount, SetAccessKeyStatus, SetAccountStatus};
use crate::identity::{AccessKeyStatus, AccountStatus, IdentityId};
use crate::key::WrappedMaterial;
use crate::multi_region::{
    AcceptOutcome, AccessKeyRecord, AccountRecord, IdentityOutcome, IdentityReceipt, IdentityRecord,
    IdentityShipment, MaterialInRecord, RecordId, ReplicaCreation, Shipment, ShipmentBody, due,
    shared_record,
};
use crate::proposal::RequestKey;
use crate::rows::OutboxRow;
use crate::vocabulary::tags::Tags;
use crate::vocabulary::{AccessKeyId, Incarnation, Principal, RegionName};
use crate::{Command, Guard, KmsError, Reply};
use std::sync::Arc;

const DUBLIN: &str = "eu-west-1";
const SINGAPORE: &str = "ap-southeast-1";

fn at(name: &str) -> RegionName {
    name.parse().expect("region")
}

fn user(name: &str) -> Principal {
    format!("arn:aws:iam::{}:user/{name}", account())
        .parse()
        .expect("principal")
}

fn access_key_id(number: u8) -> AccessKeyId {
    AccessKeyId::from_random([number; 10])
}

fn create_account() -> Command {
    Command::CreateAccount(CreateAccount {
        id: account(),
        name: "Payroll".into(),
    })
}

fn set_account(enabled: bool) -> Command {
    let id = account();
    Command::SetAccountStatus(SetAccountStatus { id, enabled })
}

fn create_access_key(number: u8, name: &str) -> Command {
    Command::CreateAccessKey(Box::new(CreateAccessKey {
        id: access_key_id(number),
        principal: user(name),
        secret: material(number).wrapped,
    }))
}

fn set_access_key(number: u8, enabled: bool) -> Command {
    let id = access_key_id(number);
    Command::SetAccessKeyStatus(SetAccessKeyStatus { id, enabled })
}

/// A region with an account and two peers.
fn home() -> TestRegion {
    let mut region = TestRegion::new();
    for peer in [DUBLIN, SINGAPORE] {
        region.run(pairing(at(peer), 1, 1)).expect("paired");
    }
    region.run(create_account()).expect("made");
    region
}

fn outbox(region: &TestRegion, peer: &str, id: IdentityId) -> Option<OutboxRow> {
    let row = region.state.outbox_row(&at(peer), &id.into());
    row.map(|row| OutboxRow::clone(row))
}

fn account_status(region: &TestRegion) -> AccountStatus {
    region.state.account(account()).expect("a row").status
}

fn access_key_status(region: &TestRegion, number: u8) -> AccessKeyStatus {
    region
        .state
        .access_key(&access_key_id(number))
        .expect("a row")
        .status
}

fn receipt(from: &str, id: IdentityId, revision: u64, outcome: IdentityOutcome) -> Command {
    Command::NoteIdentityReceipt(Box::new(IdentityReceipt {
        from: at(from),
        from_incarnation: Incarnation([1; 16]),
        id,
        revision,
        outcome,
    }))
}

fn account_record(status: AccountStatus, revision: u64) -> IdentityRecord<WrappedMaterial> {
    IdentityRecord::Account(AccountRecord {
        id: account(),
        name: "Payroll".into(),
        status,
        creation_date: START,
        revision,
    })
}

fn access_key_record(number: u8, status: AccessKeyStatus, revision: u64) -> IdentityRecord<WrappedMaterial> {
    IdentityRecord::AccessKey(AccessKeyRecord {
        id: access_key_id(number),
        principal: user("app"),
        status,
        creation_date: START,
        revision,
        secret: (status != AccessKeyStatus::Deleted).then(|| material(number).wrapped),
    })
}

/// What becomes of a record that Dublin, or whoever is named, ships here.
fn accept_from(
    region: &mut TestRegion,
    from: &str,
    record: IdentityRecord<WrappedMaterial>,
) -> IdentityOutcome {
    let to = region.state.region().expect("bootstrapped").name.clone();
    let shipment = IdentityShipment {
        from: at(from),
        from_incarnation: Incarnation([1; 16]),
        to,
        record,
    };
    match region.run(Command::AcceptIdentity(Box::new(shipment))) {
        Ok(Reply::IdentityAccepted(outcome)) => outcome,
        other => panic!("{other:?}"),
    }
}

fn refused(outcome: &IdentityOutcome) -> &str {
    match outcome {
        IdentityOutcome::Refused { reason } => reason,
        other => panic!("{other:?}"),
    }
}

/// A region that follows an account of Dublin's.
fn follower() -> TestRegion {
    let mut region = TestRegion::new();
    for peer in [DUBLIN, SINGAPORE] {
        region.run(pairing(at(peer), 1, 1)).expect("paired");
    }
    let adopted = accept_from(&mut region, DUBLIN, account_record(AccountStatus::Active, 1));
    assert_eq!(adopted, IdentityOutcome::Adopted { revision: 1 });
    region
}

#[test]
fn a_change_is_due_to_every_pinned_region_and_counts_one() {
    let mut region = home();
    region.run(create_access_key(1, "app")).expect("made");
    for peer in [DUBLIN, SINGAPORE] {
        assert!(outbox(&region, peer, IdentityId::Account(account())).is_some());
        assert!(outbox(&region, peer, IdentityId::AccessKey(access_key_id(1))).is_some());
    }
    region.run(set_account(false)).expect("disabled");
    let row = region.state.account(account()).expect("a row").clone();
    assert_eq!((row.status, row.revision), (AccountStatus::Disabled, 2));
    let before = region.state.clone();
    region.run(set_account(false)).expect("it is so already");
    assert_eq!(region.state, before);
}

#[test]
fn an_account_id_is_made_once_and_never_again() {
    let mut region = home();
    let (exception, _) = region.refusal(create_account());
    assert_eq!(exception, "AlreadyExistsException");
    region.run(Command::DeleteAccount(account())).expect("deleted");
    assert_eq!(region.state.account_count(), 0);
    let (exception, text) = region.refusal(create_account());
    assert_eq!(exception, "AlreadyExistsException");
    assert!(text.contains("was deleted"), "{text}");
    let (exception, _) = region.refusal(set_account(true));
    assert_eq!(exception, "NotFoundException");
}

#[test]
fn an_account_that_owns_keys_or_active_access_keys_is_not_deleted() {
    let mut region = home();
    region.run(create_access_key(1, "app")).expect("made");
    let (exception, text) = region.refusal(Command::DeleteAccount(account()));
    assert_eq!(exception, "ConflictException");
    assert!(text.contains("0 keys and 1 active access keys"), "{text}");
    region.run(set_access_key(1, false)).expect("disabled");
    let key = region.create(1);
    let (_, text) = region.refusal(Command::DeleteAccount(account()));
    assert!(text.contains("1 keys and 0 active access keys"), "{text}");
    assert!(region.state.key(&key).is_some());
}

#[test]
fn an_access_key_needs_an_active_account_that_has_its_home_here() {
    let mut region = TestRegion::new();
    let (exception, text) = region.refusal(create_access_key(1, "app"));
    assert_eq!(exception, "NotFoundException");
    assert_eq!(text, "account 111122223333 does not exist");
    region.run(create_account()).expect("made");
    region.run(set_account(false)).expect("disabled");
    let (exception, text) = region.refusal(create_access_key(1, "app"));
    assert_eq!(
        (exception, text.as_str()),
        ("ConflictException", "account 111122223333 is disabled")
    );
    region.run(set_account(true)).expect("enabled");
    assert_eq!(
        region.run(create_access_key(1, "app")),
        Ok(Reply::AccessKeyCreated { id: access_key_id(1) })
    );
}

#[test]
fn a_principal_has_two_access_keys_that_are_not_deleted() {
    let mut region = home();
    for number in [1, 2] {
        region.run(create_access_key(number, "app")).expect("made");
    }
    region.run(set_access_key(1, false)).expect("disabled");
    let (exception, _) = region.refusal(create_access_key(3, "app"));
    assert_eq!(exception, "LimitExceededException");
    region.run(create_access_key(3, "other")).expect("another's");
    region
        .run(Command::DeleteAccessKey(access_key_id(1)))
        .expect("deleted");
    region.run(create_access_key(4, "app")).expect("one is gone");
    assert_eq!(region.state.access_key_count(), 3);
    assert_eq!(region.state.access_key_count_of(&user("app")), 2);
    assert_eq!(region.state.active_access_key_count_of(account()), 3);
}

#[test]
fn only_users_without_a_path_have_access_keys() {
    let mut region = home();
    for name in ["root", "user/", "user/a/b", "role/a", "user/a:b", "user/a*"] {
        let mut command = create_access_key(1, "app");
        if let Command::CreateAccessKey(create) = &mut command {
            create.principal = format!("arn:aws:iam::{}:{name}", account())
                .parse()
                .expect("principal");
        }
        let (exception, _) = region.refusal(command);
        assert_eq!(exception, "ValidationException", "{name}");
    }
}

#[test]
fn a_deleted_access_key_leaves_a_row_without_a_secret() {
    let mut region = home();
    region.run(create_access_key(1, "app")).expect("made");
    region
        .run(Command::DeleteAccessKey(access_key_id(1)))
        .expect("deleted");
    let row = region.state.access_key(&access_key_id(1)).expect("a row").clone();
    assert_eq!((row.status, row.revision), (AccessKeyStatus::Deleted, 2));
    assert_eq!(row.secret, None);
    let (exception, _) = region.refusal(set_access_key(1, true));
    assert_eq!(exception, "NotFoundException");
    let (exception, _) = region.refusal(create_access_key(1, "app"));
    assert_eq!(exception, "AlreadyExistsException");
}

#[test]
fn a_secret_that_was_wrapped_under_another_wrapping_key_is_to_be_wrapped_again() {
    let mut region = home();
    let mut command = create_access_key(1, "app");
    if let Command::CreateAccessKey(create) = &mut command {
        create.secret.wrapping_key = 2;
    }
    assert_eq!(region.run(command), Err(KmsError::StaleGuard));
}

#[test]
fn another_region_changes_nothing_and_names_the_home() {
    let mut region = follower();
    let shipped = accept_from(
        &mut region,
        DUBLIN,
        access_key_record(1, AccessKeyStatus::Active, 1),
    );
    assert_eq!(shipped, IdentityOutcome::Adopted { revision: 1 });
    for command in [
        set_account(false),
        Command::DeleteAccount(account()),
        create_access_key(2, "app"),
        set_access_key(1, false),
        Command::DeleteAccessKey(access_key_id(1)),
    ] {
        let (exception, text) = region.refusal(command);
        assert_eq!(exception, "ConflictException");
        assert!(text.contains("has its home in region eu-west-1"), "{text}");
    }
    let (exception, text) = region.refusal(create_account());
    assert_eq!(exception, "AlreadyExistsException");
    assert!(text.contains("eu-west-1"), "{text}");
    assert_eq!(region.state.outbox_len(), 0, "a follower tells nobody");
}

#[test]
fn records_count_by_revision_whatever_their_order() {
    let mut region = follower();
    let record = |status, revision| access_key_record(1, status, revision);
    let disabled = accept_from(&mut region, DUBLIN, record(AccessKeyStatus::Inactive, 2));
    assert_eq!(disabled, IdentityOutcome::Adopted { revision: 2 });
    let older = accept_from(&mut region, DUBLIN, record(AccessKeyStatus::Active, 1));
    assert_eq!(older, IdentityOutcome::Stale { revision: 2 });
    let again = accept_from(&mut region, DUBLIN, record(AccessKeyStatus::Inactive, 2));
    assert_eq!(again, IdentityOutcome::Adopted { revision: 2 });
    let other = accept_from(&mut region, DUBLIN, record(AccessKeyStatus::Active, 2));
    assert_eq!(refused(&other), "another record of revision 2 is held");
    assert_eq!(access_key_status(&region, 1), AccessKeyStatus::Inactive);
}

#[test]
fn what_is_deleted_never_comes_back() {
    let mut region = follower();
    let deleted = accept_from(
        &mut region,
        DUBLIN,
        access_key_record(1, AccessKeyStatus::Deleted, 3),
    );
    assert_eq!(deleted, IdentityOutcome::Adopted { revision: 3 });
    let delayed = accept_from(
        &mut region,
        DUBLIN,
        access_key_record(1, AccessKeyStatus::Active, 1),
    );
    assert_eq!(delayed, IdentityOutcome::Stale { revision: 3 });
    let later = accept_from(
        &mut region,
        DUBLIN,
        access_key_record(1, AccessKeyStatus::Active, 4),
    );
    assert!(refused(&later).contains("stays deleted"));
    accept_from(&mut region, DUBLIN, account_record(AccountStatus::Deleted, 2));
    let later = accept_from(&mut region, DUBLIN, account_record(AccountStatus::Active, 3));
    assert!(refused(&later).contains("stays deleted"));
    assert_eq!(account_status(&region), AccountStatus::Deleted);
}

/// Attack 17: a compromised region speaks for what is not its own, or makes callers of another region's account.
#[test]
fn only_the_home_region_speaks_for_an_account_and_its_access_keys() {
    let mut region = follower();
    accept_from(
        &mut region,
        DUBLIN,
        access_key_record(1, AccessKeyStatus::Inactive, 1),
    );
    for record in [
        account_record(AccountStatus::Disabled, 9),
        access_key_record(1, AccessKeyStatus::Active, 9),
        access_key_record(2, AccessKeyStatus::Active, 1),
    ] {
        let before = region.state.clone();
        let outcome = accept_from(&mut region, SINGAPORE, record);
        assert_eq!(refused(&outcome), "its home is eu-west-1, not ap-southeast-1");
        assert_eq!(region.state, before);
    }
}

/// A replica that Dublin offers of a key of the account.
fn accept_replica(region: &mut TestRegion) -> AcceptOutcome {
    let mut dublin = TestRegion::new();
    let key = dublin.create_with(1, make_multi_region);
    let mut record = shared_record(&dublin.state, &dublin.key(key)).expect("multi-Region");
    let (here, life) = (at("us-east-1"), Incarnation([8; 16]));
    record.stamp.epoch.region = at(DUBLIN);
    record.replicas.insert(here.clone(), life);
    let shipment = Shipment {
        from: at(DUBLIN),
        from_incarnation: Incarnation([1; 16]),
        to: here,
        key,
        body: ShipmentBody::Record {
            record: Box::new(record),
            replica_incarnation: life,
            materials: vec![MaterialInRecord {
                material_id: material(1).material_id,
                rotation_date: None,
                rotation_kind: None,
                material: material(1).wrapped,
            }],
            complete: true,
            creation: Some(ReplicaCreation {
                principal: user("app"),
                description: String::new(),
                policy: String::new(),
                tags: Tags::new(),
            }),
            proofs: Vec::new(),
        },
    };
    match region.run(Command::AcceptShipment(Box::new(shipment))) {
        Ok(Reply::RecordAccepted(outcome)) => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_replica_is_made_for_an_account_that_is_not_active_here() {
    let mut region = follower();
    accept_from(&mut region, DUBLIN, account_record(AccountStatus::Disabled, 2));
    let AcceptOutcome::Refused { reason } = accept_replica(&mut region) else {
        panic!("a disabled account makes no keys");
    };
    assert_eq!(reason, "account 111122223333 is not active here");
    accept_from(&mut region, DUBLIN, account_record(AccountStatus::Active, 3));
    let adopted = accept_replica(&mut region);
    assert!(matches!(adopted, AcceptOutcome::Adopted { .. }), "{adopted:?}");
}

#[test]
fn an_access_key_waits_for_its_account() {
    let mut region = TestRegion::new();
    region.run(pairing(at(DUBLIN), 1, 1)).expect("paired");
    let early = accept_from(
        &mut region,
        DUBLIN,
        access_key_record(1, AccessKeyStatus::Active, 1),
    );
    assert_eq!(refused(&early), "account 111122223333 is not known here");
    let mut home = home();
    home.run(create_access_key(1, "app")).expect("made");
    let due_now = |home: &TestRegion| -> Vec<RecordId> {
        due(&home.state, &at(DUBLIN), home.state.log_time()).collect()
    };
    let account = IdentityId::Account(account());
    assert_eq!(due_now(&home), [RecordId::Identity(account)]);
    home.run(receipt(
        DUBLIN,
        account,
        1,
        IdentityOutcome::Adopted { revision: 1 },
    ))
    .expect("noted");
    let access_key = IdentityId::AccessKey(access_key_id(1));
    assert_eq!(due_now(&home), [RecordId::Identity(access_key)]);
}

#[test]
fn a_record_from_another_life_of_a_region_is_refused() {
    let mut region = follower();
    region.run(pairing(at(DUBLIN), 2, 1)).expect("paired again");
    let outcome = accept_from(&mut region, DUBLIN, account_record(AccountStatus::Disabled, 2));
    assert_eq!(
        refused(&outcome),
        "region eu-west-1 is not pinned in its present life"
    );
}

#[test]
fn the_secret_that_is_held_is_kept() {
    let mut region = follower();
    accept_from(
        &mut region,
        DUBLIN,
        access_key_record(1, AccessKeyStatus::Active, 1),
    );
    let held = region
        .state
        .access_key(&access_key_id(1))
        .and_then(|row| row.secret.clone());
    let mut record = access_key_record(1, AccessKeyStatus::Inactive, 2);
    if let IdentityRecord::AccessKey(record) = &mut record {
        record.secret = None;
    }
    accept_from(&mut region, DUBLIN, record);
    let row = region.state.access_key(&access_key_id(1)).expect("a row");
    assert_eq!((row.status, &row.secret), (AccessKeyStatus::Inactive, &held));
    let mut unknown = access_key_record(2, AccessKeyStatus::Active, 1);
    if let IdentityRecord::AccessKey(record) = &mut unknown {
        record.secret = None;
    }
    let outcome = accept_from(&mut region, DUBLIN, unknown);
    assert_eq!(refused(&outcome), "the secret of the access key is missing");
}

#[test]
fn a_receipt_settles_the_revision_it_names_and_no_newer_one() {
    let mut region = home();
    let id = IdentityId::Account(account());
    region.run(set_account(false)).expect("disabled");
    let adopted = |revision| receipt(DUBLIN, id, revision, IdentityOutcome::Adopted { revision });
    let unsettled = region.run(adopted(1));
    assert_eq!(unsettled, Ok(Reply::AcknowledgementNoted { settled: false }));
    let settled = region.run(adopted(2));
    assert_eq!(settled, Ok(Reply::AcknowledgementNoted { settled: true }));
    assert_eq!(outbox(&region, DUBLIN, id), None);
    assert!(
        outbox(&region, SINGAPORE, id).is_some(),
        "another region's word is its own"
    );
}

#[test]
fn a_receipt_of_a_former_life_settles_nothing() {
    let mut region = home();
    let id = IdentityId::Account(account());
    region.run(pairing(at(DUBLIN), 2, 1)).expect("paired again");
    region
        .run(receipt(DUBLIN, id, 1, IdentityOutcome::Adopted { revision: 1 }))
        .expect("noted");
    assert!(outbox(&region, DUBLIN, id).is_some());
}

#[test]
fn a_refusal_is_a_state_with_a_back_off_that_a_newer_record_ends() {
    let mut region = home();
    let id = IdentityId::Account(account());
    let reason = "its home is eu-west-1";
    let refusal = || IdentityOutcome::Refused {
        reason: reason.into(),
    };
    for count in [1, 2] {
        region.run(receipt(DUBLIN, id, 1, refusal())).expect("noted");
        let refusal = outbox(&region, DUBLIN, id)
            .and_then(|row| row.refusal)
            .expect("kept");
        assert_eq!((refusal.reason.as_str(), refusal.count), (reason, count));
        assert!(refusal.retry_after > region.state.log_time());
    }
    let peer = at(DUBLIN);
    assert_eq!(due(&region.state, &peer, region.state.log_time()).count(), 0);
    region.run(set_account(false)).expect("disabled");
    assert_eq!(due(&region.state, &peer, region.state.log_time()).count(), 1);
}

#[test]
fn a_region_that_is_paired_later_or_lives_anew_is_told_everything() {
    let mut region = TestRegion::new();
    region.run(create_account()).expect("made");
    region.run(create_access_key(1, "app")).expect("made");
    assert_eq!(region.state.outbox_len(), 0);
    region.run(pairing(at(DUBLIN), 1, 1)).expect("paired");
    assert_eq!(region.state.outbox_len(), 2);
    for id in [
        IdentityId::Account(account()),
        IdentityId::AccessKey(access_key_id(1)),
    ] {
        region
            .run(receipt(DUBLIN, id, 1, IdentityOutcome::Adopted { revision: 1 }))
            .expect("noted");
    }
    region.run(pairing(at(DUBLIN), 1, 2)).expect("renewed");
    assert_eq!(region.state.outbox_len(), 0, "the same life has it all");
    region.run(pairing(at(DUBLIN), 2, 1)).expect("a new life");
    assert_eq!(region.state.outbox_len(), 2);
    region.run(Command::MarkAllDirty(at(DUBLIN))).expect("marked");
    assert_eq!(region.state.outbox_len(), 2);
}

#[test]
fn the_home_of_an_account_stays_pinned_and_unpinning_another_region_leaves_nothing_due() {
    let mut region = follower();
    let (_, text) = region.refusal(Command::UnpairRegion(at(DUBLIN)));
    assert!(text.contains("is the home of account 111122223333"), "{text}");
    accept_from(&mut region, DUBLIN, account_record(AccountStatus::Deleted, 2));
    region.run(Command::UnpairRegion(at(DUBLIN))).expect("unpinned");

    let mut region = home();
    region.run(Command::UnpairRegion(at(DUBLIN))).expect("unpinned");
    assert_eq!(outbox(&region, DUBLIN, IdentityId::Account(account())), None);
    assert!(outbox(&region, SINGAPORE, IdentityId::Account(account())).is_some());
}

#[test]
fn a_decision_that_read_an_access_key_or_an_account_goes_stale_with_it() {
    let mut region = home();
    region.run(create_access_key(1, "app")).expect("made");
    let key = region.create(1);
    let guards = |access_key, account_revision| Guard {
        access_keys: vec![(access_key_id(1), access_key)],
        accounts: vec![(account(), account_revision)],
        ..Guard::default()
    };
    let decided = |region: &mut TestRegion, guard| {
        let mut proposal = region.proposal(Command::DisableKey(key));
        proposal.guard = guard;
        region.apply(&proposal).result
    };
    assert_eq!(decided(&mut region, guards(Some(1), Some(1))), Ok(Reply::Done));
    for stale in [
        guards(None, Some(1)),
        guards(Some(1), None),
        guards(Some(2), Some(1)),
    ] {
        assert_eq!(decided(&mut region, stale), Err(KmsError::StaleGuard));
    }
    region.run(set_access_key(1, false)).expect("disabled");
    let stale = decided(&mut region, guards(Some(1), Some(1)));
    assert_eq!(stale, Err(KmsError::StaleGuard));
    region.run(set_account(false)).expect("disabled");
    let stale = decided(&mut region, guards(Some(2), Some(1)));
    assert_eq!(stale, Err(KmsError::StaleGuard));
}

#[test]
fn a_repeated_request_makes_one_access_key_and_its_memory_holds_no_secret() {
    let mut region = home();
    let ask = |region: &mut TestRegion, number: u8| {
        let mut proposal = region.proposal(create_access_key(number, "app"));
        proposal.principal = Some(user("operator"));
        proposal.request = Some(RequestKey {
            operation: "CreateAccessKey".into(),
            id: "1".into(),
            parameters_hash: [7; 32],
        });
        region.apply(&proposal).result
    };
    let made = Ok(Reply::AccessKeyCreated { id: access_key_id(1) });
    assert_eq!(ask(&mut region, 1), made);
    assert_eq!(
        ask(&mut region, 2),
        made,
        "the first one, whatever the second brings"
    );
    assert_eq!(region.state.access_key_count(), 1);
}

#[test]
fn a_fenced_region_changes_no_identity() {
    let mut region = home();
    let rows = region.state.rows().map(|row| match row {
        crate::Row::Region(mut row) => {
            Arc::make_mut(&mut row).fenced = true;
            crate::Row::Region(row)
        }
        other => other,
    });
    region.state = crate::State::from_rows(rows);
    let (exception, text) = region.refusal(set_account(false));
    assert_eq!(exception, "ConflictException");
    assert!(text.contains("fenced"), "{text}");
}
