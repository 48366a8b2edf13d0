//! The messages of kms.proto as AWS JSON 1.1 has them.

mod codec;
mod shapes;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use codec::Shape;

use codec::{Reading, Value};
use prost::Message;
use zeroize::Zeroizing;

/// Why a body is not the request that it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// No JSON, or a member of another type: SerializationException.
    Serialization(String),
    /// A required member is absent: ValidationException.
    Validation(String),
}

/// Reads a request.
pub(crate) fn read<S: Shape>(body: &[u8]) -> Result<S, ReadError> {
    let members = value::parse(body).map_err(|malformed| ReadError::Serialization(malformed.0.to_owned()))?;
    let mut reading = Reading::default();
    let shape = S::read_members(members, &mut reading).map_err(|wrong| ReadError::Serialization(wrong.0))?;
    match reading.validation_errors() {
        None => Ok(shape),
        Some(errors) => Err(ReadError::Validation(errors)),
    }
}

/// Writes an answer; nothing at all for a shape without members, as AWS does. It may hold plaintext.
pub(crate) fn write<S: Shape>(answer: &S) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::new());
    if !S::MEMBERS.is_empty() {
        out.reserve(usual_bytes(answer));
        answer.to_json(&mut out);
    }
    out
}

/// Room for an answer that holds a plaintext, so that it does not grow and leave copies of it behind. A blob becomes larger
/// by a third, rounded up, and two quotes; the rest is for the names.
fn usual_bytes(answer: &impl Message) -> usize {
    const NAMES_BYTES: usize = 512;
    NAMES_BYTES + 2 * answer.encoded_len()
}

/// The body of an error.
pub(crate) fn error(exception: &str, message: Option<&str>) -> Vec<u8> {
    let mut out = b"{\"__type\":".to_vec();
    codec::write_text(exception, &mut out);
    if let Some(message) = message {
        out.extend_from_slice(b",\"message\":");
        codec::write_text(message, &mut out);
    }
    out.push(b'}');
    out
}
