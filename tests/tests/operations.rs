//! The operations: what the API has, what the README says it has, and what the service model has.

use kms_domain::Operation;
use prost::Message;
use prost_types::FileDescriptorSet;
use std::collections::BTreeSet;

const README: &str = include_str!("../../README.md");
const NOT_BUILT: &str = "these are not built yet:";

fn service_model() -> BTreeSet<String> {
    Operation::ALL.iter().map(ToString::to_string).collect()
}

/// The methods of `concord.kms.v1.Kms`, as clients find them by reflection.
fn api() -> BTreeSet<String> {
    let files = FileDescriptorSet::decode(kms_proto::kms::FILE_DESCRIPTOR_SET).unwrap();
    let file = files.file.iter().find(|file| file.package() == "concord.kms.v1");
    let services = &file.unwrap().service;
    let kms = services.iter().find(|service| service.name() == "Kms").unwrap();
    kms.method.iter().map(|method| method.name().to_owned()).collect()
}

/// The words of a text that are operations.
fn operations_in(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let model = service_model();
    words
        .map(str::to_owned)
        .filter(|word| model.contains(word))
        .collect()
}

/// A section of the README, without its heading.
fn section(heading: &str) -> &'static str {
    let after = README.split_once(heading).expect("the README has it").1;
    after.split("\n## ").next().unwrap()
}

#[test]
fn the_readme_lists_exactly_the_operations_of_the_api() {
    let rows = section("\n## What there is\n")
        .lines()
        .filter(|line| line.starts_with('|'));
    let cells: Vec<&str> = rows.filter_map(|row| row.split('|').nth(2)).collect();
    let words: Vec<&str> = cells.iter().flat_map(|cell| cell.split_whitespace()).collect();
    let listed: BTreeSet<String> = words
        .iter()
        .filter(|word| !word.starts_with("---"))
        .map(|word| (*word).to_owned())
        .collect();
    assert_eq!(listed, api());
    assert_eq!(
        operations_in(&cells.join(" ")).len(),
        listed.len(),
        "an operation stands twice"
    );
}

#[test]
fn what_the_readme_calls_not_built_is_the_rest_of_the_service_model() {
    let said = section("\n## What there is\n").split_once(NOT_BUILT).unwrap().1;
    let sentence = said.split('.').next().unwrap();
    let named = operations_in(sentence);
    let not_built: BTreeSet<String> = named.iter().cloned().collect();
    assert_eq!(named.len(), not_built.len(), "an operation stands twice");
    let built = api();
    let (both, all): (Vec<_>, BTreeSet<_>) = (
        built.intersection(&not_built).collect(),
        built.union(&not_built).cloned().collect(),
    );
    assert!(both.is_empty(), "built, and called not built: {both:?}");
    assert_eq!(all, service_model());
    assert_eq!(all.len(), 56);
}
