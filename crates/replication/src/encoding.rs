//! The encoding of shipments and receipts, which is the log's own.

pub(crate) use kms_storage::encoding::{
    decode_receipt, decode_sealed_shipment, encode_receipt, encode_sealed_shipment,
};
