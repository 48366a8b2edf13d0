//! Import tokens, as callers bring them back with wrapped key material.

use crate::Seed;
use crate::seals::changed_by;
use crate::world::{NOW, World, multi_region_key, plain_key};
use kms_crypto::import_token::{ImportToken, ImportTokens};
use kms_domain::rows::Region;
use kms_domain::vocabulary::ImportTokenId;
use std::sync::LazyLock;

static TOKENS: LazyLock<ImportTokens> = LazyLock::new(|| ImportTokens::new(&[7; 32]));

/// A token from a caller, and one that was given out and changed: a token that opens is the one that is made for what it
/// says, and opens for its own key alone.
pub fn import_token(bytes: &[u8]) -> bool {
    opens(&changed_by(&given_out(), bytes));
    opens(bytes)
}

fn opens(token: &[u8]) -> bool {
    let opened = TOKENS.open(here(), &plain_key(1), token);
    if let Ok(said) = &opened {
        assert_eq!(TOKENS.seal(here(), &plain_key(1), said), token);
        assert!(TOKENS.open(here(), &multi_region_key(1), token).is_err());
    }
    opened.is_ok()
}

fn given_out() -> Vec<u8> {
    let token = ImportToken {
        id: ImportTokenId([9; 32]),
        expires: NOW.plus_days(1),
    };
    TOKENS.seal(here(), &plain_key(1), &token)
}

fn here() -> &'static Region {
    World::get()
        .here
        .state
        .region()
        .expect("a founded region is there")
}

/// One token.
pub fn seeds() -> Vec<Seed> {
    vec![Seed::new("given-out", given_out())]
}
