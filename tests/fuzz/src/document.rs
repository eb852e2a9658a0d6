//! JSON as Go decodes it into structs, naively: the members of an object in their order, each
//! looked at again from its text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A value that Go would refuse for where it stands.
#[derive(Debug)]
pub struct Wrong;

/// The first value of a text; what follows it is not looked at. Bytes that are no UTF-8 are U+FFFD,
/// as in Go where they stand in texts; elsewhere they are an error either way.
pub fn first_value(body: &[u8]) -> Result<Box<RawValue>, Wrong> {
    let text = String::from_utf8_lossy(body);
    let mut reader = serde_json::Deserializer::from_str(&text);
    <Box<RawValue>>::deserialize(&mut reader).map_err(|_| Wrong)
}

/// Whether it is `null`.
#[must_use]
pub fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// The members of an object, in order.
pub fn members(value: &RawValue) -> Result<Vec<(String, Box<RawValue>)>, Wrong> {
    struct Members(Vec<(String, Box<RawValue>)>);
    struct Order;
    impl<'de> Visitor<'de> for Order {
        type Value = Members;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<Text, Box<RawValue>>()? {
                members.push((key.0, value));
            }
            Ok(Members(members))
        }
    }
    impl<'de> Deserialize<'de> for Members {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Order)
        }
    }
    serde_json::from_str::<Members>(value.get()).map(|members| members.0).map_err(|_| Wrong)
}

/// The elements of a list.
pub fn elements(value: &RawValue) -> Result<Vec<Box<RawValue>>, Wrong> {
    serde_json::from_str(value.get()).map_err(|_| Wrong)
}

/// A text; none for `null`, which leaves what was there.
pub fn text(value: &RawValue) -> Result<Option<String>, Wrong> {
    if is_null(value) {
        return Ok(None);
    }
    if !value.get().starts_with('"') {
        return Err(Wrong);
    }
    serde_json::from_str::<Text>(value.get()).map(|text| Some(text.0)).map_err(|_| Wrong)
}

/// A flag; none for `null`.
pub fn flag(value: &RawValue) -> Result<Option<bool>, Wrong> {
    serde_json::from_str(value.get()).map_err(|_| Wrong)
}

/// The field that a key names.
#[must_use]
pub fn field(fields: &[&'static str], key: &str) -> Option<&'static str> {
    // The characters that Unicode folds to ASCII letters, beside the letters.
    let folded: String = key.replace('\u{17f}', "s").replace('\u{212a}', "k").to_ascii_lowercase();
    let exact = fields.iter().find(|name| **name == key);
    exact.or_else(|| fields.iter().find(|name| name.to_ascii_lowercase() == folded)).copied()
}

/// A text with half pairs of surrogates, which Go replaces and `serde_json` keeps in bytes only.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
