//! Standard output. A reader that goes away (`| head`) is the end, not an error.

mod steps;
mod text;

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

pub(crate) use steps::patiently;
pub use steps::progress;
pub use text::{Text, Tone};

/// One JSON object and a newline.
///
/// # Errors
/// When standard output cannot be written, other than because nobody reads it.
pub fn line(value: &Value) -> io::Result<()> {
    text(&value.to_string())
}

/// Text and a newline. What moves a cursor is not written, whoever it comes from.
///
/// # Errors
/// As [`line()`].
pub fn text(text: &str) -> io::Result<()> {
    raw(&format!("{}\n", still(text)))
}

/// Text and a newline, in colour where somebody sees it.
///
/// # Errors
/// As [`line()`].
pub fn show(text: &Text) -> io::Result<()> {
    raw(&format!("{}\n", text.render(in_colour())))
}

/// [`text()`] in the middle of something: that nobody reads it any more is no reason to stop there.
pub fn aside(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(format!("{}\n", still(text)).as_bytes()).and_then(|()| output.flush());
}

/// A line on standard error, with the command's name. A terminal that is gone is no reason to stop either.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "pullgate: {}", still(text));
}

/// As it is: what moves the cursor is the caller's own.
///
/// # Errors
/// As [`line()`].
pub fn raw(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => result,
    }
}

/// Whether somebody reads it as it comes.
#[must_use]
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// On a terminal that knows colours, unless `NO_COLOR` says no (<https://no-color.org>: any text but the empty one).
#[must_use]
pub fn in_colour() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_some_and(|term| term != "dumb")
}

/// Without control characters but tabs and new lines.
#[must_use]
pub fn still(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_moves_no_cursor() {
        assert_eq!(still("a\tb\nc\u{1b}[2J\r\u{9b}x\u{7}"), "a\tb\nc?[2J??x?");
    }
}
