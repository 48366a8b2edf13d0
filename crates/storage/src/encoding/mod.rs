//! The encoding of what is kept and forwarded: log entries, rows, row keys, replies and refusals.
//!
//! Equal values have equal bytes, since the bytes of rows are hashed to compare nodes; and only those bytes decode,
//! so that a field this version does not know is refused rather than dropped. Decoding is total and its input is
//! bounded. The messages are those of `proto/kms/internal/v1/state.proto`, whose field numbers only grow. Nothing
//! here knows what a command does or where bytes are kept.

mod commands;
mod error;
mod errors;
mod identities;
mod identity_records;
mod imports;
mod key_rows;
mod multi_region;
mod proposals;
mod replies;
mod row_key;
mod rows;
mod wire;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use kms_domain::multi_region::{Parcel, ParcelReceipt};
use kms_domain::{KmsError, Proposal, Reply, Row};
use prost::Message;

pub use error::DecodeError;
pub use row_key::encode_row_key;
use wire::{Wire, canonical_message_from, check_canonical, message_from};

/// Longest log entry, in bytes. The longest command, a shipment with 64 materials and everything a replica is
/// created with, is below half of it.
pub const PROPOSAL_BYTES_MAX: usize = 1 << 20;

/// Longest row, in bytes. The longest, a key with 32 replicas that are all still to be created, is below 6 MiB.
pub const ROW_BYTES_MAX: usize = 8 << 20;

/// Longest reply or refusal, in bytes: a few ids and a sentence that may quote the caller.
pub const OUTCOME_BYTES_MAX: usize = 64 << 10;

/// Longest shipment between regions, in bytes. Sealing adds 1.2 KiB to each of at most 64 materials.
pub const SHIPMENT_BYTES_MAX: usize = 1 << 20;

/// The bytes of a log entry.
pub fn encode_proposal(proposal: &Proposal) -> Vec<u8> {
    proposal.to_message().encode_to_vec()
}

/// The log entry of [`encode_proposal`]. An entry with a command of a later version is
/// [`DecodeError::UnknownCommand`]: the node must stop.
pub fn decode_proposal(bytes: &[u8]) -> Result<Proposal, DecodeError> {
    let message: kms_proto::internal::state::v1::Proposal = message_from(bytes, PROPOSAL_BYTES_MAX)?;
    if message.command.is_none() {
        return Err(DecodeError::UnknownCommand);
    }
    check_canonical(&message, bytes)?;
    Proposal::from_message(message)
}

/// The bytes of a row; they include its key.
pub fn encode_row(row: &Row) -> Vec<u8> {
    row.to_message().encode_to_vec()
}

/// The row of [`encode_row`].
pub fn decode_row(bytes: &[u8]) -> Result<Row, DecodeError> {
    Row::from_message(canonical_message_from(bytes, ROW_BYTES_MAX)?)
}

/// The bytes of a reply.
pub fn encode_reply(reply: &Reply) -> Vec<u8> {
    reply.to_message().encode_to_vec()
}

/// The reply of [`encode_reply`].
pub fn decode_reply(bytes: &[u8]) -> Result<Reply, DecodeError> {
    Reply::from_message(canonical_message_from(bytes, OUTCOME_BYTES_MAX)?)
}

/// The bytes of a refusal.
pub fn encode_error(error: &KmsError) -> Vec<u8> {
    error.to_message().encode_to_vec()
}

/// The refusal of [`encode_error`].
pub fn decode_error(bytes: &[u8]) -> Result<KmsError, DecodeError> {
    KmsError::from_message(canonical_message_from(bytes, OUTCOME_BYTES_MAX)?)
}

/// The bytes of a shipment as it travels between regions, each secret sealed to the addressee.
pub fn encode_sealed_shipment(parcel: &Parcel<Arc<[u8]>>) -> Vec<u8> {
    parcel.to_message().encode_to_vec()
}

/// The shipment of [`encode_sealed_shipment`]; one with wrapped material is refused.
pub fn decode_sealed_shipment(bytes: &[u8]) -> Result<Parcel<Arc<[u8]>>, DecodeError> {
    Parcel::from_message(canonical_message_from(bytes, SHIPMENT_BYTES_MAX)?)
}

/// The bytes of a receipt.
pub fn encode_receipt(receipt: &ParcelReceipt) -> Vec<u8> {
    receipt.to_message().encode_to_vec()
}

/// The receipt of [`encode_receipt`].
pub fn decode_receipt(bytes: &[u8]) -> Result<ParcelReceipt, DecodeError> {
    ParcelReceipt::from_message(canonical_message_from(bytes, OUTCOME_BYTES_MAX)?)
}
