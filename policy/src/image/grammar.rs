//! The regular expressions of `distribution/reference` v0.6 (regexp.go) as plain functions
//! over bytes; linear in the input.

use super::RefError;
use crate::cut;

/// Go's `strings.ToLower(text) != text`.
pub(super) fn has_uppercase(text: &str) -> bool {
    // Every byte of a character beyond ASCII has its highest bit set.
    let suspect = |byte: u8| byte.is_ascii_uppercase() || !byte.is_ascii();
    text.bytes().any(suspect) && text.chars().any(|c| c.to_lowercase().ne(core::iter::once(c)))
}

/// `[a-f0-9]{64}`
pub(super) fn is_identifier(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'a'..=b'f' | b'0'..=b'9'))
}

/// `host[:port]` with dotted DNS components, IPv4, or IPv6 in brackets.
pub(super) fn is_host(text: &str) -> bool {
    let (host, port) = if text.starts_with('[') {
        let Some((address, rest)) = text.split_once(']') else { return false };
        let address = address.trim_start_matches('[');
        if address.is_empty() || text.starts_with("[[") {
            return false;
        }
        if !address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') {
            return false;
        }
        match rest.strip_prefix(':') {
            Some(port) => ("", Some(port)),
            None if rest.is_empty() => ("", None),
            None => return false,
        }
    } else {
        match cut::at_first(text, b':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    if port.is_some_and(|port| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit())) {
        return false;
    }
    text.starts_with('[') || is_dotted_name(host)
}

/// Components of letters, digits and inner `-`, separated by `.`, in one pass.
fn is_dotted_name(text: &str) -> bool {
    // What a component may not begin with, and not end with.
    let mut behind = b'.';
    for byte in text.bytes() {
        let good = match byte {
            b'.' => behind != b'.' && behind != b'-',
            b'-' => behind != b'.',
            byte => byte.is_ascii_alphanumeric(),
        };
        if !good {
            return false;
        }
        behind = byte;
    }
    behind != b'.' && behind != b'-'
}

/// Path components separated by `/`, each `[a-z0-9]+((?:[._]|__|[-]+)[a-z0-9]+)*`, in one pass.
pub(super) fn is_path(text: &str) -> bool {
    #[derive(Clone, Copy, PartialEq)]
    enum Behind {
        /// The start, or a separator that must be followed by a letter or digit.
        Separator,
        Alphanumeric,
        /// One `_`: another may follow.
        Underscore,
        /// Any number of `-`.
        Dash,
    }
    let mut behind = Behind::Separator;
    for byte in text.bytes() {
        behind = match (byte, behind) {
            (b'a'..=b'z' | b'0'..=b'9', _) => Behind::Alphanumeric,
            (b'/' | b'.', Behind::Alphanumeric) | (b'_', Behind::Underscore) => Behind::Separator,
            (b'_', Behind::Alphanumeric) => Behind::Underscore,
            (b'-', Behind::Alphanumeric | Behind::Dash) => Behind::Dash,
            _ => return false,
        };
    }
    behind == Behind::Alphanumeric
}

/// A path of one component.
pub(super) fn is_path_component(text: &str) -> bool {
    is_path(text) && !text.contains('/')
}

/// `\w[\w.-]{0,127}`, ASCII.
pub(super) fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let first_is_word = text.bytes().next().is_some_and(word);
    first_is_word && text.len() <= 128 && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

/// The reference grammar's own idea of a digest: `algorithm:hex{32,}`.
pub(super) fn looks_like_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = cut::at_first(text, b':') else { return false };
    algorithm.split(['-', '_', '+', '.']).all(|part| {
        part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    }) && hex.len() >= 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// go-digest's `Validate`.
pub(super) fn check_digest(text: &str) -> Result<(), RefError> {
    let Some((algorithm, hex)) = cut::at_first(text, b':') else { return Err(RefError::DigestFormat) };
    let digits = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return Err(RefError::UnsupportedDigest),
    };
    if hex.len() != digits {
        return Err(RefError::DigestLength);
    }
    if !hex.bytes().all(|b| matches!(b, b'a'..=b'f' | b'0'..=b'9')) {
        return Err(RefError::DigestFormat);
    }
    Ok(())
}
