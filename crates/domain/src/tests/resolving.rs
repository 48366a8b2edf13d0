//! What a `KeyId` parameter means.

use super::test_region::{TestRegion, account, key_name};
use crate::vocabulary::KeyReference;
use crate::{Guard, KmsError};

fn reference(text: &str) -> KeyReference {
    text.parse().expect("a key reference")
}

fn region_with_alias() -> TestRegion {
    let mut region = TestRegion::new();
    let name = region.create(1);
    region.alias("alias/a", name);
    region
}

#[test]
fn the_four_forms_name_the_same_key() {
    let region = region_with_alias();
    let id = key_name(1).key_id;
    for text in [
        id.to_string(),
        format!("arn:aws:kms:us-east-1:111122223333:key/{id}"),
        "alias/a".into(),
        "arn:aws:kms:us-east-1:111122223333:alias/a".into(),
    ] {
        let resolved = region.state.resolve(account(), &reference(&text)).expect("found");
        assert_eq!(resolved.name(), key_name(1));
        assert_eq!(resolved.alias.is_some(), text.contains("alias/"));
    }
}

#[test]
fn a_resolution_names_what_it_read() {
    let region = region_with_alias();
    let resolved = region
        .state
        .resolve(account(), &reference("alias/a"))
        .expect("found");
    let mut guard = Guard::default();
    resolved.add_to(&mut guard);
    assert_eq!((guard.keys.len(), guard.aliases.len()), (1, 1));
    assert!(region.state.guard_holds(&guard));
}

#[test]
fn what_does_not_exist_is_not_found_with_its_arn() {
    let region = region_with_alias();
    let refuse = |text: &str| {
        let refusal = region
            .state
            .resolve(account(), &reference(text))
            .expect_err("refused");
        (refusal.exception(), refusal.to_string())
    };
    let id = key_name(9).key_id;
    let arn = format!("arn:aws:kms:us-east-1:111122223333:key/{id}");
    let expected = ("NotFoundException", format!("Key '{arn}' does not exist"));
    assert_eq!(refuse(&id.to_string()), expected);
    assert_eq!(refuse(&arn), expected);
    let arn = "arn:aws:kms:us-east-1:111122223333:alias/b";
    let expected = ("NotFoundException", format!("Alias {arn} is not found."));
    assert_eq!(refuse("alias/b"), expected);
    assert_eq!(refuse(arn), expected);
    let other_account = format!("arn:aws:kms:us-east-1:000000000000:key/{}", key_name(1).key_id);
    assert_eq!(refuse(&other_account).0, "NotFoundException");
}

#[test]
fn an_arn_of_another_region_is_refused() {
    let region = region_with_alias();
    let id = key_name(1).key_id;
    for text in [
        format!("arn:aws:kms:eu-west-1:111122223333:key/{id}"),
        "arn:aws:kms:eu-west-1:111122223333:alias/a".into(),
    ] {
        let refusal = region
            .state
            .resolve(account(), &reference(&text))
            .expect_err("refused");
        assert_eq!(refusal.exception(), "NotFoundException");
        assert_eq!(refusal, KmsError::ArnNotFound("eu-west-1".into()));
    }
}

#[test]
fn an_alias_is_refused_where_only_a_key_may_be_named() {
    let region = region_with_alias();
    for text in ["alias/a", "arn:aws:kms:us-east-1:111122223333:alias/a"] {
        let refusal = region.state.resolve_without_alias(account(), &reference(text));
        assert_eq!(refusal.expect_err("refused"), KmsError::InvalidKeyId(text.into()));
    }
    let id = reference(&key_name(1).key_id.to_string());
    assert!(region.state.resolve_without_alias(account(), &id).is_ok());
}
