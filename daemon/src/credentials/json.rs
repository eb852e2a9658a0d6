//! JSON as Go's `encoding/json` accepts it, since that is what the Docker CLI reads with.
//!
//! Keys match in any case, a repeated object adds to the first, `null` is "not there",
//! the first value of the file counts and what follows it is ignored. Values that nobody
//! asks for are skipped undecoded: a number out of range or half a surrogate pair in them
//! does no harm.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer as _,
    de::{self, Error as _},
};
use serde_json::value::RawValue;

/// What went wrong in an object.
pub(super) enum Fault<E> {
    /// It is no JSON, or no object.
    Json(serde_json::Error),
    /// What the caller says about a member.
    Member(E),
}

/// Gives each member of the first JSON value in `text` to `take`, in file order, repeats too. None
/// when there is no value or it is `null`. True when it is an object.
///
/// Members are undecoded parts of `text`, one at a time: an object of any size costs no memory.
pub(super) fn each_of_first<'a, E>(
    text: &'a str,
    take: impl FnMut(&str, &'a RawValue) -> Result<(), E>,
) -> Result<bool, Fault<E>> {
    match members(&mut serde_json::Deserializer::from_str(text), take) {
        Err(Fault::Json(error)) if error.is_eof() && text.trim_ascii().is_empty() => Ok(false),
        other => other,
    }
}

/// The same for an undecoded value.
pub(super) fn each<'a, E>(
    raw: &'a RawValue,
    take: impl FnMut(&str, &'a RawValue) -> Result<(), E>,
) -> Result<bool, Fault<E>> {
    members(&mut serde_json::Deserializer::from_str(raw.get()), take)
}

fn members<'a, E>(
    deserializer: &mut serde_json::Deserializer<serde_json::de::StrRead<'a>>,
    take: impl FnMut(&str, &'a RawValue) -> Result<(), E>,
) -> Result<bool, Fault<E>> {
    let mut refused = None;
    let result = deserializer.deserialize_option(Members { take, refused: &mut refused });
    match (result, refused) {
        (_, Some(error)) => Err(Fault::Member(error)),
        (result, None) => result.map_err(Fault::Json),
    }
}

struct Members<'r, F, E> {
    take: F,
    refused: &'r mut Option<E>,
}

impl<'de, F: FnMut(&str, &'de RawValue) -> Result<(), E>, E> de::Visitor<'de> for Members<'_, F, E> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<D: de::Error>(self) -> Result<bool, D> {
        Ok(false)
    }

    fn visit_some<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<M: de::MapAccess<'de>>(mut self, mut map: M) -> Result<bool, M::Error> {
        while let Some(Key(key)) = map.next_key()? {
            if let Err(error) = (self.take)(&key, map.next_value()?) {
                *self.refused = Some(error);
                return Err(M::Error::custom("refused"));
            }
        }
        Ok(true)
    }
}

/// Borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

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
    let all = |inner: Shape| each(raw, |_, value| if has_shape(value, inner) { Ok(()) } else { Err(()) }).is_ok();
    match shape {
        Shape::String => text.starts_with('"'),
        Shape::Strings => serde_json::from_str::<Vec<&RawValue>>(text)
            .is_ok_and(|items| items.iter().all(|item| has_shape(item, Shape::String))),
        Shape::MapOfStrings => all(Shape::String),
        Shape::MapOfMaps => all(Shape::MapOfStrings),
    }
}
