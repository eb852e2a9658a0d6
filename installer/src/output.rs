//! Standard output. A reader that goes away (`| head`) is the end, not an error.

use std::io::{self, Write as _};

use serde_json::Value;

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
    match writeln!(io::stdout().lock(), "{}", still(text)) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => result,
    }
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
