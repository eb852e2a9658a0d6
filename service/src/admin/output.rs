//! What commands print: text for people, or one JSON object a line.

use std::{
    fmt::Display,
    io::{self, Write as _},
    sync::OnceLock,
};

use anyhow::Context as _;
use serde::Serialize;

/// How to print.
pub(super) struct Output {
    json: bool,
    /// Why nothing more can be printed.
    ended: OnceLock<io::Error>,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json, ended: OnceLock::new() }
    }

    pub(super) fn json(&self) -> bool {
        self.json
    }

    /// One thing, as text or as an object.
    pub(super) fn line(&self, text: impl Display, value: &impl Serialize) {
        if self.ended.get().is_some() {
            return;
        }
        let mut out = io::stdout().lock();
        let written = if self.json {
            serde_json::to_string(value).map_err(io::Error::from).and_then(|line| writeln!(out, "{line}"))
        } else {
            writeln!(out, "{text}")
        };
        if let Err(error) = written.and_then(|()| out.flush()) {
            drop(self.ended.set(error));
        }
    }

    /// A remark for people; scripts do not see it.
    pub(super) fn note(&self, text: impl Display) {
        if !self.json {
            self.next_step(text);
        }
    }

    /// What has to be done now, whoever reads the output itself.
    pub(super) fn next_step(&self, text: impl Display) {
        // Nobody may be listening any more.
        drop(writeln!(io::stderr(), "note: {text}"));
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

    /// Says whether all of it was printed. A reader that has seen enough (`| head`) is no failure.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self.ended.into_inner() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(error).context("the command was carried out, but its output cannot be written")
            }
            _ => Ok(()),
        }
    }
}
