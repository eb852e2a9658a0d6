//! What commands print: text for people, or one JSON object a line.

use std::fmt::Display;

use serde::Serialize;

/// How to print.
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(super) fn json(&self) -> bool {
        self.json
    }

    /// One thing, as text or as an object.
    pub(super) fn line(&self, text: impl Display, value: &impl Serialize) {
        if self.json {
            match serde_json::to_string(value) {
                Ok(line) => println!("{line}"),
                Err(error) => eprintln!("error: this cannot be printed as JSON: {error}"),
            }
        } else {
            println!("{text}");
        }
    }

    /// A remark for people; scripts do not see it.
    pub(super) fn note(&self, text: impl Display) {
        if !self.json {
            eprintln!("note: {text}");
        }
    }

    /// Many things; people are told when there is none.
    pub(super) fn lines<T: Serialize>(&self, things: &[T], nothing: &str, text: impl Fn(&T) -> String) {
        if things.is_empty() {
            self.note(nothing);
        }
        for thing in things {
            self.line(text(thing), thing);
        }
    }
}
