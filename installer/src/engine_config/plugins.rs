//! The setting `authorization-plugins`.

use super::{
    document::{Document, Kind, Member, Node},
    edit,
    outcome::{Class, Refusal},
};

/// What the engine calls it.
pub(super) const KEY: &str = "authorization-plugins";

/// The names in it, in their order.
pub(super) fn names(document: &Document<'_>) -> Result<Vec<String>, Refusal> {
    let Some(member) = document.member(KEY) else { return Ok(Vec::new()) };
    let elements = elements(document, member)?;
    let name = |element: &Node| {
        element.text().map(str::to_owned).ok_or_else(|| wrong_type(document, element, "it holds", "take it away"))
    };
    elements.iter().map(name).collect()
}

/// The text with these plugins at the end of the list, where they are not in it.
pub(super) fn add(document: &Document<'_>, plugins: &[&str]) -> Result<Option<String>, Refusal> {
    let present = names(document)?;
    let mut missing: Vec<&str> = Vec::new();
    for plugin in plugins {
        if !present.iter().any(|name| name == plugin) && !missing.contains(plugin) {
            missing.push(plugin);
        }
    }
    let Some((first, rest)) = missing.split_first() else { return Ok(None) };
    let text = match document.member(KEY).map(|member| &member.value) {
        None => edit::add_setting(document, KEY, |_| format!("[{}]", edit::quote(first))),
        Some(Node { span, kind: Kind::List(elements) }) => {
            edit::add_element(document.text, span, elements, &edit::quote(first))
        }
        Some(null) => edit::replace(document.text, &null.span, &format!("[{}]", edit::quote(first))),
    };
    add(&Document::parse(&text)?, rest).map(|more| Some(more.unwrap_or(text)))
}

/// The text without this plugin, and without the setting if nothing else is in it.
pub(super) fn remove(document: &Document<'_>, plugin: &str) -> Result<Option<String>, Refusal> {
    let names = names(document)?;
    let Some(number) = names.iter().position(|name| name == plugin) else { return Ok(None) };
    let text = if names.iter().all(|name| name == plugin) {
        remove_setting(document, KEY)
    } else {
        match document.member(KEY).map(|member| &member.value) {
            Some(Node { span, kind: Kind::List(elements) }) => {
                let places: Vec<_> = elements.iter().map(|element| element.span.clone()).collect();
                edit::take_out(document.text, span, &places, number)
            }
            _ => return Ok(None),
        }
    };
    let more = remove(&Document::parse(&text)?, plugin)?;
    Ok(Some(more.unwrap_or(text)))
}

/// The text without a setting that is there.
pub(super) fn remove_setting(document: &Document<'_>, key: &str) -> String {
    let number = document.members().iter().position(|member| member.key == key);
    match (&document.top, number) {
        (Some(top), Some(number)) => edit::take_out(document.text, &top.span, &edit::places(&top.members), number),
        _ => document.text.to_owned(),
    }
}

/// Plugins that are named by flags are in the way of the setting.
pub(super) fn by_flag(plugins: &[String]) -> Refusal {
    Refusal {
        class: Class::FlagConflict,
        what: format!(
            "the engine is started with `--authorization-plugin={}`; with `{KEY}` in the file beside it it does not start, \
             and a reload drops what the flag names",
            plugins.join(",")
        ),
        at: None,
        next: "move it into the file: `pullgate install` offers to".to_owned(),
    }
}

fn elements<'a>(document: &Document<'_>, member: &'a Member) -> Result<&'a [Node], Refusal> {
    match &member.value.kind {
        Kind::List(elements) => Ok(elements),
        // The engine decodes it as an empty list.
        Kind::Null => Ok(&[]),
        _ => Err(wrong_type(document, &member.value, "it is", "make it one")),
    }
}

fn wrong_type(document: &Document<'_>, node: &Node, verb: &str, next: &str) -> Refusal {
    let name =
        if matches!(node.kind, Kind::Text(_)) && verb == "it holds" { "a text that is none" } else { node.kind.name() };
    Refusal {
        class: Class::WrongType,
        what: format!("`{KEY}` is to be a list of names, and {verb} {name}"),
        at: document.at(&node.span),
        next: next.to_owned(),
    }
}
