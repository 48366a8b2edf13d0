//! What a run has measured and what it could not show, in words that stay visible when the test passes: on standard
//! error, and in the file that `CONCORD_SUMMARY` names, which `scripts/test` prints at its end.

use std::fs::OpenOptions;
use std::io::Write;

/// Notes a figure of a promise, such as the slowest fail-over.
pub fn figure(promise: &str, text: &str) {
    note(&format!("{promise}: {text}"));
}

/// Notes that a promise was not shown on this machine, and why.
pub fn skipped(promise: &str, why: &str) {
    note(&format!("!!! SKIPPED: {promise}: {why}"));
}

/// A summary that cannot be written fails the test: a figure that nobody sees is none.
#[expect(clippy::print_stderr, reason = "shown at once with --nocapture")]
fn note(line: &str) {
    eprintln!("{line}");
    if let Some(path) = std::env::var_os("CONCORD_SUMMARY") {
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        written.expect("the summary file can be written");
    }
}
