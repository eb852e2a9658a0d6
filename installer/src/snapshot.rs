//! Texts that people read, kept as files: a change of one shows in the change itself.
//!
//! `PULLGATE_REGENERATE=1 cargo test -p installer --lib` writes them anew.

use std::{fs, path::PathBuf};

/// `text` is what `tests/snapshots/NAME.txt` says.
///
/// # Panics
/// When it is not.
#[track_caller]
pub fn check(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(format!("{name}.txt"));
    // Files end with a new line, whatever the text does.
    let text = format!("{}\n", text.trim_end());
    if std::env::var_os("PULLGATE_REGENERATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "`{}` has another text; if the new one is right, PULLGATE_REGENERATE=1 writes it. It is now:\n{text}",
        path.display()
    );
}
