//! How the members of a shape travel: text, numbers and booleans as they are, blobs in base64, times as seconds since
//! 1970 with milliseconds, lists, maps and shapes within shapes.
//!
//! A request's member that is `null` is absent, and one that no shape knows is ignored. In an answer an absent member
//! is left out. That a required member is absent is said here, because past this place an absent text and an empty one
//! are the same; every other rule belongs to the operations.

use super::value::{Json, Members};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use prost_types::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Absent members that a message names; the number says how many there are.
const ABSENT_SHOWN_MAX: usize = 10;

/// Times that a member may have: the years 1 to 9999, as `google.protobuf.Timestamp` has them.
const SECONDS_MIN: f64 = -62_135_596_800.0;
const SECONDS_MAX: f64 = 253_402_300_799.0;

/// The name of a member that the service model has not: Concord's own, for gRPC only.
pub(super) const NOT_IN_THE_MODEL: &str = "-";

/// A member's value has another type or form than its shape says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongType(pub(super) String);

fn wrong_type<T>(found: &Json<'_>, wanted: &str) -> Result<T, WrongType> {
    Err(WrongType(match found {
        Json::List(_) => "Start of list found where not expected".to_owned(),
        Json::Object(_) => "Start of structure or map found where not expected.".to_owned(),
        scalar => format!("{} can not be converted to {wanted}", scalar.kind()),
    }))
}

/// A request that is being read.
#[derive(Default)]
pub(crate) struct Reading {
    /// Where the reader is, as validation messages spell it: `tags.1.member.tagKey`.
    path: String,
    absent: usize,
    shown: Vec<String>,
}

impl Reading {
    /// Reads one member out of an object's.
    pub(super) fn member<M: Member>(
        &mut self,
        given: &mut Members<'_>,
        name: &str,
        required: bool,
    ) -> Result<M, WrongType> {
        let value = match name {
            NOT_IN_THE_MODEL => None,
            _ => given.remove(name).filter(|value| !matches!(value, Json::Null)),
        };
        let here = self.path.len();
        self.step_into(name);
        if value.is_none() && (required || M::REQUIRED) {
            self.note_absent();
        }
        let member = M::read(value, self);
        self.path.truncate(here);
        member
    }

    fn element<V: Value>(&mut self, position: usize, value: Json<'_>) -> Result<V, WrongType> {
        let here = self.path.len();
        self.path.push_str(&format!(".{}.member", position + 1));
        let element = V::from_json(value, self);
        self.path.truncate(here);
        element
    }

    fn step_into(&mut self, name: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        let mut characters = name.chars();
        self.path
            .extend(characters.next().map(|first| first.to_ascii_lowercase()));
        self.path.push_str(characters.as_str());
    }

    fn note_absent(&mut self) {
        self.absent += 1;
        if self.shown.len() < ABSENT_SHOWN_MAX {
            self.shown.push(format!(
                "Value null at '{}' failed to satisfy constraint: Member must not be null",
                self.path
            ));
        }
    }

    /// The validation message, if a required member was absent.
    pub(super) fn validation_errors(&self) -> Option<String> {
        let plural = if self.absent == 1 { "" } else { "s" };
        (self.absent > 0).then(|| {
            format!(
                "{} validation error{plural} detected: {}",
                self.absent,
                self.shown.join("; ")
            )
        })
    }
}

/// The members of an object that is being written.
pub(crate) struct Writing<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl<'o> Writing<'o> {
    pub(super) fn begin(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }

    /// Writes a member unless it is absent; an empty list counts as absent unless it is to be shown `always`.
    pub(super) fn member<M: Member>(&mut self, name: &str, member: &M, always: bool) {
        if name == NOT_IN_THE_MODEL || !(member.is_present() || always) {
            return;
        }
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        write_text(name, self.out);
        self.out.push(b':');
        member.write(self.out);
    }
}

/// A shape of the service model: its members by both names, read and written.
pub(crate) trait Shape: Message + Sized {
    /// Field name and member name of each member, in the order of the fields.
    const MEMBERS: &'static [(&'static str, &'static str)];

