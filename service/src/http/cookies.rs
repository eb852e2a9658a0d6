//! Cookies of a request.

use http::{HeaderMap, header};

/// The values of each cookie of this name. A site beside this one can give a browser cookies for both: what cannot be read
/// of others is passed over, and does not hide one that can.
pub(crate) fn named<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let pair = str::from_utf8(pair.trim_ascii()).ok()?;
        pair.strip_prefix(name)?.strip_prefix('=')
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn those_of_a_name_are_found_beside_whatever_else_there_is() {
        let mut headers = HeaderMap::new();
        for line in [&b"a=1; theme=\xff\xfe; own=x;; ownest=y"[..], b"own=\xc3\xa9;own=", b" own =z; other"] {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        assert_eq!(named(&headers, "own").collect::<Vec<_>>(), ["x", "\u{e9}", ""]);
        assert_eq!(named(&headers, "theme").count(), 0, "it is no text");
    }
}
