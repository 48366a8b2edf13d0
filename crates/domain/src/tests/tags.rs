//! TagResource and UntagResource.

use super::test_region::{TestRegion, tags};
use crate::Command;
use crate::command::{TagResource, UntagResource};
use crate::key::KeyName;

fn tag(key: KeyName, pairs: &[(&str, &str)]) -> Command {
    Command::TagResource(TagResource {
        key,
        tags: tags(pairs),
    })
}

fn untag(key: KeyName, keys: &[&str]) -> Command {
    Command::UntagResource(UntagResource {
        key,
        tag_keys: keys.iter().map(|k| (*k).to_owned()).collect(),
    })
}

#[test]
fn tags_are_added_replaced_and_removed() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let before = region.key(name).revisions;
    region.run(tag(name, &[("a", "1"), ("b", "2")])).expect("tagged");
    region.run(tag(name, &[("a", "3")])).expect("replaced");
    region.run(untag(name, &["b", "absent"])).expect("removed");
    let key = region.key(name);
    assert_eq!(key.tags, tags(&[("a", "3")]).into_iter().collect());
    assert_eq!(key.revisions.tags, before.tags + 3);
    assert_eq!(key.revisions.authz, before.authz + 3);
    region.run(tag(name, &[("a", "3")])).expect("nothing new");
    assert_eq!(region.key(name), key);
}

#[test]
fn malformed_reserved_and_repeated_tags_are_refused() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let long_key = "k".repeat(129);
    let long_value = "v".repeat(257);
    let lists: [&[(&str, &str)]; 8] = [
        &[("", "v")],
        &[("aws:x", "v")],
        &[("AwS:x", "v")],
        &[("a", "1"), ("a", "1")],
        &[(&long_key, "v")],
        &[("k", &long_value)],
        &[("k!", "v")],
        &[("k", "tab\t")],
    ];
    for list in lists {
        assert_eq!(region.refusal(tag(name, list)).0, "TagException", "{list:?}");
    }
    for key in ["", "aws:x", &long_key, "k!"] {
        assert_eq!(region.refusal(untag(name, &[key])).0, "TagException", "{key:?}");
    }
}

#[test]
fn tags_at_their_limits_are_accepted() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let (key, value) = ("ü".repeat(128), "ü".repeat(256));
    region
        .run(tag(name, &[(&key, &value), ("a _.:/=+-@", "")]))
        .expect("tagged");
    assert_eq!(region.key(name).tags.len(), 2);
}

#[test]
fn a_key_has_at_most_fifty_tags() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    let names: Vec<String> = (0..51).map(|n| format!("k{n}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "v")).collect();
    assert_eq!(region.refusal(tag(name, &pairs)).0, "TagException");
    region.run(tag(name, &pairs[..50])).expect("fifty");
    assert_eq!(region.refusal(tag(name, &pairs[50..])).0, "TagException");
    region
        .run(tag(name, &[("k7", "w")]))
        .expect("replacing needs no room");
}

#[test]
fn a_key_that_awaits_deletion_keeps_its_tags() {
    let mut region = TestRegion::new();
    let name = region.create(1);
    region.edit(name, |key| {
        key.deletion = Some(crate::key::Deletion {
            pending_window_days: 7,
            shown_date: None,
            deadline: crate::key::DeletionDeadline::StartsAtNextPulse,
        });
    });
    assert_eq!(
        region.refusal(tag(name, &[("a", "b")])).0,
        "KMSInvalidStateException"
    );
    assert_eq!(region.refusal(untag(name, &["a"])).0, "KMSInvalidStateException");
}
