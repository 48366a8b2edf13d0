//! The one rule, and what a decision names.

use crate::{Caller, Reason, Request, Resource, Verdict, authorize, evaluate};
use kms_domain::key::KeyName;
use kms_domain::vocabulary::{AccountId, KeyId, Timestamp};
use kms_domain::{KmsError, Operation, State};

fn account(text: &str) -> AccountId {
    text.parse().expect("account")
}

fn administrator() -> Caller {
    Caller::Administrator("arn:aws:iam::111122223333:user/alice".parse().expect("principal"))
}

fn key_of(owner: &str) -> KeyName {
    KeyName {
        account: account(owner),
        key_id: KeyId::uuid([7; 16]),
    }
}

fn request<'a>(caller: &'a Caller, resources: Vec<Resource<'a>>) -> Request<'a> {
    Request {
        caller,
        operation: Operation::ScheduleKeyDeletion,
        resources,
    }
}

#[test]
fn an_administrator_may_do_everything_in_its_own_account() {
    let caller = administrator();
    for operation in Operation::ALL {
        let request = Request {
            caller: &caller,
            operation: *operation,
            resources: vec![Resource::Account(account("111122223333"))],
        };
        let authorized = authorize(&State::default(), request).expect("allowed");
        assert_eq!(authorized.operation(), *operation);
        assert_eq!(authorized.decision().reasons, [Reason::AdministersAccount]);
    }
}

#[test]
fn one_resource_of_another_account_denies_the_whole_request() {
    let caller = administrator();
    let own = || Resource::AbsentKey(key_of("111122223333"));
    let foreign = || Resource::AbsentKey(key_of("999999999999"));
    for resources in [vec![foreign()], vec![own(), foreign()], vec![foreign(), own()]] {
        let decision = evaluate(&State::default(), &request(&caller, resources));
        assert_eq!(decision.verdict, Verdict::Deny);
        assert!(decision.reasons.contains(&Reason::OtherAccount));
    }
}

#[test]
fn an_operator_has_no_rights_on_keys_and_nothing_named_is_denied() {
    let caller = Caller::Operator("arn:aws:iam::111122223333:user/op".parse().expect("principal"));
    let own = Resource::Account(account("111122223333"));
    let decision = evaluate(&State::default(), &request(&caller, vec![own]));
    assert_eq!(
        (decision.verdict, decision.reasons),
        (Verdict::Deny, vec![Reason::Operator])
    );
    let caller = administrator();
    let decision = evaluate(&State::default(), &request(&caller, Vec::new()));
    assert_eq!(decision.verdict, Verdict::Deny);
}

#[test]
fn a_denial_says_who_and_what_but_not_whether_the_key_exists() {
    let caller = administrator();
    let foreign = Resource::AbsentKey(key_of("999999999999"));
    let denied = authorize(&State::default(), request(&caller, vec![foreign])).expect_err("denied");
    let error = KmsError::from(*denied);
    assert_eq!(error.exception(), "AccessDeniedException");
    let text = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: \
                kms:ScheduleKeyDeletion on this resource";
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_guard_names_everything_that_was_read_absent_rows_included() {
    let caller = administrator();
    let name = key_of("111122223333");
    let alias: kms_domain::vocabulary::AliasName = "alias/a".parse().expect("alias");
    let resources = vec![
        Resource::AbsentKey(name),
        Resource::Alias(name.account, alias.clone()),
        Resource::Account(name.account),
    ];
    let authorized = authorize(&State::default(), request(&caller, resources)).expect("allowed");
    let guard = authorized.guard(Some(3), Timestamp(5));
    assert_eq!(guard.keys, [(name, None)]);
    assert_eq!(guard.aliases, [(name.account, alias, None)]);
    assert_eq!((guard.wrapping_key, guard.decided_at), (Some(3), Timestamp(5)));
}
