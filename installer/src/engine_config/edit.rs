//! Changes of a text that keep everything else as it is, in the text's own style.
//!
//! What is inserted comes right behind what is there, and is taken out up to there: taking out
//! what was inserted restores every byte.

use std::ops::Range;

use super::document::{Document, Member, Node};

/// How much a new file is indented.
const INDENT: &str = "  ";
/// What is left of a new file without what it was made for.
pub(super) const EMPTY: &str = "{\n}\n";

/// The text with a range replaced.
pub(super) fn replace(text: &str, range: &Range<usize>, new: &str) -> String {
    let mut out = text.to_owned();
    out.replace_range(range.clone(), new);
    out
}

/// The text with one more setting, behind all others. `value` is made for the colon and the comma of the place.
pub(super) fn add_setting(document: &Document<'_>, key: &str, value: impl FnOnce(Style) -> String) -> String {
    let Some(top) = &document.top else {
        let value = value(Style::SPACED);
        return format!("{{\n{INDENT}{}: {value}\n}}\n", quote(key));
    };
    add_member(document.text, &top.span, &top.members, key, value)
}

/// The same for any object.
pub(super) fn add_member(
    text: &str,
    object: &Range<usize>,
    members: &[Member],
    key: &str,
    value: impl FnOnce(Style) -> String,
) -> String {
    let style = Style::of(text, object, members);
    let value = value(style);
    let colon = style.colon();
    let key = quote(key);
    match members.last() {
        None => {
            let inside = &text[object.start + 1..object.end - 1];
            let before = if inside.contains('\n') { format!("{}{INDENT}", newline(text)) } else { String::new() };
            insert(text, object.start + 1, &format!("{before}{key}{colon}{value}"))
        }
        Some(last) => {
            let before = members.len().checked_sub(2).and_then(|at| members.get(at));
            let from = before.map_or(object.start + 1, |before| before.value.span.end);
            let gap = gap(&text[from..last.key_span.start], before.is_some(), style);
            insert(text, last.value.span.end, &format!(",{gap}{key}{colon}{value}"))
        }
    }
}

/// The text with one more element at the end of a list.
pub(super) fn add_element(text: &str, list: &Range<usize>, elements: &[Node], element: &str) -> String {
    let Some(last) = elements.last() else { return insert(text, list.start + 1, element) };
    let before = elements.len().checked_sub(2).and_then(|at| elements.get(at));
    let from = before.map_or(list.start + 1, |before| before.span.end);
    let gap = gap(&text[from..last.span.start], before.is_some(), Style::SPACED);
    insert(text, last.span.end, &format!(",{gap}{element}"))
}

/// The text without the part of this number of an object or a list, whose parts have these places.
pub(super) fn take_out(text: &str, whole: &Range<usize>, parts: &[Range<usize>], number: usize) -> String {
    let part = &parts[number];
    let range = match (number.checked_sub(1), parts.get(number + 1)) {
        (Some(before), _) => parts[before].end..part.end,
        (None, Some(next)) => part.start..next.start,
        (None, None) => whole.start + 1..part.end,
    };
    replace(text, &range, "")
}

/// Places of an object's members, from key to value.
pub(super) fn places(members: &[Member]) -> Vec<Range<usize>> {
    members.iter().map(|member| member.key_span.start..member.value.span.end).collect()
}

/// Whether there are spaces behind colons and commas.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    compact: bool,
}

impl Style {
    pub(super) const SPACED: Self = Self { compact: false };

    /// Compact where the last member is, and everything is on one line.
    fn of(text: &str, object: &Range<usize>, members: &[Member]) -> Self {
        let compact = members.last().is_some_and(|last| {
            text[last.key_span.end..last.value.span.start] == *":"
                && !text[object.start..last.key_span.start].contains('\n')
        });
        Self { compact }
    }

    pub(super) const fn colon(self) -> &'static str {
        if self.compact { ":" } else { ": " }
    }

    pub(super) const fn comma(self) -> &'static str {
        if self.compact { "," } else { ", " }
    }
}

/// As JSON.
pub(super) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What is to stand between a comma and a new part, as it stands before the last part there is.
fn gap(between: &str, behind_a_comma: bool, style: Style) -> &str {
    let space = between.rsplit(',').next().unwrap_or_default();
    if let Some(line) = space.rfind('\n') {
        let start = if space[..line].ends_with('\r') { line - 1 } else { line };
        return &space[start..];
    }
    match (behind_a_comma, style.compact) {
        (true, _) => space,
        (false, true) => "",
        (false, false) => " ",
    }
}

fn insert(text: &str, at: usize, new: &str) -> String {
    replace(text, &(at..at), new)
}

fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}
