//! Every input in every corpus, findings of earlier runs among them, still keeps every promise of its target.

// In tests a panic is how an expectation fails.
#![allow(clippy::unwrap_used)]

use kms_fuzz::TARGETS;
use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// All corpora together, in bytes: they are committed.
const CORPUS_BYTES_MAX: u64 = 200 << 10;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What lies in a folder, in order of name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The names without extension of the files in `folder` that have this one; for none, of everything.
fn names(folder: &Path, extension: Option<&str>) -> BTreeSet<String> {
    let wanted =
        |path: &&PathBuf| extension.is_none_or(|wanted| path.extension().is_some_and(|e| e == wanted));
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries(folder).iter().filter(wanted).map(name).collect()
}

#[test]
fn every_corpus_runs_without_a_finding() {
    for target in TARGETS {
        let corpus = folder("corpus").join(target.name);
        let inputs = entries(&corpus);
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        for input in inputs {
            let bytes = std::fs::read(&input).unwrap();
            let ran = catch_unwind(|| (target.run)(&bytes));
            assert!(ran.is_ok(), "a finding: {}", input.display());
        }
    }
}

#[test]
fn every_target_accepts_its_seeds_as_they_are_made_now_and_as_they_were_committed() {
    for target in TARGETS {
        for seed in (target.seeds)() {
            let name = format!("{}/{}", target.name, seed.name);
            assert!((target.run)(&seed.bytes), "{name} is refused as it is made now");
            let committed = std::fs::read(folder("corpus").join(&name));
            let committed = committed.unwrap_or_else(|_| {
                panic!("{name} is not committed: cargo run -p kms-fuzz --example seeds writes it")
            });
            assert!((target.run)(&committed), "{name} is refused as it was committed");
        }
    }
}

#[test]
fn corpora_are_small_enough_to_be_committed() {
    let bytes: u64 = entries(&folder("corpus"))
        .iter()
        .flat_map(|corpus| entries(corpus))
        .map(|input| input.metadata().unwrap().len())
        .sum();
    assert!(bytes <= CORPUS_BYTES_MAX, "{bytes} bytes");
}

#[test]
fn every_target_is_known_to_libfuzzer_by_the_same_name() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names(&folder("corpus"), None), targets);
    assert_eq!(names(&folder("fuzz_targets"), Some("rs")), targets);
    assert_eq!(names(&folder("fuzz_targets"), Some("options")), targets);
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let bins: BTreeSet<String> = manifest["bin"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bin| bin["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(bins, targets);
    for target in TARGETS {
        let calls =
            std::fs::read_to_string(folder("fuzz_targets").join(format!("{}.rs", target.name))).unwrap();
        assert!(calls.contains(&format!("kms_fuzz::{0}::{0}(bytes)", target.name)));
    }
}
