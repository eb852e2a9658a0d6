//! JSON as Go's `encoding/json` accepts it, since that is what the Docker CLI reads with.
//!
//! Keys match in any case, a repeated object adds to the first, `null` is "not there",
//! the first value of the file counts and what follows it is ignored. Values that nobody
//! asks for are skipped undecoded: a number out of range or half a surrogate pair in them
//! does no harm.

use std::fmt;

use serde::{Deserialize, de};
use serde_json::value::RawValue;

/// The members of an object in file order, undecoded, repeats kept.
pub(super) struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Object<'a> {
    /// The first JSON value in `text`; absent when there is none at all or it is `null`.
    pub(super) fn first(text: &'a str) -> Result<Option<Self>, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        match Option::<Self>::deserialize(&mut deserializer) {
            Err(error) if error.is_eof() && text.trim_ascii().is_empty() => Ok(None),
            other => other,
        }
    }

    /// An undecoded value that has to be an object; absent for `null`.
    pub(super) fn from_raw(raw: &'a RawValue) -> Result<Option<Self>, serde_json::Error> {
        serde_json::from_str(raw.get())
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), *value))
    }
}

/// A string, absent for `null`.
pub(super) fn string(raw: &RawValue) -> Result<Option<String>, serde_json::Error> {
    serde_json::from_str(raw.get())
}

/// What an unrelated member has to be for the CLI to accept the file.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    String,
    Strings,
    MapOfStrings,
    MapOfMaps,
}

/// Looks at types only; the content stays undecoded.
pub(super) fn has_shape(raw: &RawValue, shape: Shape) -> bool {
    let text = raw.get();
    if text == "null" {
        return true;
    }
    let all = |inner: Shape| {
        Object::from_raw(raw).is_ok_and(|object| object.is_none_or(|o| o.members().all(|(_, v)| has_shape(v, inner))))
    };
    match shape {
        Shape::String => text.starts_with('"'),
        Shape::Strings => serde_json::from_str::<Vec<&RawValue>>(text)
            .is_ok_and(|items| items.iter().all(|item| has_shape(item, Shape::String))),
        Shape::MapOfStrings => all(Shape::String),
        Shape::MapOfMaps => all(Shape::MapOfStrings),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: de::MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
