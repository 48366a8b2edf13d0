//! Whatever is encoded decodes to the same value and the same bytes.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use kms_domain::multi_region::{AcceptOutcome, Receipt, Shipment};
use kms_domain::{KmsError, Proposal, Reply, Row};

use super::sample::{Sample, Source};
use super::sample_commands::{COMMAND_KINDS, command_kind};
use super::sample_rows::{
    ERROR_KINDS, OUTCOME_KINDS, REPLY_KINDS, ROW_KINDS, error_kind, outcome_kind, reply_kind, row_kind,
};
use crate::encoding::{
    DecodeError, decode_error, decode_proposal, decode_receipt, decode_reply, decode_row,
    decode_sealed_shipment, encode_error, encode_proposal, encode_receipt, encode_reply, encode_row,
    encode_row_key, encode_sealed_shipment,
};

const SAMPLES: u64 = 1_000;

/// Round trips many values; answers how many kinds there were.
fn kinds_that_return<T: Sample + PartialEq + Debug>(
    encode: impl Fn(&T) -> Vec<u8>,
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    kind: impl Fn(&T) -> usize,
) -> usize {
    let mut kinds = BTreeSet::new();
    for seed in 0..SAMPLES {
        let value: T = Source(seed).draw();
        let bytes = encode(&value);
        let decoded = decode(&bytes).unwrap_or_else(|error| panic!("seed {seed}: {error}: {value:?}"));
        assert_eq!(decoded, value, "seed {seed}");
        assert_eq!(encode(&decoded), bytes, "seed {seed}");
        kinds.insert(kind(&value));
    }
    kinds.len()
}

#[test]
fn every_log_entry_decodes_to_itself() {
    let kinds = kinds_that_return(encode_proposal, decode_proposal, |proposal: &Proposal| {
        command_kind(&proposal.command)
    });
    assert_eq!(kinds, COMMAND_KINDS);
}

#[test]
fn every_row_decodes_to_itself() {
    assert_eq!(kinds_that_return(encode_row, decode_row, row_kind), ROW_KINDS);
}

#[test]
fn every_reply_decodes_to_itself() {
    assert_eq!(
        kinds_that_return(encode_reply, decode_reply, reply_kind),
        REPLY_KINDS
    );
}

#[test]
fn every_refusal_decodes_to_itself() {
    assert_eq!(
        kinds_that_return(encode_error, decode_error, error_kind),
        ERROR_KINDS
    );
}

#[test]
fn every_outcome_of_a_shipment_decodes_to_itself() {
    let kinds = kinds_that_return(encode_receipt, decode_receipt, |receipt: &Receipt| {
        outcome_kind(&receipt.outcome)
    });
    assert_eq!(kinds, OUTCOME_KINDS);
    let as_reply = |outcome: &AcceptOutcome| encode_reply(&Reply::RecordAccepted(outcome.clone()));
    let from_reply = |bytes: &[u8]| match decode_reply(bytes)? {
        Reply::RecordAccepted(outcome) => Ok(outcome),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        kinds_that_return(as_reply, from_reply, outcome_kind),
        OUTCOME_KINDS
    );
}

#[test]
fn a_sealed_shipment_decodes_to_itself() {
    let one_kind = |_: &Shipment<Arc<[u8]>>| 0;
    kinds_that_return(encode_sealed_shipment, decode_sealed_shipment, one_kind);
}

#[test]
fn wrapped_material_never_passes_for_sealed_material() {
    let mut carried = 0;
    for seed in 0..SAMPLES {
        let shipment: Shipment<kms_domain::key::WrappedMaterial> = Source(seed).draw();
        let has_material = matches!(
            &shipment.body,
            kms_domain::multi_region::ShipmentBody::Record { materials, .. } if !materials.is_empty()
        );
        if !has_material {
            continue;
        }
        carried += 1;
        use crate::encoding::wire::Wire;
        use prost::Message;
        let bytes = shipment.to_message().encode_to_vec();
        assert_eq!(
            decode_sealed_shipment(&bytes).err(),
            Some(DecodeError::Missing("sealed material"))
        );
    }
    assert!(carried > 100);
}

#[test]
fn row_keys_sort_as_their_bytes_do() {
    let mut keys: Vec<_> = (0..SAMPLES)
        .map(|seed| Source(seed).draw::<Row>().key())
        .collect();
    // Neighbours that differ in the last place only, where a careless encoding goes wrong.
    let principal: kms_domain::vocabulary::Principal = Source(1).draw();
    for id in [
        "", "\0", "\0\0", "\0a", "a", "a\0", "a\0b", "ab", "a\u{1}", "\u{1}",
    ] {
        for operation in ["", "\0", "a"] {
            keys.push(kms_domain::RowKey::Answer(
                principal.clone(),
                operation.to_owned(),
                id.to_owned(),
            ));
        }
    }
    keys.sort();
    keys.dedup();
    for pair in keys.windows(2) {
        assert!(encode_row_key(&pair[0]) < encode_row_key(&pair[1]), "{pair:?}");
    }
}

#[test]
fn refusals_and_replies_are_not_mistaken_for_one_another() {
    let refusal = encode_error(&KmsError::Validation("x".to_owned()));
    assert!(decode_reply(&refusal).is_err());
}
