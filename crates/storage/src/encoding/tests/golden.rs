//! Bytes written by earlier versions still mean what they meant. tests/golden holds a line a value: its name and its
//! bytes in hexadecimal.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fmt::Write;
use std::path::PathBuf;

use super::examples::{proposals, rows};
use super::sample_commands::{COMMAND_KINDS, command_kind};
use super::sample_rows::{ROW_KINDS, row_kind};
use crate::encoding::{
    DecodeError, decode_proposal, decode_row, encode_proposal, encode_row, encode_row_key,
};

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn from_hex(text: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(pair).collect()
}

/// The committed lines of one file. A new kind of value has no line yet: add those that the failing test prints.
fn golden(file: &str) -> Vec<(String, String)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    text.lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, hex)| (name.to_owned(), hex.to_owned()))
        .collect()
}

fn check<T: PartialEq + Debug>(
    file: &str,
    values: &[(&'static str, T)],
    encode: impl Fn(&T) -> Vec<u8>,
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) {
    let committed = golden(file);
    let line_of = |name: &str| {
        committed
            .iter()
            .find(|(committed_name, _)| committed_name == name)
    };
    let missing: Vec<String> = values
        .iter()
        .filter(|(name, _)| line_of(name).is_none())
        .map(|(name, value)| format!("{name} {}", to_hex(&encode(value))))
        .collect();
    assert!(
        missing.is_empty(),
        "{file} lacks these lines:\n{}",
        missing.join("\n")
    );
    for (name, value) in values {
        let encoded = to_hex(&encode(value));
        let Some((_, hex)) = line_of(name) else { continue };
        assert_eq!(decode(&from_hex(hex)).as_ref(), Ok(value), "{file}: {name}");
        assert_eq!(encoded, *hex, "{file}: {name}");
    }
    assert_eq!(
        committed.len(),
        values.len(),
        "{file} has lines that no value stands for"
    );
}

#[test]
fn old_log_entries_still_decode() {
    let values = proposals();
    let kinds: BTreeSet<_> = values
        .iter()
        .map(|(_, value)| command_kind(&value.command))
        .collect();
    assert_eq!(kinds.len(), COMMAND_KINDS);
    check("proposals.txt", &values, encode_proposal, decode_proposal);
}

#[test]
fn old_rows_still_decode() {
    let values = rows();
    let kinds: BTreeSet<_> = values.iter().map(|(_, value)| row_kind(value)).collect();
    assert_eq!(kinds.len(), ROW_KINDS);
    check("rows.txt", &values, encode_row, decode_row);
}

#[test]
fn rows_are_still_held_under_the_same_keys() {
    let committed = golden("row_keys.txt");
    for (name, row) in rows() {
        let encoded = to_hex(&encode_row_key(&row.key()));
        let line = (name.to_owned(), encoded.clone());
        assert!(
            committed.contains(&line),
            "row_keys.txt has no such line:\n{name} {encoded}"
        );
    }
}
