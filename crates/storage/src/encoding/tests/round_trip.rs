//! Whatever is encoded decodes to the same value and the same bytes.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use kms_domain::multi_region::{AcceptOutcome, IdentityRecord, Parcel, ParcelReceipt, ShipmentBody};
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
    // Those of identities are one kind more.
    let kinds = kinds_that_return(
        encode_receipt,
        decode_receipt,
        |receipt: &ParcelReceipt| match receipt {
            ParcelReceipt::Key(receipt) => outcome_kind(&receipt.outcome),
            ParcelReceipt::Identity(_) => OUTCOME_KINDS,
        },
    );
    assert_eq!(kinds, OUTCOME_KINDS + 1);
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
    let kind = |parcel: &Parcel<Arc<[u8]>>| usize::from(matches!(parcel, Parcel::Key(_)));
    let kinds = kinds_that_return(encode_sealed_shipment, decode_sealed_shipment, kind);
    assert_eq!(kinds, 2);
}

#[test]
fn wrapped_material_never_passes_for_sealed_material() {
    let mut carried = 0;
    for seed in 0..SAMPLES {
        let parcel: Parcel<kms_domain::key::WrappedMaterial> = Source(seed).draw();
        if !carries_material(&parcel) {
            continue;
        }
        carried += 1;
        use crate::encoding::wire::Wire;
        use prost::Message;
        let bytes = parcel.to_message().encode_to_vec();
        assert_eq!(
            decode_sealed_shipment(&bytes).err(),
            Some(DecodeError::Missing("sealed material"))
        );
    }
    assert!(carried > 100);
}

fn carries_material<M>(parcel: &Parcel<M>) -> bool {
    match parcel {
        Parcel::Key(shipment) => match &shipment.body {
            ShipmentBody::Record { materials, .. } => !materials.is_empty(),
            _ => false,
        },
        Parcel::Identity(shipment) => match &shipment.record {
            IdentityRecord::AccessKey(record) => record.secret.is_some(),
            IdentityRecord::Account(_) => false,
        },
    }
}

/// What each of two messages means alone, one message of both must not.
#[test]
fn a_message_about_a_key_and_an_identity_at_once_is_refused() {
    use crate::encoding::wire::Wire;
    use prost::Message;
    let receipts = (0..SAMPLES).map(|seed| Source(seed).draw::<ParcelReceipt>());
    let (keys, identities): (Vec<_>, Vec<_>) =
        receipts.partition(|receipt| matches!(receipt, ParcelReceipt::Key(_)));
    for (key, identity) in keys.iter().zip(&identities) {
        let mut both = key.to_message();
        both.identity = identity.to_message().identity;
        assert!(decode_receipt(&both.encode_to_vec()).is_err());
    }
    let parcels = (0..SAMPLES).map(|seed| Source(seed).draw::<Parcel<Arc<[u8]>>>());
    let (keys, identities): (Vec<_>, Vec<_>) = parcels.partition(|parcel| matches!(parcel, Parcel::Key(_)));
    for (key, identity) in keys.iter().zip(&identities) {
        let mut both = identity.to_message();
        both.key = key.to_message().key;
        assert!(decode_sealed_shipment(&both.encode_to_vec()).is_err());
    }
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
