//! Text from elsewhere, made safe to store and to print.

use std::fmt::{self, Write as _};

/// Characters that steer a terminal or turn the reading direction around: controls, line and
/// paragraph separators, bidi marks, zero-width characters, tags.
#[must_use]
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text without what steers.
#[must_use]
pub fn plain(mut text: String) -> String {
    text.retain(|c| !steers(c));
    text
}

/// A word: `[a-z0-9_]*`, at most `most` bytes.
#[must_use]
pub fn is_word(text: &str, most: usize) -> bool {
    text.len() <= most && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// One field of a printed line: nothing in it can look like the end of the field or of the line.
pub struct Field<'a>(pub &'a str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            if steers(c) || c.is_whitespace() || c == '\\' {
                text.extend(c.escape_unicode());
            } else {
                text.write_char(c)?;
            }
        }
        f.pad(&text)
    }
}

/// A sentence in a printed line: spaces stay.
pub struct Sentence<'a>(pub &'a str);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if steers(c) { write!(f, "{}", c.escape_unicode())? } else { f.write_char(c)? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_is_stored_or_printed() {
        let evil = "a\u{1b}[2Jb\nc\u{202e}d\u{2066}e\u{9b}f\u{200f}g\u{2028}h\u{61c}i\u{e0041}j\r\t\u{feff}\u{7f}";
        assert_eq!(plain(evil.to_owned()), "a[2JbcdefghijX".trim_end_matches('X'));
        assert_eq!(plain("grüße-你好 ok".to_owned()), "grüße-你好 ok");
        for printed in [Field(evil).to_string(), Sentence(evil).to_string()] {
            assert!(!printed.chars().any(steers), "{printed}");
        }
        assert_eq!(Field("a b").to_string(), "a\\u{20}b");
        assert_eq!(format!("{:<6}|", Field("ab")), "ab    |");
        assert_eq!(Sentence("a b").to_string(), "a b");
    }

    #[test]
    fn words_are_short_and_plain() {
        for good in ["", "pull", "not_governed", "sha256"] {
            assert!(is_word(good, 64), "{good}");
        }
        for bad in ["Pull", "a b", "a-b", "é", "a\n", &"x".repeat(65)] {
            assert!(!is_word(bad, 64), "{bad}");
        }
    }
}
