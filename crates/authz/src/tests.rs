//! The one rule, who is let in at all, and what a decision names.

use crate::{Caller, Reason, Request, Resource, Verdict, authorize, evaluate};
use kms_domain::command::{Bootstrap, CreateAccessKey, CreateAccount, SetAccessKeyStatus, SetAccountStatus};
use kms_domain::key::{KeyName, WrappedMaterial};
use kms_domain::rows::{HpkeKeyRow, WrappingKeyRow};
use kms_domain::vocabulary::{AccessKeyId, AccountId, Incarnation, KeyId, Timestamp};
use kms_domain::{Command, Guard, KmsError, Operation, Proposal, State};

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

/// A region in which account 111122223333 has a row and an access key of its user.
struct Identities {
    state: State,
    log_index: u64,
}

const USER: &str = "arn:aws:iam::111122223333:user/app";

impl Identities {
    fn new() -> Self {
        let mut identities = Self {
            state: State::default(),
            log_index: 0,
        };
        identities.run(bootstrap());
        identities.run(Command::CreateAccount(CreateAccount {
            id: account("111122223333"),
            name: "Payroll".into(),
        }));
        identities.run(Command::CreateAccessKey(Box::new(CreateAccessKey {
            id: access_key_id(),
            principal: USER.parse().expect("principal"),
            secret: WrappedMaterial {
                wrapping_key: 1,
                bytes: [0; 40].into(),
            },
        })));
        identities
    }

    fn run(&mut self, command: Command) {
        self.log_index += 1;
        let proposal = Proposal {
            time: Timestamp(1),
            principal: None,
            request: None,
            guard: Guard::default(),
            command,
        };
        let applied = self.state.apply(self.log_index, &proposal);
        assert!(applied.result.is_ok(), "{:?}", applied.result);
    }

    fn set_account(&mut self, enabled: bool) {
        let id = account("111122223333");
        self.run(Command::SetAccountStatus(SetAccountStatus { id, enabled }));
    }

    fn set_access_key(&mut self, enabled: bool) {
        let id = access_key_id();
        self.run(Command::SetAccessKeyStatus(SetAccessKeyStatus { id, enabled }));
    }

    fn decide(&self, caller: &Caller) -> (Verdict, Vec<Reason>) {
        let own = Resource::Account(account("111122223333"));
        let decision = evaluate(&self.state, &request(caller, vec![own]));
        (decision.verdict, decision.reasons)
    }
}

fn access_key_id() -> AccessKeyId {
    AccessKeyId::from_random([7; 10])
}

fn signer(revision: u64) -> Caller {
    Caller::AccessKey {
        principal: USER.parse().expect("principal"),
        id: access_key_id(),
        revision,
    }
}

fn bootstrap() -> Command {
    Command::Bootstrap(Bootstrap {
        cluster: "test".into(),
        region: "us-east-1".parse().expect("region"),
        incarnation: Incarnation([1; 16]),
        wrapping_key: WrappingKeyRow {
            id: 1,
            root_key_id: [1; 16],
            wrapped: [0; 40].into(),
            retired: false,
        },
        hpke_key: HpkeKeyRow {
            id: 1,
            public: [2; 32].into(),
            private_wrapped: [3; 60].into(),
            valid_until: Timestamp(1),
            signature: [4; 64].into(),
        },
        signing_public: [5; 32],
        signing_private_wrapped: [6; 60].into(),
        feature_level: 1,
    })
}

fn allowed() -> (Verdict, Vec<Reason>) {
    (Verdict::Allow, vec![Reason::AdministersAccount])
}

fn denied(reason: Reason) -> (Verdict, Vec<Reason>) {
    (Verdict::Deny, vec![reason])
}

#[test]
fn an_active_access_key_administers_its_account_and_no_other() {
    let identities = Identities::new();
    assert_eq!(identities.decide(&signer(1)), allowed());
    let foreign = Resource::AbsentKey(key_of("999999999999"));
    let decision = evaluate(&identities.state, &request(&signer(1), vec![foreign]));
    assert_eq!(decision.reasons, [Reason::OtherAccount]);
}

#[test]
fn an_access_key_that_is_not_active_at_that_very_revision_proves_nothing() {
    let mut identities = Identities::new();
    let ended = denied(Reason::AccessKeyEnded);
    assert_eq!(identities.decide(&signer(0)), ended);
    identities.set_access_key(false);
    for revision in [1, 2] {
        assert_eq!(identities.decide(&signer(revision)), ended);
    }
    identities.set_access_key(true);
    assert_eq!(identities.decide(&signer(1)), ended);
    assert_eq!(identities.decide(&signer(3)), allowed());
    identities.run(Command::DeleteAccessKey(access_key_id()));
    assert_eq!(identities.decide(&signer(4)), ended);
    let nobody = State::default();
    let own = Resource::Account(account("111122223333"));
    let decision = evaluate(&nobody, &request(&signer(1), vec![own]));
    assert_eq!(decision.reasons, [Reason::AccessKeyEnded]);
}

#[test]
fn an_access_key_proves_its_own_principal_only() {
    let identities = Identities::new();
    let other = Caller::AccessKey {
        principal: "arn:aws:iam::111122223333:user/other".parse().expect("principal"),
        id: access_key_id(),
        revision: 1,
    };
    assert_eq!(identities.decide(&other), denied(Reason::AccessKeyEnded));
}

#[test]
fn nobody_acts_in_an_account_that_is_disabled_or_deleted() {
    let mut identities = Identities::new();
    identities.set_account(false);
    for caller in [signer(1), administrator()] {
        assert_eq!(identities.decide(&caller), denied(Reason::AccountNotActive));
    }
    identities.set_account(true);
    for caller in [signer(1), administrator()] {
        assert_eq!(identities.decide(&caller), allowed());
    }
    identities.set_access_key(false);
    identities.run(Command::DeleteAccount(account("111122223333")));
    assert_eq!(
        identities.decide(&administrator()),
        denied(Reason::AccountNotActive)
    );
}

#[test]
fn a_signer_whose_access_key_or_account_ended_is_told_so_and_not_what_it_may_do() {
    let mut identities = Identities::new();
    let refusal = |identities: &Identities, caller: &Caller| {
        let own = Resource::Account(account("111122223333"));
        let denied = authorize(&identities.state, request(caller, vec![own])).expect_err("denied");
        KmsError::from(*denied)
    };
    assert_eq!(refusal(&identities, &signer(9)), KmsError::AccessKeyEnded);
    identities.set_account(false);
    assert_eq!(refusal(&identities, &signer(1)), KmsError::AccessKeyEnded);
    let certificate = refusal(&identities, &administrator());
    assert_eq!(certificate.exception(), "AccessDeniedException");
}

#[test]
fn a_guard_names_the_access_key_and_the_account_absent_ones_included() {
    let identities = Identities::new();
    let id = account("111122223333");
    let guard_of = |state: &State, caller: &Caller| {
        let decision = evaluate(state, &request(caller, vec![Resource::Account(id)]));
        (decision.depended_on.access_keys, decision.depended_on.accounts)
    };
    let read = (vec![(access_key_id(), Some(1))], vec![(id, Some(1))]);
    assert_eq!(guard_of(&identities.state, &signer(1)), read);
    let absent = (vec![(access_key_id(), None)], vec![(id, None)]);
    assert_eq!(guard_of(&State::default(), &signer(1)), absent);
    let certificate = (Vec::new(), vec![(id, Some(1))]);
    assert_eq!(guard_of(&identities.state, &administrator()), certificate);
}