    /// Takes the members that it knows.
    fn read_members(given: Members<'_>, reading: &mut Reading) -> Result<Self, WrongType>;

    /// Writes those that are present.
    fn write_members(&self, writing: &mut Writing<'_>);
}

/// A member of a shape, which may be absent.
pub(crate) trait Member: Sized {
    /// Whether a request without it breaks the service model, whatever the shape.
    const REQUIRED: bool = false;

    fn read(value: Option<Json<'_>>, reading: &mut Reading) -> Result<Self, WrongType>;

    fn is_present(&self) -> bool;

    /// Writes the value of a member that is present or always shown.
    fn write(&self, out: &mut Vec<u8>);
}

/// A value on its own.
pub(crate) trait Value: Sized {
    fn from_json(value: Json<'_>, reading: &mut Reading) -> Result<Self, WrongType>;

    fn to_json(&self, out: &mut Vec<u8>);
}

impl<V: Value> Member for Option<V> {
    fn read(value: Option<Json<'_>>, reading: &mut Reading) -> Result<Self, WrongType> {
        value.map(|value| V::from_json(value, reading)).transpose()
    }

    fn is_present(&self) -> bool {
        self.is_some()
    }

    fn write(&self, out: &mut Vec<u8>) {
        if let Some(value) = self {
            value.to_json(out);
        }
    }
}

/// Members that are always meaningful in an answer and required in a request.
macro_rules! always_meaningful {
    ($($type:ty),+) => {
        $(impl Member for $type {
            const REQUIRED: bool = true;

            fn read(value: Option<Json<'_>>, reading: &mut Reading) -> Result<Self, WrongType> {
                value.map_or_else(|| Ok(Self::default()), |value| Self::from_json(value, reading))
            }

            fn is_present(&self) -> bool {
                true
            }

            fn write(&self, out: &mut Vec<u8>) {
                self.to_json(out);
            }
        })+
    };
}

always_meaningful!(String, Vec<u8>, bool, i32);

/// Members whose emptiness is their absence.
macro_rules! absent_when_empty {
    ($(<$parameter:ident> $type:ty),+) => {
        $(impl<$parameter: Value> Member for $type {
            fn read(value: Option<Json<'_>>, reading: &mut Reading) -> Result<Self, WrongType> {
                value.map_or_else(|| Ok(Self::new()), |value| Self::from_json(value, reading))
            }

            fn is_present(&self) -> bool {
                !self.is_empty()
            }

            fn write(&self, out: &mut Vec<u8>) {
                self.to_json(out);
            }
        })+
    };
}

absent_when_empty!(<V> Vec<V>, <V> BTreeMap<String, V>);

impl Value for String {
    fn from_json(value: Json<'_>, _: &mut Reading) -> Result<Self, WrongType> {
        match value {
            Json::Text(text) => Ok(text.into_owned()),
            other => wrong_type(&other, "a String"),
        }
    }

    fn to_json(&self, out: &mut Vec<u8>) {
        write_text(self, out);
    }
}

impl Value for Vec<u8> {
    fn from_json(value: Json<'_>, _: &mut Reading) -> Result<Self, WrongType> {
        match value {
            Json::Text(text) => STANDARD
                .decode(text.as_bytes())
                .map_err(|_| WrongType("A blob is not valid base64.".to_owned())),
            other => wrong_type(&other, "a Blob"),
        }
    }

    fn to_json(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        let start = out.len();
        // Written in place: a String in between would be another copy of a plaintext.
        out.resize(start + self.len().div_ceil(3) * 4, 0);
        let written = STANDARD.encode_slice(self, &mut out[start..]);
        debug_assert_eq!(written, Ok(out.len() - start));
        out.push(b'"');
    }
}

impl Value for bool {
    fn from_json(value: Json<'_>, _: &mut Reading) -> Result<Self, WrongType> {
        match value {
            Json::Bool(value) => Ok(value),
            other => wrong_type(&other, "a Boolean"),
        }
    }

    fn to_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl Value for i32 {
    fn from_json(value: Json<'_>, _: &mut Reading) -> Result<Self, WrongType> {
        match value {
            Json::Integer(number) => Self::try_from(number)
                .map_err(|_| WrongType("NUMBER_VALUE can not be converted to an Integer".to_owned())),
            other => wrong_type(&other, "an Integer"),
        }
    }

    fn to_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }
}

impl Value for Timestamp {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn from_json(value: Json<'_>, _: &mut Reading) -> Result<Self, WrongType> {
        let seconds = match value {
            Json::Integer(seconds) => seconds as f64,
            Json::Float(seconds) => seconds,
            other => return wrong_type(&other, "a Timestamp"),
        };
        if !(SECONDS_MIN..=SECONDS_MAX).contains(&seconds) {
            return wrong_type(&Json::Float(seconds), "a Timestamp");
        }
        let milliseconds = (seconds * 1_000.0).round() as i64;
        Ok(Self {
            seconds: milliseconds.div_euclid(1_000),
            nanos: (milliseconds.rem_euclid(1_000) * 1_000_000) as i32,
        })
    }

    fn to_json(&self, out: &mut Vec<u8>) {
        let milliseconds = self
            .seconds
            .saturating_mul(1_000)
            .saturating_add(i64::from(self.nanos / 1_000_000));
        let sign = if milliseconds < 0 { "-" } else { "" };
        let (seconds, rest) = (
            milliseconds.unsigned_abs() / 1_000,
            milliseconds.unsigned_abs() % 1_000,
        );
        out.extend_from_slice(format!("{sign}{seconds}.{rest:03}").as_bytes());
    }
}

impl<V: Value> Value for Vec<V> {
    fn from_json(value: Json<'_>, reading: &mut Reading) -> Result<Self, WrongType> {
        match value {
            Json::List(elements) => elements
                .into_iter()
                .enumerate()
                .map(|(position, element)| reading.element(position, element))
                .collect(),
            other => wrong_type(&other, "a List"),
        }
    }

    fn to_json(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (position, element) in self.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            element.to_json(out);
        }
        out.push(b']');
    }
}

impl<V: Value> Value for BTreeMap<String, V> {
    fn from_json(value: Json<'_>, reading: &mut Reading) -> Result<Self, WrongType> {
        match value {
            Json::Object(entries) => entries
                .into_iter()
                .map(|(name, value)| Ok((Cow::into_owned(name), V::from_json(value, reading)?)))
                .collect(),
            other => wrong_type(&other, "a Map"),
        }
    }

    fn to_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (position, (name, value)) in self.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write_text(name, out);
            out.push(b':');
            value.to_json(out);
        }
        out.push(b'}');
    }
}

impl<S: Shape> Value for S {
    fn from_json(value: Json<'_>, reading: &mut Reading) -> Result<Self, WrongType> {
        match value {
            Json::Object(members) => S::read_members(members, reading),
            other => wrong_type(&other, "a Structure"),
        }
    }

    fn to_json(&self, out: &mut Vec<u8>) {
        let mut writing = Writing::begin(out);
        self.write_members(&mut writing);
        writing.end();
    }
}

/// A JSON string, with quotes and escapes.
pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing to memory does not fail, and text always has a JSON form.
    let written = serde_json::to_writer(out, text);
    debug_assert!(written.is_ok());
}
