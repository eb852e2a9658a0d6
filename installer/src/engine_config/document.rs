//! A JSON text with the place of every part: what an edit needs to know, and what must be refused first.
//!
//! `serde_json` does the reading; its raw values are slices of the text, and a slice has a place.

use std::{collections::HashSet, fmt, ops::Range};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::outcome::{Class, Position, Refusal};

/// Largest file that is read; the largest ones that people show have a few KiB.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting; settings of an engine have five levels.
const MAX_DEPTH: usize = 64;

/// A value and where it is.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    Object(Vec<Member>),
    List(Vec<Node>),
    /// Decoded. Half of a surrogate pair makes it unreadable, which an engine reads as U+FFFD.
    Text(Option<String>),
    Number,
    Bool,
    Null,
}

/// A key, its value, and where the key is.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) value: Node,
}

impl Kind {
    /// In words, with its article.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Object(_) => "an object",
            Self::List(_) => "a list",
            Self::Text(_) => "a text",
            Self::Number => "a number",
            Self::Bool => "`true` or `false`",
            Self::Null => "`null`",
        }
    }
}

impl Node {
    /// A text's content.
    pub(super) fn text(&self) -> Option<&str> {
        if let Kind::Text(Some(text)) = &self.kind { Some(text) } else { None }
    }
}

/// A file's settings: an object, or nothing at all.
#[derive(Debug)]
pub(super) struct Document<'a> {
    /// Without a byte order mark.
    pub(super) text: &'a str,
    pub(super) top: Option<Top>,
}

/// The object of all settings.
#[derive(Debug)]
pub(super) struct Top {
    pub(super) span: Range<usize>,
    pub(super) members: Vec<Member>,
}

impl<'a> Document<'a> {
    /// Reads a file's bytes, strictly.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_BYTES {
            return Err(Refusal {
                class: Class::TooLarge,
                what: format!(
                    "the file has {} bytes, and no settings of an engine have more than {MAX_BYTES}",
                    bytes.len()
                ),
                at: None,
                next: "look at what is in it; is it the engine's file?".to_owned(),
            });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
        Self::parse(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// As [`read`](Self::read), of text without a byte order mark.
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        // An engine from 23.0 takes white space, of Unicode too, for no settings.
        if text.trim().is_empty() {
            return Ok(Self { text, top: None });
        }
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| bad_syntax(text, &error))?;
        let node = Reader { text }.node(raw, 0)?;
        let Node { span, kind: Kind::Object(members) } = node else {
            return Err(Refusal {
                class: Class::WrongType,
                what: format!("the file holds {}, and the settings of an engine are an object", node.kind.name()),
                at: Some(position(text, node.span.start)),
                next: "put the settings in braces: `{ ... }`".to_owned(),
            });
        };
        Ok(Self { text, top: Some(Top { span, members }) })
    }

    /// The setting of this name.
    pub(super) fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.key == key)
    }

    /// All settings, in their order.
    pub(super) fn members(&self) -> &[Member] {
        self.top.as_ref().map_or(&[], |top| &top.members)
    }

    /// Where a byte is, for people.
    pub(super) fn at(&self, span: &Range<usize>) -> Option<Position> {
        Some(position(self.text, span.start))
    }
}

/// Line and column of a byte.
pub(super) fn position(text: &str, byte: usize) -> Position {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Position { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn node(&self, raw: &RawValue, depth: usize) -> Result<Node, Refusal> {
        let span = self.span(raw);
        if depth > MAX_DEPTH {
            return Err(Refusal {
                class: Class::InvalidJson,
                what: format!("the file is nested more than {MAX_DEPTH} levels deep, and no setting of an engine is"),
                at: Some(position(self.text, span.start)),
                next: "look at what is in it; is it the engine's file?".to_owned(),
            });
        }
        let again = |error: serde_json::Error| bad_syntax(self.text, &error);
        let kind = match raw.get().as_bytes().first() {
            Some(b'{') => {
                let Pairs(pairs) = serde_json::from_str(raw.get()).map_err(again)?;
                Kind::Object(self.members(&pairs, depth)?)
            }
            Some(b'[') => {
                let raws: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(again)?;
                Kind::List(raws.into_iter().map(|raw| self.node(raw, depth + 1)).collect::<Result<_, _>>()?)
            }
            Some(b'"') => Kind::Text(serde_json::from_str(raw.get()).ok()),
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        };
        Ok(Node { span, kind })
    }

    fn members(&self, pairs: &[(&RawValue, &RawValue)], depth: usize) -> Result<Vec<Member>, Refusal> {
        let mut seen = HashSet::new();
        let mut members = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let key_span = self.span(key);
            // Half of a surrogate pair names no setting; as it is written it is as good a name as any.
            let key = serde_json::from_str(key.get()).unwrap_or_else(|_| key.get().to_owned());
            if !seen.insert(key.clone()) {
                return Err(Refusal {
                    class: Class::DuplicateKey,
                    what: format!("`{key}` is there twice, and only one of the two counts"),
                    at: Some(position(self.text, key_span.start)),
                    next: "take one of them away".to_owned(),
                });
            }
            members.push(Member { key, key_span, value: self.node(value, depth + 1)? });
        }
        Ok(members)
    }

    /// Where a slice of the text is in it.
    fn span(&self, raw: &RawValue) -> Range<usize> {
        let start = raw.get().as_ptr().addr() - self.text.as_ptr().addr();
        start..start + raw.get().len()
    }
}

/// The pairs of an object in their order, repeated keys and all.
struct Pairs<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Collect).map(Pairs)
    }
}

fn not_utf8(bytes: &[u8], at: usize) -> Refusal {
    let valid = bytes.get(..at).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or_default();
    let utf16 = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    Refusal {
        class: Class::NotUtf8,
        what: if utf16 { "the file is UTF-16, not UTF-8" } else { "the file is not text in UTF-8" }.to_owned(),
        at: Some(position(valid, valid.len())),
        next: format!("save it as UTF-8: `iconv -f {} -t UTF-8`", if utf16 { "UTF-16" } else { "LATIN1" }),
    }
}

fn bad_syntax(text: &str, error: &serde_json::Error) -> Refusal {
    let line = text.split_inclusive('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    // It counts bytes, and 0 is the end of the line before.
    let before = line.get(..line.floor_char_boundary(error.column().saturating_sub(1))).unwrap_or(line);
    let at = Position { line: error.line(), column: before.chars().count() + 1 };
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or(&said);
    let said =
        said.strip_prefix("EOF while").map_or_else(|| said.to_lowercase(), |rest| format!("it ends while{rest}"));
    let rest = line.get(before.len()..).unwrap_or_default();
    let comment = ["//", "/*", "#"].iter().any(|mark| rest.starts_with(mark) || before.ends_with(mark));
    Refusal {
        class: Class::InvalidJson,
        what: format!("the file is not valid JSON: {said}"),
        at: Some(at),
        next: if comment { "JSON has no comments; take them away" } else { "correct it there" }.to_owned(),
    }
}
