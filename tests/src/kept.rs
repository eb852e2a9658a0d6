//! Texts that people read, kept as files: a change of one shows in the change itself.
//!
//! `PULLGATE_REGENERATE=1` writes them anew.

use std::{fs, path::PathBuf};

/// `text` is what `tests/snapshots/NAME.txt` says.
///
/// # Panics
/// When it is not.
#[track_caller]
pub fn check(name: &str, text: &str) {
    let path: PathBuf = crate::repository().join("tests/snapshots").join(format!("{name}.txt"));
    let text = format!("{}\n", text.trim_end());
    if std::env::var_os("PULLGATE_REGENERATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differ: Vec<_> = text.lines().filter(|line| !kept.lines().any(|other| other == *line)).collect();
    assert!(
        kept == text,
        "`{}` says something else; if the new text is right, PULLGATE_REGENERATE=1 writes it. New lines:\n{}",
        path.display(),
        differ.join("\n")
    );
}

/// Words that a sentence may begin with in capitals.
const NAMES: [&str; 2] = ["Docker ", "TLS "];

/// What is wrong with the form of a text: it stands behind `pullgate: `, and in other sentences.
#[must_use]
pub fn fault(text: &str) -> Option<&'static str> {
    let first = text.chars().next()?;
    if first.is_uppercase() && !NAMES.iter().any(|name| text.starts_with(name)) {
        return Some("begins with a capital letter");
    }
    if text.ends_with('.') && !text.ends_with("...") {
        return Some("ends with a dot");
    }
    if text.chars().any(char::is_control) {
        return Some("holds control characters");
    }
    // The system's own words, which are a cause, come last where nothing says what to do.
    if text.ends_with(')') && text.contains(" (os error ") && (text.contains("; ") || text.contains("?: ")) {
        return Some("has its cause behind the next step");
    }
    text.contains("  ").then_some("has two spaces")
}
