//! The binary itself: what `kmsd` does before it serves anyone.

// In tests a panic is how an expectation fails.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const EXAMPLE: &str = include_str!("../../../cluster-configs/single-node/node-1.toml");

/// A configuration in the given mode; none of the files it names exist.
fn configuration(folder: &Path, mode: &str) -> PathBuf {
    let path = folder.join("node.toml");
    let text = EXAMPLE.replace("mode = \"development\"", &format!("mode = \"{mode}\""));
    std::fs::write(&path, text).unwrap();
    path
}

/// Runs `kmsd run` where no memory can be locked: no allowance, and for root also without the capability that
/// overrides it.
fn run_without_locked_memory(config: &Path) -> String {
    let mut command = Command::new("prlimit");
    command.arg("--memlock=0:0");
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if is_root {
        command.args(["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"]);
    }
    command.arg(env!("CARGO_BIN_EXE_kmsd"));
    let output = command.args(["run", "--config"]).arg(config).output().unwrap();
    assert!(!output.status.success());
    text_of(&output)
}

fn text_of(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn production_does_not_start_without_locked_memory_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let said = run_without_locked_memory(&configuration(folder.path(), "production"));
    assert!(said.contains("cannot lock memory"), "{said}");
    assert!(said.contains("RLIMIT_MEMLOCK"), "{said}");
    // It ended there: the certificates, which do not exist either, were not even looked for.
    assert!(!said.contains("client.pem"), "{said}");
}

#[test]
fn development_warns_that_memory_is_not_locked_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let said = run_without_locked_memory(&configuration(folder.path(), "development"));
    assert!(said.contains("cannot lock memory"), "{said}");
    assert!(said.contains("client.pem"), "{said}");
}

#[test]
fn seal_init_makes_one_private_root_key_and_never_a_second_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("root.key");
    let init = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kmsd"));
        command
            .args(["seal", "init", "--development", "--out"])
            .arg(&file);
        command.output().unwrap()
    };
    assert!(init().status.success());
    let made = std::fs::read(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let again = init();
    assert!(!again.status.success());
    assert!(text_of(&again).contains("never overwritten"));
    assert_eq!(std::fs::read(&file).unwrap(), made);
}

#[test]
fn a_misspelt_setting_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.toml");
    std::fs::write(&path, EXAMPLE.replace("heartbeat_ms", "hartbeat_ms")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_kmsd"))
        .args(["check-config", "--config"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(text_of(&output).contains("hartbeat_ms"));
}
