//! What an engine was started with, read as its own parser (`spf13/pflag`) reads it.

use super::settings::{self, Setting, Takes};

/// A flag as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its long name, without dashes; a single letter that is unknown stays one.
    pub name: String,
    /// What was given with it; a flag that takes no value has none unless it is written `--flag=value`.
    pub value: Option<String>,
    /// The arguments that it is made of, as numbers of the first and of the one behind the last.
    pub arguments: (usize, usize),
}

/// Reads an engine's arguments, without its program.
#[must_use]
pub fn read(arguments: &[String]) -> Vec<Given> {
    let mut given = Vec::new();
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        let next = arguments.get(at + 1).cloned();
        let start = at;
        at += 1;
        if argument == "--" {
            break;
        }
        if let Some(long) = argument.strip_prefix("--") {
            let (name, mut value) = cut(long);
            if value.is_none() && takes_value(settings::by_flag(name)) {
                value = next;
                at += 1;
            }
            given.push(Given { name: name.to_owned(), value, arguments: (start, at) });
        } else if let Some(letters) = argument.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            at += usize::from(read_letters(letters, next, start, &mut given));
        }
    }
    given
}

/// Everything that was given with a flag, in order.
#[must_use]
pub fn values(arguments: &[String], name: &str) -> Vec<String> {
    read(arguments).into_iter().filter(|given| given.name == name).filter_map(|given| given.value).collect()
}

/// The arguments without a flag and what was given with it. Letters of one argument stay together.
#[must_use]
pub fn without(arguments: &[String], name: &str) -> Vec<String> {
    let given = read(arguments);
    let gone = |at: usize| given.iter().any(|it| it.name == name && (it.arguments.0..it.arguments.1).contains(&at));
    arguments.iter().enumerate().filter(|(at, _)| !gone(*at)).map(|(_, argument)| argument.clone()).collect()
}

/// Letters behind one dash: any number without a value, then perhaps one with one. True when it took the next argument.
fn read_letters(letters: &str, next: Option<String>, start: usize, given: &mut Vec<Given>) -> bool {
    for (at, letter) in letters.char_indices() {
        let setting = settings::by_letter(letter);
        let name = setting.map_or_else(|| letter.to_string(), |setting| setting.flag.to_owned());
        let rest = &letters[at + letter.len_utf8()..];
        if !takes_value(setting) && !rest.starts_with('=') {
            given.push(Given { name, value: None, arguments: (start, start + 1) });
            continue;
        }
        let takes_next = rest.is_empty();
        let value = if takes_next { next } else { Some(rest.strip_prefix('=').unwrap_or(rest).to_owned()) };
        given.push(Given { name, value, arguments: (start, start + 1 + usize::from(takes_next)) });
        return takes_next;
    }
    false
}

/// A flag that is not known takes none: then what follows is read as what it looks like.
fn takes_value(setting: Option<&Setting>) -> bool {
    setting.is_some_and(|setting| setting.takes != Takes::Switch)
}

fn cut(text: &str) -> (&str, Option<String>) {
    text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.to_owned())))
}
