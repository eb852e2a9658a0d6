//! The settings of engines: which there are, what they take, and what an engine says about them.

use std::ops::Range;

use super::{
    Edit, Edited,
    document::{Document, Kind, Member, Node},
    edit, flags,
    outcome::{Class, Position, Refusal, Warning},
    plugins, proxies,
};

mod table;
#[cfg(test)]
mod tests;

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setting {
    /// Its name in the file; empty: it is a flag only.
    pub(super) key: &'static str,
    /// Its long flag; empty: it is in the file only.
    pub(super) flag: &'static str,
    /// Its short flag, or NUL.
    pub(super) letter: char,
    pub(super) takes: Takes,
    since: Since,
}

/// What a setting takes in the file. A flag takes a value unless it is a [`Switch`](Takes::Switch).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Switch,
    Text,
    Integer,
    /// A text, and not even `null`.
    Size,
    Texts,
    /// Of objects.
    List,
    Map,
    /// An object of texts.
    TextMap,
    /// An object of switches.
    SwitchMap,
    /// An object, and not even `null`.
    Object,
}

/// Which releases have a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    /// 20.10 and later.
    Always,
    /// 23.0, or a later one.
    From23,
    /// Not the newer ones: 23.0, or for some 25.0.
    Gone,
}

/// What is known of the engine that is to take a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Unknown,
    /// It could not be asked: it has no `--validate`.
    Before23,
    /// It was asked, and had another complaint.
    Current,
}

/// Settings whose value the engine takes as a whole; of other objects it takes each part for a setting
/// (moby `daemon/config`, `flatOptions`).
const WHOLE: [&str; 8] = [
    "builder",
    "cluster-store-opts",
    "default-network-opts",
    "default-ulimits",
    "features",
    "log-opts",
    "nri-opts",
    "runtimes",
];
/// A flag adds to these, and is no conflict (`skipDuplicates`).
const ADDED_TO: &str = "runtimes";

/// The setting of a long flag.
pub(super) fn by_flag(name: &str) -> Option<&'static Setting> {
    table::SETTINGS.iter().find(|setting| !name.is_empty() && setting.flag == name)
}

/// The setting of a short flag.
pub(super) fn by_letter(letter: char) -> Option<&'static Setting> {
    table::SETTINGS.iter().find(|setting| letter != '\0' && setting.letter == letter)
}

fn by_key(key: &str) -> Option<&'static Setting> {
    table::SETTINGS.iter().find(|setting| !key.is_empty() && setting.key == key)
}

