//! Changes one entry in the text of Docker's `config.json`, and nothing else.
//!
//! The Docker CLI writes the whole file anew: sorted, indented, numbers respelled. Here every byte stays that
//! is not the entry: the order of members, their spelling, their white space, what the CLI does not know.

use serde::{Deserialize, de};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// What is put into the file.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    /// Member of `auths`.
    pub key: &'a str,
    /// Base64 of `user:secret`; none: the entry is empty, since a helper has the secret.
    pub auth: Option<&'a str>,
    /// `credsStore`, where the file names none and the CLI would find one by itself.
    pub creds_store: Option<&'a str>,
}

/// The text with the change in it. The result holds a secret.
///
/// # Errors
/// When the text is no object, or `auths` in it is none; the CLI would refuse it too.
pub(super) fn apply(text: &str, change: Change<'_>) -> Result<Zeroizing<String>, serde_json::Error> {
    let mut text = Zeroizing::new(text.to_owned());
    if Members::first(&text)?.is_none() {
        // Nothing, or `null`.
        *text = "{}".to_owned();
    }
    let entry = entry(change.auth);
    let auths = Members::first(&text)?.and_then(|top| top.last("auths").map(RawValue::get).map(|raw| span(&text, raw)));
    text = match auths {
        None => with_member(&text, 0..text.len(), 1, "auths", &object(1, &[(change.key, &entry)])),
        Some(span) if &text[span.clone()] == "null" => replaced(&text, span, &object(1, &[(change.key, &entry)])),
        Some(auths) => {
            let raw: &RawValue = serde_json::from_str(&text[auths.clone()])?;
            let known = Members::of(raw)?.last_exact(change.key).map(|raw| span(&text, raw.get()));
            match known {
                Some(known) => replaced(&text, known, &entry),
                None => with_member(&text, auths, 2, change.key, &entry),
            }
        }
    };
    if let Some(name) = change.creds_store {
        let name = quoted(name);
        let known = Members::first(&text)?
            .and_then(|top| top.last("credsStore").map(RawValue::get).map(|raw| span(&text, raw)));
        text = match known {
            Some(known) => replaced(&text, known, &name),
            None => with_member(&text, 0..text.len(), 1, "credsStore", &name),
        };
    }
    Ok(text)
}

fn entry(auth: Option<&str>) -> Zeroizing<String> {
    match auth {
        Some(auth) => object(2, &[("auth", &quoted(auth))]),
        None => Zeroizing::new("{}".to_owned()),
    }
}

/// An object as the CLI writes it, whose own line is indented by `depth` tabs.
fn object(depth: usize, members: &[(&str, &str)]) -> Zeroizing<String> {
    let tabs = "\t".repeat(depth);
    let lines = members.iter().map(|(key, value)| format!("\n{tabs}\t{}: {value}", quoted(key)));
    Zeroizing::new(format!("{{{}\n{tabs}}}", lines.collect::<Vec<_>>().join(",")))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The object at `place`, which may have something behind it, with one more member at its end.
fn with_member(text: &str, place: std::ops::Range<usize>, depth: usize, key: &str, value: &str) -> Zeroizing<String> {
    let end = closing_brace(text, &place);
    let before = text[..end].trim_ascii_end();
    let member = format!("{}: {value}", quoted(key));
    if before.ends_with('{') {
        let (tabs, less) = ("\t".repeat(depth), "\t".repeat(depth - 1));
        return replaced(text, before.len()..end, &format!("\n{tabs}{member}\n{less}"));
    }
    // As the file does it: in lines, or in one.
    match text[place.start..end].rfind('\n') {
        Some(_) => replaced(text, before.len()..before.len(), &format!(",\n{}{member}", indentation(before))),
        None => replaced(text, before.len()..before.len(), &format!(",{member}")),
    }
}

/// Where the object at `place` ends. Behind the first value of the whole file, the CLI ignores what follows.
fn closing_brace(text: &str, place: &std::ops::Range<usize>) -> usize {
    let mut values = serde_json::Deserializer::from_str(&text[place.clone()]).into_iter::<&RawValue>();
    let whole = matches!(values.next(), Some(Ok(_))).then(|| place.start + values.byte_offset());
    whole.unwrap_or(place.end).saturating_sub(1)
}

/// The white space that the last line of `text` whose member begins there starts with.
fn indentation(text: &str) -> &str {
    // The last member may be an object of several lines: its last line is as far in as its first.
    let line = text.rsplit('\n').next().unwrap_or_default();
    &line[..line.len() - line.trim_ascii_start().len()]
}

fn replaced(text: &str, place: std::ops::Range<usize>, by: &str) -> Zeroizing<String> {
    Zeroizing::new([&text[..place.start], by, &text[place.end..]].concat())
}

/// Where `part`, which was borrowed from `text`, is in it.
fn span(text: &str, part: &str) -> std::ops::Range<usize> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

/// The members of an object in file order, repeats kept.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    fn first(text: &'a str) -> Result<Option<Self>, serde_json::Error> {
        match Option::deserialize(&mut serde_json::Deserializer::from_str(text)) {
            Err(error) if error.is_eof() && text.trim_ascii().is_empty() => Ok(None),
            other => other,
        }
    }

    fn of(raw: &'a RawValue) -> Result<Self, serde_json::Error> {
        serde_json::from_str(raw.get())
    }

    /// The last of equal keys counts; Go compares those of a structure in any case.
    fn last(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, raw)| *raw)
    }

    /// And those of a map exactly.
    fn last_exact(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, raw)| *raw)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: de::MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests;
