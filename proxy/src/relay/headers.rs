//! Which headers go on: all but those of the single connection (RFC 9110, 7.6.1).

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Of one connection only.
const HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Of a request. How long its body is, the client library says again, as it was read: what the
/// client wrote about it goes no further, so that two readers cannot differ.
pub(super) fn request(headers: &mut HeaderMap) {
    let trailers = headers.get_all(header::TE).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"trailers"));
    hop_by_hop(headers);
    headers.remove(header::CONTENT_LENGTH);
    // Answered here already, when the body is first read.
    headers.remove(header::EXPECT);
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Of an answer. One without a body says how long it would be, and keeps that.
pub(super) fn response(headers: &mut HeaderMap, bodiless: bool) {
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    hop_by_hop(headers);
    if !bodiless || chunked {
        headers.remove(header::CONTENT_LENGTH);
    }
}

fn hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name| *name != header::HOST)
        .collect();
    for name in named.iter().chain(&HOP) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn left(headers: &HeaderMap) -> Vec<String> {
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    #[test]
    fn what_belongs_to_one_connection_ends_here() {
        let mut headers = map(&[
            ("host", "reg.example"),
            ("connection", "close, X-Hop"),
            ("connection", "upgrade, host"),
            ("x-hop", "1"),
            ("upgrade", "h2c"),
            ("keep-alive", "300"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic x"),
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
            ("expect", "100-continue"),
            ("te", "trailers"),
            ("authorization", "Bearer y"),
        ]);
        request(&mut headers);
        assert_eq!(left(&headers), ["host: reg.example", "authorization: Bearer y", "te: trailers"]);
    }

    #[test]
    fn every_accept_line_goes_on() {
        let mut headers = map(&[("accept", "a/b"), ("accept", "c/d"), ("accept", "*/*")]);
        request(&mut headers);
        assert_eq!(left(&headers), ["accept: a/b", "accept: c/d", "accept: */*"]);
    }

    #[test]
    fn a_length_without_a_body_is_kept_and_never_beside_chunks() {
        let mut headers = map(&[("content-length", "7")]);
        response(&mut headers, true);
        assert_eq!(left(&headers), ["content-length: 7"]);
        response(&mut headers, false);
        assert!(headers.is_empty());
        let mut headers = map(&[("content-length", "7"), ("transfer-encoding", "chunked")]);
        response(&mut headers, true);
        assert!(headers.is_empty());
    }
}
