//! CreateAlias, UpdateAlias, DeleteAlias and lists of aliases.

use super::test_region::{TestRegion, account, key_name, set_alias};
use crate::command::DeleteAlias;
use crate::key::{Deletion, DeletionDeadline};
use crate::vocabulary::{AliasName, KeySpec, KeyUsage};
use crate::{Command, Guard, KmsError, Reply};

fn delete(alias: &str) -> Command {
    Command::DeleteAlias(DeleteAlias {
        account: account(),
        alias: alias.parse().expect("alias"),
    })
}

fn create(alias: &str, key: crate::key::KeyName) -> Command {
    Command::CreateAlias(set_alias(alias, key))
}

fn update(alias: &str, key: crate::key::KeyName) -> Command {
    Command::UpdateAlias(set_alias(alias, key))
}

fn await_deletion(region: &mut TestRegion, name: crate::key::KeyName) {
    region.edit(name, |key| {
        key.deletion = Some(Deletion {
            pending_window_days: 30,
            shown_date: None,
            deadline: DeletionDeadline::StartsAtNextPulse,
        });
    });
}

#[test]
fn an_alias_is_made_once_for_an_existing_key() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    assert_eq!(region.run(create("alias/a", name)), Ok(Reply::Done));
    let (exception, text) = region.refusal(create("alias/a", name));
    assert_eq!(exception, "AlreadyExistsException");
    let arn = "arn:aws:kms:us-east-1:111122223333:alias/a";
    assert_eq!(text, format!("An alias with the name {arn} already exists"));
    let missing = region.refusal(create("alias/b", key_name(9)));
    assert_eq!(missing.0, "NotFoundException");
    let reserved = region.refusal(create("alias/aws/s3", name));
    assert_eq!(reserved.0, "InvalidAliasNameException");
}

#[test]
fn an_alias_moves_away_from_a_key_that_awaits_deletion_but_not_towards_it() {
    let mut region = TestRegion::new();
    let (old, new) = (region.create(1), region.create(2));
    region.alias("alias/a", old);
    await_deletion(&mut region, old);
    region.run(update("alias/a", new)).expect("moved away");
    let (exception, text) = region.refusal(update("alias/a", old));
    assert_eq!(exception, "KMSInvalidStateException");
    assert_eq!(text, format!("{} is pending deletion.", region.arn(old)));
    let created = region.refusal(create("alias/b", old));
    assert_eq!(created.0, "KMSInvalidStateException");
}

#[test]
fn an_update_keeps_the_creation_date_and_moves_the_index() {
    let mut region = TestRegion::new();
    let (old, new) = (region.create(1), region.create(2));
    region.alias("alias/a", old);
    let made = region.now;
    region.now = region.now.plus_ms(5);
    region.run(update("alias/a", new)).expect("moved");
    let alias: AliasName = "alias/a".parse().expect("alias");
    let row = region.state.alias(account(), &alias).expect("there");
    assert_eq!(
        (row.creation_date, row.last_updated_date),
        (made, made.plus_ms(5))
    );
    assert_eq!(row.key_id, new.key_id);
    assert_eq!(region.state.aliases_of_key(&old).count(), 0);
    assert_eq!(region.state.aliases_of_key(&new).count(), 1);
    let missing = region.refusal(update("alias/none", new));
    assert_eq!(missing.0, "NotFoundException");
    let arn = "arn:aws:kms:us-east-1:111122223333:alias/none";
    assert_eq!(missing.1, format!("Alias {arn} is not found."));
}

