//! Bytes that nobody here wrote: an error each, never a panic, never a guess.

use kms_domain::{Proposal, Row};

use super::sample::Source;
use crate::encoding::{
    DecodeError, OUTCOME_BYTES_MAX, PROPOSAL_BYTES_MAX, ROW_BYTES_MAX, decode_error, decode_proposal,
    decode_receipt, decode_reply, decode_row, decode_sealed_shipment, encode_proposal, encode_row,
};

/// Decodes as everything. Whatever does decode is written back as the same bytes.
fn decode_as_everything(bytes: &[u8]) {
    if let Ok(proposal) = decode_proposal(bytes) {
        assert_eq!(encode_proposal(&proposal), bytes);
    }
    if let Ok(row) = decode_row(bytes) {
        assert_eq!(encode_row(&row), bytes);
    }
    let _ = decode_reply(bytes);
    let _ = decode_error(bytes);
    let _ = decode_receipt(bytes);
    let _ = decode_sealed_shipment(bytes);
}

#[test]
fn random_bytes_are_refused_without_panic() {
    let mut source = Source(7);
    for _ in 0..20_000 {
        let length = source.below(64);
        let bytes: Vec<u8> = (0..length).map(|_| source.next() as u8).collect();
        decode_as_everything(&bytes);
    }
}

#[test]
fn every_truncation_is_refused_or_is_another_value() {
    for seed in 0..200 {
        let proposal: Proposal = Source(seed).draw();
        let bytes = encode_proposal(&proposal);
        for length in 0..bytes.len() {
            decode_as_everything(&bytes[..length]);
            assert_ne!(decode_proposal(&bytes[..length]).as_ref(), Ok(&proposal));
        }
    }
}

#[test]
fn a_flipped_bit_never_passes_for_the_original() {
    for seed in 0..60 {
        let row: Row = Source(seed).draw();
        let bytes = encode_row(&row);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            decode_as_everything(&flipped);
            assert_ne!(decode_row(&flipped).as_ref(), Ok(&row));
        }
    }
}

#[test]
fn a_command_of_a_later_version_is_told_from_damage() {
    // Field 200, length-delimited, empty: a command that nobody has invented yet.
    let later = [0x22, 0x00, 0xc2, 0x0c, 0x00];
    assert_eq!(decode_proposal(&later), Err(DecodeError::UnknownCommand));
    assert_eq!(decode_proposal(&[]), Err(DecodeError::UnknownCommand));
}

#[test]
fn a_field_of_a_later_version_is_refused_and_not_dropped() {
    for seed in 0..50 {
        let mut entry = encode_proposal(&Source(seed).draw());
        entry.extend_from_slice(&[0xc2, 0x0c, 0x00]);
        assert_eq!(decode_proposal(&entry), Err(DecodeError::NotCanonical));
        let mut row = encode_row(&Source(seed).draw());
        row.extend_from_slice(&[0xc2, 0x0c, 0x00]);
        assert_eq!(decode_row(&row), Err(DecodeError::NotCanonical));
    }
}

#[test]
fn longer_bytes_than_ever_written_are_refused_unread() {
    let refusals = [
        (
            PROPOSAL_BYTES_MAX,
            decode_proposal(&vec![0; PROPOSAL_BYTES_MAX + 1]).err(),
        ),
        (ROW_BYTES_MAX, decode_row(&vec![0; ROW_BYTES_MAX + 1]).err()),
        (
            OUTCOME_BYTES_MAX,
            decode_error(&vec![0; OUTCOME_BYTES_MAX + 1]).err(),
        ),
    ];
    for (bytes_max, refusal) in refusals {
        let expected = DecodeError::TooLong {
            bytes: bytes_max + 1,
            bytes_max,
        };
        assert_eq!(refusal, Some(expected));
    }
}
