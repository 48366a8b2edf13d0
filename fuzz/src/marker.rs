//! Pagination markers, as callers bring them back.

use crate::Seed;
use crate::seals::{changed_by, text};
use kms_domain::KmsError;
use kms_domain::vocabulary::AccountId;
use kms_server::operations::marker::Markers;
use std::sync::LazyLock;

static MARKERS: LazyLock<Markers> = LazyLock::new(|| Markers::new(&[7; 32]));

const LISTINGS: [&str; 3] = ["ListKeys", "ListAliases", "ListKeyRotations"];

/// A marker from a caller, one that was given out and changed, and a position to put into one. A marker that opens is
/// the one that is made for its position, in its listing alone; so it has one spelling, and no change of it opens.
pub fn marker(bytes: &[u8]) -> bool {
    let Some(text) = text(bytes) else {
        return false;
    };
    for listing in LISTINGS {
        if let Ok(position) = open(listing, &MARKERS.seal(listing, account(), text)) {
            assert_eq!(position, text);
        }
    }
    let given_out = MARKERS.seal(LISTINGS[0], account(), "position");
    if let Ok(changed) = String::from_utf8(changed_by(given_out.as_bytes(), bytes)) {
        opens(&changed);
    }
    opens(text)
}

fn opens(marker: &str) -> bool {
    let mut opened_in = 0;
    for listing in LISTINGS {
        if let Ok(position) = open(listing, marker) {
            assert_eq!(MARKERS.seal(listing, account(), &position), marker);
            opened_in += 1;
        }
    }
    assert!(opened_in <= 1, "a marker opens in two listings");
    opened_in > 0
}

fn open(listing: &str, marker: &str) -> Result<String, KmsError> {
    MARKERS.open(listing, account(), marker)
}

fn account() -> AccountId {
    "123456789012".parse().expect("an account")
}

/// One of each listing.
pub fn seeds() -> Vec<Seed> {
    let positions = ["mrk-00112233445566778899aabbccddeeff", "alias/payroll", "3"];
    let made = LISTINGS.iter().zip(positions);
    made.map(|(listing, position)| Seed::new(*listing, MARKERS.seal(listing, account(), position)))
        .collect()
}
