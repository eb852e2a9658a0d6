//! Answers of the door's own. Registry clients print different parts of them, so the text stands
//! twice: in the registry's error body, and in one line as HTTP reason phrase.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use hyper::ext::ReasonPhrase;
use serde::Serialize;

use crate::{body::Body, gate::Refusal};

mod trouble;

pub use trouble::Trouble;

/// Longest reason phrase. Go's reader of heads has 4 KiB, and BuildKit prints the whole of it on one line.
const MAX_REASON: usize = 1000;

#[derive(Serialize)]
struct Errors<'a> {
    errors: [Error<'a>; 1],
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    message: &'a str,
}

/// What the gate refuses.
#[must_use]
pub fn refusal(refusal: &Refusal) -> Response<Body> {
    registry_error(refusal.status, refusal.code, &refusal.message)
}

/// What failed. The text names the code, so that it can be searched for.
#[must_use]
pub fn trouble(trouble: &Trouble) -> Response<Body> {
    let mut response =
        registry_error(trouble.status(), trouble.code(), &format!("pullgate: {trouble} ({})", trouble.code()));
    if trouble.ends_connection() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn registry_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = serde_json::to_vec(&Errors { errors: [Error { code, message }] }).unwrap_or_default();
    let mut response = Response::new(Body::own(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
    // A cache on the way must not answer the next one with it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(reason) = ReasonPhrase::try_from(one_line(message).into_bytes()) {
        response.extensions_mut().insert(reason);
    }
    response
}

/// One line of printable ASCII: nothing in it ends the head, and no terminal is talked to.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    line.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn refused(message: &str) -> Response<Body> {
        refusal(&Refusal { status: StatusCode::FORBIDDEN, code: "DENIED", message: message.to_owned() })
    }

    fn reason(response: &Response<Body>) -> &str {
        std::str::from_utf8(response.extensions().get::<ReasonPhrase>().unwrap().as_bytes()).unwrap()
    }

    #[tokio::test]
    async fn a_refusal_says_the_same_in_body_and_reason_phrase() {
        let response = refused("`evil/miner` is refused.\n  Ask: https://a.example/\n");
        assert_eq!(reason(&response), "`evil/miner` is refused. Ask: https://a.example/");
        assert_eq!(response.headers()["content-type"], "application/json");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["errors"][0]["code"], "DENIED");
        assert_eq!(body["errors"][0]["message"], "`evil/miner` is refused.\n  Ask: https://a.example/\n");
    }

    #[test]
    fn nothing_in_a_text_ends_the_head() {
        assert_eq!(reason(&refused("a\r\nSet-Cookie: x\0\u{1b}[31m t\u{e4}g")), "a Set-Cookie: x??[31m t?g");
        assert_eq!(reason(&refused(&"x".repeat(5000))).len(), MAX_REASON);
    }
}
