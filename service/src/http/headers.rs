//! What every answer says to browsers.
//!
//! No `Strict-Transport-Security`: it would hold for every port of the host, also those of other services there. The
//! service itself speaks nothing but TLS to a network, and its cookie goes over nothing else.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue, header};

/// Nothing of an answer is a page, unless whoever answers says so and what such a page may do.
const NOTHING: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");

/// Each is added where the answer has none of its own.
const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CONTENT_SECURITY_POLICY, NOTHING),
    // What it says it is, it is: no browser guesses.
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // The address of a page here may name an image or a person.
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// Adds them.
pub(super) async fn add(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // Agents are no browsers, and ask often.
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc")) {
        return response;
    }
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn, routing::get};
    use tower::ServiceExt as _;

    use super::*;

    async fn answer(path: &str) -> Response {
        let own = [(header::CONTENT_SECURITY_POLICY, "default-src 'self'"), (header::CONTENT_TYPE, "text/html")];
        let router = Router::new()
            .route("/plain", get(|| async { "plain" }))
            .route("/page", get(move || async move { (own, "page") }))
            .route("/grpc", get(|| async { ([(header::CONTENT_TYPE, "application/grpc")], "") }))
            .layer(from_fn(add));
        router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn every_answer_has_them_also_one_that_says_that_there_is_nothing() {
        for path in ["/plain", "/page", "/nothing"] {
            let response = answer(path).await;
            for (name, _) in HEADERS {
                assert!(response.headers().contains_key(&name), "{path}: {name}");
            }
        }
        assert_eq!(answer("/page").await.headers()[header::CONTENT_SECURITY_POLICY], "default-src 'self'");
        assert!(!answer("/grpc").await.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    }
}