#[test]
fn an_alias_moves_only_between_keys_of_one_type_and_usage() {
    let mut region = TestRegion::new();
    let symmetric = region.create(1);
    let make = |region: &mut TestRegion, number, spec, usage| {
        region.create_with(number, |c| (c.spec, c.usage) = (spec, usage))
    };
    let rsa = make(&mut region, 2, KeySpec::Rsa2048, KeyUsage::EncryptDecrypt);
    let sign = make(&mut region, 3, KeySpec::Rsa2048, KeyUsage::SignVerify);
    let ecc = make(&mut region, 4, KeySpec::EccNistP256, KeyUsage::SignVerify);
    let mac = make(&mut region, 5, KeySpec::Hmac256, KeyUsage::GenerateVerifyMac);
    let mac_512 = make(&mut region, 6, KeySpec::Hmac512, KeyUsage::GenerateVerifyMac);
    for (from, to, moves) in [
        (symmetric, rsa, false),
        (rsa, sign, false),
        (sign, ecc, true),
        (ecc, mac, false),
        (mac, mac_512, true),
        (mac, symmetric, false),
    ] {
        let state = region.state.clone();
        let mut region = TestRegion::new();
        region.state = state;
        region.alias("alias/a", from);
        let result = region.run(update("alias/a", to));
        assert_eq!(result.is_ok(), moves, "{from:?} {to:?}");
        if let Err(refusal) = result {
            assert_eq!(refusal.exception(), "ValidationException");
        }
    }
}

#[test]
fn an_alias_can_be_deleted_whatever_its_key_is_doing() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    region.alias("alias/a", name);
    await_deletion(&mut region, name);
    region.run(delete("alias/a")).expect("deleted");
    let gone = region.refusal(delete("alias/a"));
    assert_eq!(gone.0, "NotFoundException");
    // The service model has InvalidAliasNameException for CreateAlias alone.
    for command in [delete("alias/aws/s3"), update("alias/aws/s3", name)] {
        assert_eq!(region.refusal(command).0, "ValidationException");
    }
    assert_eq!(region.state.alias_count_of(account()), 0);
}

#[test]
fn a_key_has_at_most_fifty_aliases() {
    let mut region = TestRegion::new();
    let (full, other) = (region.create(1), region.create(2));
    for number in 0..50 {
        region.alias(&format!("alias/{number}"), full);
    }
    let refusal = region.refusal(create("alias/50", full));
    assert_eq!(refusal.0, "LimitExceededException");
    region.alias("alias/other", other);
    let moved = region.refusal(update("alias/other", full));
    assert_eq!(moved.0, "LimitExceededException");
    // Pointing an alias to the key that has it needs no room.
    region.run(update("alias/0", full)).expect("same key");
}

#[test]
fn a_decision_through_an_alias_made_again_is_stale() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    region.alias("alias/a", name);
    let alias: AliasName = "alias/a".parse().expect("alias");
    let read = region.state.alias(account(), &alias).expect("there").revision;
    region.run(delete("alias/a")).expect("deleted");
    region.alias("alias/a", name);
    let mut proposal = region.proposal(Command::DisableKey(name));
    proposal.guard = Guard {
        aliases: vec![(account(), alias, Some(read))],
        ..Guard::default()
    };
    assert_eq!(region.apply(&proposal).result, Err(KmsError::StaleGuard));
}

#[test]
fn aliases_are_listed_by_name_within_their_account() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let other = region.create_with(2, |c| c.name.account = "000000000001".parse().expect("account"));
    let later = region.create_with(3, |c| c.name.account = "999999999999".parse().expect("account"));
    for alias in ["alias/b", "alias/a", "alias/-"] {
        region.alias(alias, name);
    }
    region.alias("alias/a", other);
    region.alias("alias/z", later);
    let list = |after: Option<&str>| -> Vec<String> {
        let after = after.map(|a| a.parse().expect("alias"));
        let rows = region.state.aliases_of(account(), after.as_ref());
        rows.map(|row| row.alias.to_string()).collect()
    };
    assert_eq!(list(None), ["alias/-", "alias/a", "alias/b"]);
    assert_eq!(list(Some("alias/-")), ["alias/a", "alias/b"]);
    assert_eq!(list(Some("alias/b")), Vec::<String>::new());
}
