//! Runs of kmsctl: what they ended with and wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;

use serde_json::Value;

use crate::nodes::{Behaviour, Node, Regions};

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stdout_json(output: &Output) -> Value {
    assert_eq!(code(output), 0, "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One region with one node that does `behaviour`.
pub(crate) fn one_node(behaviour: Behaviour) -> (Regions, Arc<Node>) {
    let mut regions = Regions::new();
    let (node, url) = regions.node("us-east-1", behaviour);
    regions.context("us-east-1", "client", &[&url]);
    (regions, node)
}

/// A file of the test's folder.
pub(crate) fn file(regions: &Regions, name: &str) -> PathBuf {
    regions.folder().join(name)
}

/// The content of a file that nobody else may read.
pub(crate) fn private_file(regions: &Regions, name: &str) -> Vec<u8> {
    let path = file(regions, name);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::read(path).unwrap()
}
