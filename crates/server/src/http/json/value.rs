//! JSON as callers send it, read whole before any shape looks at it: valid UTF-8, bounded in depth, no member twice.
//!
//! Two members of one name are refused because not every reader picks the same of them, and what was signed would mean
//! one thing here and another in a log or a proxy.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

/// Objects and lists within each other. The deepest shape of the service model has four.
const DEPTH_MAX: u32 = 32;

/// The members of an object by name.
pub(crate) type Members<'a> = BTreeMap<Cow<'a, str>, Json<'a>>;

/// A JSON value. Text is borrowed from the body where it has no escapes. There is no Debug: it may hold plaintext.
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Object(Members<'a>),
}

impl Json<'_> {
    /// What it is called in the messages of AWS's own parser.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL_VALUE",
            Self::Bool(true) => "TRUE_VALUE",
            Self::Bool(false) => "FALSE_VALUE",
            Self::Integer(_) | Self::Float(_) => "NUMBER_VALUE",
            Self::Text(_) => "STRING_VALUE",
            Self::List(_) => "START_ARRAY",
            Self::Object(_) => "START_OBJECT",
        }
    }
}

/// A body that is no JSON object; the text says why, and shows nothing of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Reads the object that a request's body is.
pub(crate) fn parse(body: &[u8]) -> Result<Members<'_>, Malformed> {
    let problem = Cell::new("The request body is not valid JSON.");
    let mut input = serde_json::Deserializer::from_slice(body);
    let within = Within {
        levels: DEPTH_MAX,
        problem: &problem,
    };
    let parsed = within
        .deserialize(&mut input)
        .and_then(|value| input.end().map(|()| value));
    match parsed {
        Ok(Json::Object(members)) => Ok(members),
        Ok(_) => Err(Malformed("The request body is not a JSON object.")),
        // serde's own texts echo what they did not expect.
        Err(_) => Err(Malformed(problem.get())),
    }
}

/// Reads one value that may have so many levels below it.
#[derive(Clone, Copy)]
struct Within<'p> {
    levels: u32,
    problem: &'p Cell<&'static str>,
}

impl Within<'_> {
    fn one_level_down<E: Error>(self) -> Result<Self, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => Err(self.refuse("The request body is nested too deeply.")),
        }
    }

    fn refuse<E: Error>(self, problem: &'static str) -> E {
        self.problem.set(problem);
        E::custom(problem)
    }
}

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Json<'de>, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(value))
    }

    /// Beyond 64 bits with a sign a number fits no member; how large it is does not matter then.
    #[allow(clippy::cast_precision_loss)]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::Float(value as f64), Json::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json<'de>, A::Error> {
        let below = self.one_level_down::<A::Error>()?;
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(below)? {
            list.push(element);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let below = self.one_level_down::<A::Error>()?;
        let mut members = Members::new();
        while let Some(name) = entries.next_key_seed(Name)? {
            let value = entries.next_value_seed(below)?;
            if members.insert(name, value).is_some() {
                return Err(self.refuse("The request body has a member twice."));
            }
        }
        Ok(Json::Object(members))
    }
}

/// Reads a member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Cow<'de, str>, D::Error> {
        input.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }
}
