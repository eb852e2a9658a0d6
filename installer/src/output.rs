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

/// Text and a newline.
///
/// # Errors
/// As [`line()`].
pub fn text(text: &str) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => result,
    }
}
