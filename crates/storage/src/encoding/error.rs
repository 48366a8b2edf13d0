//! Why bytes are not what they should be.

use kms_domain::vocabulary::Malformed;

/// Bytes that do not decode. Names the field and never its content, which may be private.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A log entry with a command that this version does not know: a node that meets one stops rather than guess.
    #[error("the log entry holds a command that this version does not know")]
    UnknownCommand,
    /// Longer than anything this version writes.
    #[error("{bytes} bytes, more than {bytes_max}")]
    TooLong {
        /// Length found.
        bytes: usize,
        /// Length allowed.
        bytes_max: usize,
    },
    /// Not Protocol Buffers at all.
    #[error("not a protobuf message: {0}")]
    NotProtobuf(String),
    /// Other bytes than this version would write for the same value, an unknown field for instance.
    #[error("an unknown field, or not the one encoding of its value")]
    NotCanonical,
    /// A field that is always there is absent.
    #[error("{0} is absent")]
    Missing(&'static str),
    /// An enum's number that is zero or unknown.
    #[error("{field} holds the unknown number {number}")]
    UnknownNumber {
        /// The field.
        field: &'static str,
        /// What it holds.
        number: i32,
    },
    /// A text that is not a well-formed value of its type.
    #[error("{field}: {malformed}")]
    Malformed {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        malformed: Malformed,
    },
    /// An id, hash or public key of the wrong length.
    #[error("{field} is {bytes} bytes long instead of {bytes_expected}")]
    WrongLength {
        /// The field.
        field: &'static str,
        /// Length found.
        bytes: usize,
        /// Length required.
        bytes_expected: usize,
    },
    /// A list that stands for a set or a map is not strictly ascending.
    #[error("{0} is not in ascending order")]
    NotAscending(&'static str),
}