/// Goes by what is known of engines.
pub(super) fn check(document: &Document<'_>, unit_flags: &[String], engine: Engine) -> Result<(), Refusal> {
    let given = flags::read(unit_flags);
    for member in document.members() {
        if engine != Engine::Current {
            check_type(document, member)?;
        }
        for (key, span) in taken_as(member) {
            if engine != Engine::Current {
                check_known(document, key, span, engine)?;
            }
            let conflict = given.iter().find(|given| given.name == key || sets(&given.name, key));
            if let Some(given) = conflict.filter(|_| key != ADDED_TO) {
                return Err(Refusal {
                    class: Class::FlagConflict,
                    what: format!(
                        "`{key}` is in the file and `--{}` among the flags that start the engine, and then it does not start",
                        given.name
                    ),
                    at: document.at(span),
                    next: "say it in one of the two places; `systemctl cat docker` shows the flags".to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// No other spelling of the two settings that are edited: beside them it would be a second one for the same field, as the
/// engine decodes without minding letter case.
pub(super) fn refuse_other_spellings(document: &Document<'_>) -> Result<(), Refusal> {
    for member in document.members() {
        for key in [plugins::KEY, proxies::KEY] {
            if member.key != key && folds_to(&member.key, key) {
                return Err(Refusal {
                    class: Class::EngineInvalid,
                    what: format!("`{}` is no setting of an engine; `{key}` is", member.key),
                    at: document.at(&member.key_span),
                    next: format!("write `{key}`"),
                });
            }
        }
    }
    Ok(())
}

/// What an engine takes and ignores, though it looks like a setting.
pub(super) fn warnings(document: &Document<'_>) -> Vec<Warning> {
    let ignored = document.members().iter().filter_map(|member| {
        let setting = by_flag(&member.key).filter(|_| by_key(&member.key).is_none())?;
        let what = match setting.key {
            "" if member.key.ends_with("-proxy") => format!("it belongs into `{}`", proxies::KEY),
            "" => "it is a flag only".to_owned(),
            plugins::KEY => format!("the setting is `{}`, so the plugins named here are NOT active", setting.key),
            key => format!("the setting is `{key}`"),
        };
        let text = format!("the engine ignores `{}`: {what}", member.key);
        Some(Warning { code: "ignored-setting", text, at: document.at(&member.key_span) })
    });
    ignored.collect()
}

/// The texts of a list.
pub(super) fn texts(document: &Document<'_>, key: &str) -> Vec<String> {
    match document.member(key).map(|member| &member.value.kind) {
        Some(Kind::List(elements)) => elements.iter().filter_map(Node::text).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Where the setting is that is named in an engine's words.
pub(super) fn place_of(document: &Document<'_>, said: &str) -> Option<Position> {
    let words: Vec<&str> = said.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    let named = document.members().iter().flat_map(taken_as).find(|(key, _)| words.contains(key));
    named.and_then(|(_, span)| document.at(span))
}

/// The text of `now` with these settings as `before` had them, where they are as `after` has them.
pub(super) fn restore(
    now: &[u8],
    before: &[u8],
    after: Option<&Edited>,
    keys: &[&str],
) -> Result<Option<String>, Refusal> {
    let now = Document::read(now)?;
    let Some(Edit::Changed(after)) = after.map(|after| &after.edit) else { return Ok(None) };
    let (Ok(before), Ok(after)) = (Document::read(before), Document::read(after)) else { return Ok(None) };
    let mut text = now.text.to_owned();
    for key in keys {
        let document = Document::parse(&text)?;
        let [is, was, made] = [&document, &before, &after].map(|document| value(document, key));
        let Some(member) = document.member(key).filter(|_| is == made && is != was) else { continue };
        text = match was {
            Some(was) => edit::replace(&text, &member.value.span, was),
            None => plugins::remove_setting(&document, key),
        };
    }
    Ok((text != now.text).then_some(text))
}

fn value<'a>(document: &Document<'a>, key: &str) -> Option<&'a str> {
    document.member(key).and_then(|member| document.text.get(member.value.span.clone()))
}

/// The settings that an engine takes a member for.
fn taken_as(member: &Member) -> Vec<(&str, &Range<usize>)> {
    match &member.value.kind {
        Kind::Object(parts) if !WHOLE.contains(&member.key.as_str()) => {
            parts.iter().map(|part| (part.key.as_str(), &part.key_span)).collect()
        }
        _ => vec![(member.key.as_str(), &member.key_span)],
    }
}

/// Whether a flag and a key are one setting.
fn sets(flag: &str, key: &str) -> bool {
    table::SETTINGS.iter().any(|setting| !flag.is_empty() && setting.flag == flag && setting.key == key)
}

fn check_known(document: &Document<'_>, key: &str, span: &Range<usize>, engine: Engine) -> Result<(), Refusal> {
    let since = by_key(key).or_else(|| by_flag(key)).map(|setting| setting.since);
    let (what, next) = match since {
        Some(Since::Always) => return Ok(()),
        Some(Since::From23) if engine != Engine::Before23 => return Ok(()),
        Some(Since::From23) => ("which this engine is too old for", "take it away"),
        Some(Since::Gone) if key == "graph" => ("which newer engines do not start with", "write `data-root` instead"),
        Some(Since::Gone) => ("which newer engines do not start with", "take it away"),
        None => (
            "which no engine from 20.10 to 29 has",
            "correct or remove it, or name the engine's program with `--dockerd`",
        ),
    };
    Err(Refusal {
        class: Class::EngineInvalid,
        what: format!("there is a setting `{key}`, {what}"),
        at: document.at(span),
        next: next.to_owned(),
    })
}

fn check_type(document: &Document<'_>, member: &Member) -> Result<(), Refusal> {
    let Some(setting) = by_key(&member.key) else { return Ok(()) };
    wrong_part(document, setting.takes, &member.value).map_or(Ok(()), |(node, wanted)| {
        Err(Refusal {
            class: Class::EngineInvalid,
            what: format!("`{}` takes {wanted}, and this is {}", member.key, told(&node.kind, setting.takes)),
            at: document.at(&node.span),
            next: "correct it; the engine does not start with it".to_owned(),
        })
    })
}

/// A number where a number is wanted is one that does not fit.
const fn told(kind: &Kind, takes: Takes) -> &'static str {
    match (kind, takes) {
        (Kind::Number, Takes::Integer) => "none that fits",
        _ => kind.name(),
    }
}

/// The part of a value that the engine cannot decode, and what should be there.
fn wrong_part<'a>(document: &Document<'_>, takes: Takes, value: &'a Node) -> Option<(&'a Node, &'static str)> {
    fn all<'a>(
        mut parts: impl Iterator<Item = &'a Node>,
        right: impl Fn(&Kind) -> bool,
        wanted: &'static str,
    ) -> Option<(&'a Node, &'static str)> {
        parts.find(|part| !right(&part.kind) && !matches!(part.kind, Kind::Null)).map(|part| (part, wanted))
    }
    match (takes, &value.kind) {
        (Takes::Size, Kind::Text(_)) | (Takes::Object, Kind::Object(_)) => None,
        (Takes::Size, _) => Some((value, "a text such as `\"64M\"`")),
        (Takes::Object, _) => Some((value, "an object")),
        (_, Kind::Null)
        | (Takes::Switch, Kind::Bool)
        | (Takes::Text, Kind::Text(_))
        | (Takes::Map, Kind::Object(_)) => None,
        (Takes::Integer, Kind::Number) if is_integer(document, value) => None,
        (Takes::Texts, Kind::List(parts)) => all(parts.iter(), |kind| matches!(kind, Kind::Text(_)), "a list of texts"),
        (Takes::List, Kind::List(parts)) => {
            all(parts.iter(), |kind| matches!(kind, Kind::Object(_)), "a list of objects")
        }
        (Takes::TextMap, Kind::Object(parts)) => all(
            parts.iter().map(|part| &part.value),
            |kind| matches!(kind, Kind::Text(_)),
            "texts, numbers in quotes too",
        ),
        (Takes::SwitchMap, Kind::Object(parts)) => {
            all(parts.iter().map(|part| &part.value), |kind| matches!(kind, Kind::Bool), "`true` or `false` for each")
        }
        (Takes::Switch, _) => Some((value, "`true` or `false`")),
        (Takes::Text, _) => Some((value, "a text")),
        (Takes::Integer, _) => Some((value, "a whole number")),
        (Takes::Texts | Takes::List, _) => Some((value, "a list")),
        (Takes::Map | Takes::TextMap | Takes::SwitchMap, _) => Some((value, "an object")),
    }
}

/// Go reads no fraction and no exponent into an integer, and nothing beyond its range.
fn is_integer(document: &Document<'_>, value: &Node) -> bool {
    document.text.get(value.span.clone()).is_some_and(|digits| digits.parse::<i64>().is_ok())
}

/// As Go's decoder compares names: Unicode folding, for names of ASCII letters and dashes.
fn folds_to(key: &str, name: &str) -> bool {
    let folded = key.chars().map(|c| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(name.chars())
}
