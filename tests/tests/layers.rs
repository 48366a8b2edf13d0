//! The house: which crate may use which, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The table of ARCHITECTURE.md.
const ALLOWED: &[(&str, &[&str])] = &[
    ("kms-domain", &[]),
    ("kms-authz", &["kms-domain"]),
    ("kms-crypto", &["kms-domain"]),
    ("kms-proto", &[]),
    ("kms-storage", &["kms-domain", "kms-crypto", "kms-proto"]),
    ("kms-raft", &["kms-domain", "kms-storage", "kms-proto"]),
    (
        "kms-replication",
        &["kms-domain", "kms-crypto", "kms-raft", "kms-proto"],
    ),
    (
        "kms-server",
        &[
            "kms-domain",
            "kms-authz",
            "kms-crypto",
            "kms-proto",
            "kms-storage",
            "kms-raft",
            "kms-replication",
        ],
    ),
    ("kms-cli", &["kms-proto"]),
];

/// Crates that only one other may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("openraft", &["kms-raft"]),
    ("sled", &["kms-storage"]),
    ("redb", &["kms-storage"]),
];

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
            "--manifest-path",
        ])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Normal and build dependencies of each member; tests of a crate may use what they like.
fn dependencies(metadata: &serde_json::Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata["packages"].as_array().unwrap();
    let of = |package: &serde_json::Value| {
        let dependencies = package["dependencies"].as_array().unwrap();
        let named = dependencies.iter().filter(|d| d["kind"] != "dev");
        named.map(|d| d["name"].as_str().unwrap().to_owned()).collect()
    };
    packages
        .iter()
        .map(|p| (p["name"].as_str().unwrap().to_owned(), of(p)))
        .collect()
}

#[test]
fn no_crate_uses_another_than_the_architecture_allows() {
    let dependencies = dependencies(&metadata());
    let members: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    let known: BTreeSet<&str> = ALLOWED
        .iter()
        .map(|(name, _)| *name)
        .chain(["kms-tests", "kms-fuzz"])
        .collect();
    assert_eq!(
        members, known,
        "a crate came or went: say so in ARCHITECTURE.md and here"
    );
    for (name, allowed) in ALLOWED {
        let edges: BTreeSet<&str> = dependencies[*name]
            .iter()
            .map(String::as_str)
            .filter(|d| d.starts_with("kms-"))
            .collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        let forbidden: Vec<_> = edges.difference(&allowed).collect();
        assert!(forbidden.is_empty(), "{name} must not use {forbidden:?}");
    }
}

#[test]
fn engines_are_named_by_one_crate_each() {
    let dependencies = dependencies(&metadata());
    for (engine, only_in) in ONLY_IN {
        for (name, uses) in dependencies.iter().filter(|(name, _)| *name != "kms-tests") {
            assert!(
                !uses.contains(*engine) || only_in.contains(&name.as_str()),
                "{name} must not name {engine}"
            );
        }
    }
}

#[test]
fn pure_crates_have_no_io_among_their_dependencies() {
    let dependencies = dependencies(&metadata());
    for name in ["kms-domain", "kms-authz", "kms-crypto"] {
        for io in ["tokio", "tonic", "nix", "hyper-util", "tempfile"] {
            assert!(
                !dependencies[name].contains(io),
                "{name} is pure and must not use {io}"
            );
        }
    }
}
