//! Ids as callers, configurations and peers write them.

use crate::Seed;
use crate::seals::text;
use kms_domain::vocabulary::ids::KeyIdKind;
use kms_domain::vocabulary::{AccountId, Incarnation, KeyId, MaterialId, StoreId};
use std::fmt::{Debug, Display};
use std::str::FromStr;

/// Every kind of id: what parses is shown as it was written, so that one id has one spelling; and the bytes of an id
/// come back from its text.
pub fn key_id(bytes: &[u8]) -> bool {
    if let Some((kind, Some(id))) = bytes.split_first().map(|(kind, rest)| (kind, rest.first_chunk())) {
        let kind = match kind % 2 {
            0 => KeyIdKind::Uuid,
            _ => KeyIdKind::MultiRegion,
        };
        let id = KeyId { kind, bytes: *id };
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    let Some(text) = text(bytes) else {
        return false;
    };
    let parsed = [
        has_one_spelling::<KeyId>(text),
        has_one_spelling::<MaterialId>(text),
        has_one_spelling::<Incarnation>(text),
        has_one_spelling::<StoreId>(text),
        has_one_spelling::<AccountId>(text),
    ];
    parsed.contains(&true)
}

/// Panics when `text` parses as something that is shown otherwise; answers whether it parses.
pub(crate) fn has_one_spelling<T: FromStr + Display + Debug>(text: &str) -> bool {
    let Ok(value) = text.parse::<T>() else {
        return false;
    };
    assert_eq!(value.to_string(), text, "{value:?} has two spellings");
    true
}

/// One of each kind.
pub fn seeds() -> Vec<Seed> {
    [
        ("uuid", KeyId::uuid([0x5a; 16]).to_string()),
        ("multi-region", KeyId::multi_region([0xf0; 16]).to_string()),
        ("material", MaterialId([0x9b; 32]).to_string()),
        ("incarnation", Incarnation([0x0c; 16]).to_string()),
        ("account", "123456789012".to_owned()),
    ]
    .map(|(name, text)| Seed::new(name, text))
    .into()
}
