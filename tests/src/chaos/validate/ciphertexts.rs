//! Promise: every ciphertext ever answered decrypts, to what was encrypted, in every region that holds the key.

use crate::chaos::history::{Ciphertext, Finding, Outcome};

const PROMISE: &str = "every answered ciphertext decrypts";

/// How a Decrypt is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// While keys are switched off and nodes die: a disabled key or a missing answer is no finding.
    Running,
    /// At the end, with every node up and every key enabled: nothing but the plaintext will do.
    AtTheEnd,
}

/// Judges one Decrypt of a ciphertext in a region that holds its key.
pub fn judge(
    ciphertext: &Ciphertext,
    region: &str,
    outcome: &Outcome,
    opened: Option<&[u8]>,
    when: When,
) -> Option<Finding> {
    let (key, made_in) = (&ciphertext.key, &ciphertext.region);
    let finding = |what: String| {
        let what = format!("{key}: made in {made_in}, {what} in {region}");
        Some(Finding::new(PROMISE, what))
    };
    match (outcome, opened) {
        (Outcome::Acknowledged, Some(opened)) if opened == ciphertext.plaintext => None,
        (Outcome::Acknowledged, _) => finding("opened to something else".to_owned()),
        (Outcome::Unknown, _) if when == When::Running => None,
        (Outcome::Unknown, _) => finding("not answered".to_owned()),
        (Outcome::Refused(exception), _) if when == When::Running && excused(exception) => None,
        (Outcome::Refused(exception), _) => finding(format!("refused with {exception}")),
    }
}

/// Refusals that faults and switched-off keys explain.
fn excused(exception: &str) -> bool {
    [
        "DisabledException",
        "KMSInvalidStateException",
        "DependencyTimeoutException",
        "ThrottlingException",
        "KMSInternalException",
    ]
    .contains(&exception)
}
