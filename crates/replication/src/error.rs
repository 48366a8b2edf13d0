//! What can go wrong between regions. Refusals of a record are not here: they are answers of the protocol.

/// Why a shipment was not sent, not taken, or not answered. The text is shown to operators and never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplicationError {
    /// A key of this region that seals, opens or signs could not be had.
    #[error("a key of this region is not available: {0}")]
    KeyRing(String),
    /// There is no channel to the peer region.
    #[error("no channel: {0}")]
    Dial(String),
    /// The peer region could not be called, or answered with an error of its own.
    #[error("the peer region did not answer: {0}")]
    Call(String),
    /// The peer region answered something that is no answer to what was sent.
    #[error("the peer region's answer does not fit: {0}")]
    Answer(&'static str),
    /// This region did not read or write in time.
    #[error("this region did not answer in time: {0}")]
    Region(String),
    /// A batch of shipments is malformed or over its limits.
    #[error("malformed batch: {0}")]
    Batch(&'static str),
    /// A shipment's signature is not the pinned region's over this shipment between these lives of these regions.
    #[error("the shipment is not signed by the pinned region for this one")]
    Signature,
    /// A peer's new HPKE key is malformed, out of its validity, or not signed by the pinned signing key.
    #[error("the peer region's new HPKE key is not taken: {0}")]
    SealingKey(String),
    /// A shipment does not decode.
    #[error("the shipment does not decode: {0}")]
    Shipment(String),
}
