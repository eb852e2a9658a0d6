//! Texts that people type, within bounds.

use std::fmt;

use super::ActError;
use crate::{identity::MAX_SECRET_BYTES, plain::steers};

/// Most characters of the owner's words in a refusal.
pub const MAX_MESSAGE_CHARS: usize = 500;
/// Most characters of a URL or address.
pub const MAX_CONTACT_CHARS: usize = 500;
/// Most characters of a rule's reason.
pub const MAX_RULE_REASON_CHARS: usize = 200;
/// Most characters of a token's name.
pub const MAX_TOKEN_NAME_CHARS: usize = 100;

/// Which text, as its key in JSON has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field(pub &'static str);

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A text that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {fault}")]
pub struct TextError {
    /// Which.
    pub field: Field,
    /// Why, behind its name.
    pub fault: String,
}

/// A short text.
pub(super) fn short(field: Field, text: &str, most: usize) -> Result<&str, TextError> {
    if text.chars().count() > most {
        return Err(TextError { field, fault: format!("is too long: at most {most} characters") });
    }
    steers_nothing(field, text)?;
    Ok(text)
}

/// Lines of text, and nothing in it that steers what shows it: such texts end on terminals.
pub(super) fn steers_nothing(field: Field, text: &str) -> Result<(), TextError> {
    match text.chars().find(|c| *c != '\n' && steers(*c)) {
        None => Ok(()),
        Some(c) => {
            let fault = format!(
                "holds U+{:04X}, which steers a terminal or the direction of reading; leave it out",
                u32::from(c)
            );
            Err(TextError { field, fault })
        }
    }
}

/// An address: a short text without spaces.
pub(super) fn address(field: Field, text: &str) -> Result<(), TextError> {
    short(field, text, MAX_CONTACT_CHARS)?;
    match text.contains(char::is_whitespace) {
        true => Err(TextError { field, fault: "holds white space".to_owned() }),
        false => Ok(()),
    }
}

/// A page to which an image is added as a query.
pub(super) fn page(field: Field, text: &str) -> Result<(), TextError> {
    address(field, text)?;
    let fault = if text.is_empty() {
        return Ok(());
    } else if !has_host(text) {
        format!("is `{text}`, which is not a URL with a host; it begins with `https://` or `http://`")
    } else if text.contains(['?', '#']) {
        "must have no query: the image is added to it as one".to_owned()
    } else {
        return Ok(());
    };
    Err(TextError { field, fault })
}

/// Whether the address is of HTTP and names a host.
fn has_host(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let host = match place.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None => place.split(':').next(),
    };
    host.is_some_and(|host| host.contains(char::is_alphanumeric))
}

/// Shortest password, in characters (NIST SP 800-63B, 3.1.1.2).
const MIN_PASSWORD_CHARS: usize = 8;

/// Whether a password can be one; what it is worth is its owner's business.
///
/// # Errors
/// [`ActError::Password`].
pub fn password(text: &str) -> Result<(), ActError> {
    let fault = if text.chars().count() < MIN_PASSWORD_CHARS {
        "is too short: use at least 8 characters"
    } else if text.len() > MAX_SECRET_BYTES {
        "is too long: use at most 1024 bytes"
    } else if text.chars().any(char::is_control) {
        "holds control characters, which no sign-in form can send"
    } else {
        return Ok(());
    };
    Err(ActError::Password(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_unusable_passwords_are_refused() {
        assert!(password("correct horse").is_ok());
        for bad in ["", "short", "with\ttab in it", &"x".repeat(MAX_SECRET_BYTES + 1)] {
            assert!(password(bad).is_err(), "{bad}");
        }
        assert_eq!((MIN_PASSWORD_CHARS, MAX_SECRET_BYTES), (8, 1024), "as the texts say");
    }

    #[test]
    fn texts_stay_within_their_bounds() {
        let field = Field("message");
        assert_eq!(short(field, "grüße\nzeile", 11), Ok("grüße\nzeile"));
        for (bad, fault) in [
            ("grüße", "too long"),
            ("a\tb", "U+0009"),
            ("\u{1b}[2J", "U+001B"),
            ("a\u{202e}b", "U+202E"),
            ("a\u{200b}b", "U+200B"),
            ("\u{e0041}", "U+E0041"),
        ] {
            assert!(short(field, bad, 4).unwrap_err().to_string().contains(fault), "{bad:?}");
        }
        for good in ["", "https://a.example/ask", "http://a/", "https://a.example:8443", "https://[::1]:8443/a"] {
            assert_eq!(page(field, good), Ok(()), "{good}");
        }
        for bad in [
            "a.example",
            "javascript:alert(1)",
            "https://a/?x=1",
            "https://a/#x",
            "https://a b",
            "https://a\n",
            "https://",
            "http://",
            "https:///ask",
            "https://:8443/ask",
            "https://user@/ask",
            "https://[]/",
            "https://../",
        ] {
            assert!(page(field, bad).is_err(), "{bad:?}");
        }
        let text = page(field, "https://").unwrap_err().to_string();
        assert!(text.contains("`https://` or `http://`") && text.contains("a host"), "{text}");
    }
}
