//! Targets and forms, as Go's `net/url` and `net/http` take them apart.

use percent_encoding::percent_decode_str;

use crate::wire::Wire;

/// A target that reaches a handler.
#[derive(Debug)]
pub struct Target {
    /// Decoded path, without the version.
    pub path: String,
    /// Raw query.
    pub query: String,
    /// False where no engine accepts the version.
    pub version_accepted: bool,
}

/// Takes a request target apart; none: the engine answers before it asks its plugin.
#[must_use]
pub fn target(raw: &str) -> Option<Target> {
    if raw.chars().any(|c| c.is_ascii_control() || c == ' ') {
        return None;
    }
    let scheme = raw.split(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).next().unwrap_or_default();
    let has_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && raw[scheme.len()..].starts_with(':');
    let rest = if has_scheme { &raw[scheme.len() + 1..] } else { raw };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = match place.strip_prefix("//") {
        Some(authority) if has_scheme => &authority[authority.find('/')?..],
        _ => place,
    };
    if bad_escape(path) || !path.starts_with('/') {
        return None;
    }
    let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
    // gorilla/mux sends the client elsewhere when the path is not clean.
    let segments = path.strip_prefix('/')?.split('/');
    let count = segments.clone().count();
    if segments.enumerate().any(|(n, s)| s == "." || s == ".." || (s.is_empty() && n + 1 < count)) {
        return None;
    }
    let (version, path) = match path.strip_prefix("/v").and_then(|rest| rest.split_once('/')) {
        Some((version, rest)) if !version.is_empty() && version.chars().all(|c| c.is_ascii_digit() || c == '.') => {
            (Some(version.to_owned()), format!("/{rest}"))
        }
        _ => (None, path),
    };
    let number = |text: Option<&str>| match text {
        None | Some("") => 0,
        Some(digits) => digits.parse::<u64>().unwrap_or(u64::MAX),
    };
    let version_accepted = version.is_none_or(|version| {
        let mut parts = version.split('.');
        (number(parts.next()), number(parts.next()) >= 24) == (1, true)
    });
    Some(Target { path, query: query.to_owned(), version_accepted })
}

/// Decoded pairs, and whether something in it is wrong: some engines refuse that, and some skip it.
#[must_use]
pub fn pairs(raw: &str) -> (Vec<(String, String)>, bool) {
    let (good, bad): (Vec<&str>, Vec<&str>) = raw.split('&').partition(|pair| !pair.contains(';') && !bad_escape(pair));
    let decoded = good.iter().flat_map(|pair| form_urlencoded::parse(pair.as_bytes()).into_owned()).collect();
    (decoded, !bad.is_empty())
}

/// `ParseForm`, then `Form.Get`: a form in the body comes before the query.
#[must_use]
pub fn form(wire: &Wire, query: &str) -> (Vec<(String, String)>, bool) {
    let may_post = matches!(wire.method.as_str(), "POST" | "PUT" | "PATCH");
    let is_form = wire.acting_type().as_deref() == Some("application/x-www-form-urlencoded");
    let (mut all, mut bad) = (Vec::new(), false);
    if may_post && is_form {
        (all, bad) = pairs(&String::from_utf8_lossy(&wire.body));
    }
    let (query, query_is_bad) = pairs(query);
    all.extend(query);
    (all, bad || query_is_bad)
}

/// The first value of a key, else the empty text.
#[must_use]
pub fn first<'a>(pairs: &'a [(String, String)], key: &str) -> &'a str {
    pairs.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
}

fn bad_escape(text: &str) -> bool {
    text.split('%').skip(1).any(|behind| {
        let digits = behind.as_bytes().get(..2).unwrap_or_default();
        digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit)
    })
}
