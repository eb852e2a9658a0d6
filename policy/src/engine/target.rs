//! The request target: Go's `url.ParseRequestURI`, then the engine's version prefix.

use alloc::borrow::Cow;

use super::percent_decode;

/// A request target, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// Decoded path without the version prefix.
    pub(super) path: Cow<'a, str>,
    /// Raw query, without `?`. A `#` is part of it: servers know no fragments.
    pub(super) query: &'a str,
    version: Option<Version>,
}

/// `/v1.41`: the first two numbers.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Version {
    major: u64,
    minor: u64,
}

/// The oldest API version that any engine since 1.12 can be told to accept.
const OLDEST_MINOR: u64 = 24;

impl<'a> Target<'a> {
    /// Takes a raw request target apart; the error says which part is not as the engine needs it.
    pub(super) fn parse(raw: &'a str) -> Result<Self, &'static str> {
        if raw.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("its target holds control characters");
        }
        let (has_scheme, rest) = strip_scheme(raw)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = match rest.strip_prefix("//") {
            // Only behind a scheme; a bare `//x` is a path, which the engine redirects.
            // What it names is nothing to the engine, percent-encodings in it included.
            Some(authority) if has_scheme => authority.find('/').and_then(|slash| authority.get(slash..)).unwrap_or(""),
            _ => rest,
        };
        if !path.starts_with('/') {
            return Err("its target is no path");
        }
        let path = percent_decode(path, false).ok_or("its path holds a bad percent-encoding")?;
        let (version, path) = strip_version(path);
        Ok(Self { path, query, version })
    }

    /// False where every engine refuses the version prefix; then nothing is fetched.
    pub(super) fn version_is_accepted(&self) -> bool {
        self.version.is_none_or(|version| version.major == 1 && version.minor >= OLDEST_MINOR)
    }
}

/// Absolute-form targets (`http://any/path`) are legal; engines ignore scheme and authority.
fn strip_scheme(raw: &str) -> Result<(bool, &str), &'static str> {
    let Some(end) = raw.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))) else {
        return Ok((false, raw));
    };
    match (raw.get(..end), raw.get(end..).and_then(|rest| rest.strip_prefix(':'))) {
        (Some(""), Some(_)) => Err("its target has no scheme before `:`"),
        (Some(scheme), Some(rest)) if scheme.starts_with(|c: char| c.is_ascii_alphabetic()) => Ok((true, rest)),
        _ => Ok((false, raw)),
    }
}

/// `/v{version:[0-9.]+}` before a path; the version's text is compared as numbers, so `/v01.041` is 1.41.
fn strip_version(path: Cow<'_, str>) -> (Option<Version>, Cow<'_, str>) {
    let Some((version, length)) = version_prefix(&path) else { return (None, path) };
    let path = match path {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(length..).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(length..).unwrap_or_default().into()),
    };
    (Some(version), path)
}

fn version_prefix(path: &str) -> Option<(Version, usize)> {
    let text = path.strip_prefix("/v")?;
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (version, rest) = text.split_at_checked(end)?;
    if version.is_empty() || !rest.starts_with('/') {
        return None;
    }
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(if part.is_empty() { 0 } else { u64::MAX }));
    let version = Version { major: numbers.next()?, minor: numbers.next().unwrap_or(0) };
    Some((version, end.saturating_add(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: Result<(&str, &str, bool), ()>) {
        let target = Target::parse(raw);
        let found = target.as_ref().map(|t| (t.path.as_ref(), t.query, t.version_is_accepted())).map_err(|_| ());
        assert_eq!(found, expected, "{raw}");
    }

    #[test]
    fn targets_as_the_engine_routes_them() {
        check("/images/create?fromImage=x", Ok(("/images/create", "fromImage=x", true)));
        check("/v1.41/images/create", Ok(("/images/create", "", true)));
        check("/v1.41./images/create", Ok(("/images/create", "", true)));
        check("/v01.041/images/create", Ok(("/images/create", "", true)));
        check("/%761.41/images%2fcreate", Ok(("/images/create", "", true)));
        check("http://any:1/v1.41/images%2Fcreate?a#b", Ok(("/images/create", "a#b", true)));
        check("https://u:p@h:1/images/create", Ok(("/images/create", "", true)));
        check("http://%C3%A9/distribution/x/json", Ok(("/distribution/x/json", "", true)));
        check("http://u%41@h/images/create", Ok(("/images/create", "", true)));
        check("foo:/images/create", Ok(("/images/create", "", true)));
        check("//images/create", Ok(("//images/create", "", true)));
        check("/v1.23/images/create", Ok(("/images/create", "", false)));
        check("/v1..41/images/create", Ok(("/images/create", "", false)));
        check("/v.1.41/images/create", Ok(("/images/create", "", false)));
        check("/v1.4.1/images/create", Ok(("/images/create", "", false)));
        check("/v99999999999999999999999.1/x", Ok(("/x", "", false)));
        check("/v1.41images/create", Ok(("/v1.41images/create", "", true)));
        check("/V1.41/images/create", Ok(("/V1.41/images/create", "", true)));
    }

    #[test]
    fn what_is_no_path_is_not_guessed() {
        check("foo:images/create", Err(()));
        check("http://hostonly", Err(()));
        check("*", Err(()));
        check("", Err(()));
        check(":x", Err(()));
        check("/a%zz", Err(()));
        check("/a%4", Err(()));
        check("/a\u{1}", Err(()));
    }
}
