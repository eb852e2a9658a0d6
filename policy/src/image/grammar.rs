//! The regular expressions of `distribution/reference` v0.6 (regexp.go) as plain functions
//! over bytes; linear in the input.

use super::RefError;

/// Go's `strings.ToLower(text) != text`.
pub(super) fn has_uppercase(text: &str) -> bool {
    if text.is_ascii() {
        return text.bytes().any(|b| b.is_ascii_uppercase());
    }
    text.chars().any(|c| c.to_lowercase().ne(core::iter::once(c)))
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
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    if port.is_some_and(|port| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit())) {
        return false;
    }
    text.starts_with('[') || host.split('.').all(is_host_component)
}

fn is_host_component(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Path components separated by `/`.
pub(super) fn is_path(text: &str) -> bool {
    text.split('/').all(is_path_component)
}

/// `[a-z0-9]+((?:[._]|__|[-]+)[a-z0-9]+)*`
pub(super) fn is_path_component(text: &str) -> bool {
    let mut bytes = text.bytes().peekable();
    loop {
        let mut letters = 0_usize;
        while bytes.next_if(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9')).is_some() {
            letters = letters.saturating_add(1);
        }
        if letters == 0 {
            return false;
        }
        match bytes.next() {
            None => return true,
            Some(b'.') => {}
            Some(b'_') => {
                bytes.next_if_eq(&b'_');
            }
            Some(b'-') => while bytes.next_if_eq(&b'-').is_some() {},
            Some(_) => return false,
        }
    }
}

/// `\w[\w.-]{0,127}`, ASCII.
pub(super) fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

/// The reference grammar's own idea of a digest: `algorithm:hex{32,}`.
pub(super) fn looks_like_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    algorithm.split(['-', '_', '+', '.']).all(|part| {
        part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    }) && hex.len() >= 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// go-digest's `Validate`.
pub(super) fn check_digest(text: &str) -> Result<(), RefError> {
    let Some((algorithm, hex)) = text.split_once(':') else { return Err(RefError::DigestFormat) };
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
