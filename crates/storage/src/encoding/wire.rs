//! How one value and its message correspond, and what optional, repeated and ordered fields share.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use kms_domain::vocabulary::Malformed;
use prost::Message;

use super::DecodeError;

/// A value of the domain and the message that stands for it. Decoding is total: any message gives a value or an
/// error.
pub(super) trait Wire: Sized {
    /// The generated message.
    type Message;

    fn to_message(&self) -> Self::Message;

    fn from_message(message: Self::Message) -> Result<Self, DecodeError>;
}

/// Decodes `bytes` and refuses what this version would have written differently: an unknown field that was dropped
/// here would make nodes disagree about the state.
pub(super) fn message_from<M: Message + Default>(bytes: &[u8], bytes_max: usize) -> Result<M, DecodeError> {
    if bytes.len() > bytes_max {
        return Err(DecodeError::TooLong {
            bytes: bytes.len(),
            bytes_max,
        });
    }
    M::decode(bytes).map_err(|error| DecodeError::NotProtobuf(error.to_string()))
}

/// The second half of [`message_from`], apart so that an unknown command is told from other unknown fields.
pub(super) fn check_canonical(message: &impl Message, bytes: &[u8]) -> Result<(), DecodeError> {
    if message.encoded_len() == bytes.len() && message.encode_to_vec() == bytes {
        Ok(())
    } else {
        Err(DecodeError::NotCanonical)
    }
}

/// [`message_from`] and [`check_canonical`] for everything that is not a log entry.
pub(super) fn canonical_message_from<M: Message + Default>(
    bytes: &[u8],
    bytes_max: usize,
) -> Result<M, DecodeError> {
    let message = message_from::<M>(bytes, bytes_max)?;
    check_canonical(&message, bytes)?;
    Ok(message)
}

/// A sub-message that is always there.
pub(super) fn required<T: Wire>(message: Option<T::Message>, field: &'static str) -> Result<T, DecodeError> {
    T::from_message(message.ok_or(DecodeError::Missing(field))?)
}

/// A sub-message that may be absent.
pub(super) fn optional<T: Wire>(message: Option<T::Message>) -> Result<Option<T>, DecodeError> {
    message.map(T::from_message).transpose()
}

/// Messages of a list, in its order.
pub(super) fn to_list<T: Wire>(values: &[T]) -> Vec<T::Message> {
    values.iter().map(T::to_message).collect()
}

/// A list in the messages' order.
pub(super) fn from_list<T: Wire>(messages: Vec<T::Message>) -> Result<Vec<T>, DecodeError> {
    messages.into_iter().map(T::from_message).collect()
}

/// A map from its entries, which must ascend strictly: equal maps have equal bytes.
pub(super) fn from_entries<K: Ord, V>(
    entries: impl IntoIterator<Item = Result<(K, V), DecodeError>>,
    field: &'static str,
) -> Result<BTreeMap<K, V>, DecodeError> {
    let mut map = BTreeMap::new();
    for entry in entries {
        let (key, value) = entry?;
        if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return Err(DecodeError::NotAscending(field));
        }
        map.insert(key, value);
    }
    Ok(map)
}

/// A text that has a type of its own.
pub(super) fn parsed<T: FromStr<Err = Malformed>>(text: &str, field: &'static str) -> Result<T, DecodeError> {
    text.parse()
        .map_err(|malformed| DecodeError::Malformed { field, malformed })
}

/// Bytes of a fixed length.
pub(super) fn fixed<const N: usize>(bytes: &[u8], field: &'static str) -> Result<[u8; N], DecodeError> {
    bytes.try_into().map_err(|_| DecodeError::WrongLength {
        field,
        bytes: bytes.len(),
        bytes_expected: N,
    })
}

/// Bytes of any length, shared.
pub(super) fn shared(bytes: Vec<u8>) -> Arc<[u8]> {
    Arc::from(bytes)
}

/// An enum's number, which is never zero.
pub(super) fn number<E: TryFrom<i32>>(number: i32, field: &'static str) -> Result<E, DecodeError> {
    E::try_from(number).map_err(|_| unknown_number(number, field))
}

/// The refusal of an enum's number.
pub(super) fn unknown_number(number: i32, field: &'static str) -> DecodeError {
    DecodeError::UnknownNumber { field, number }
}
