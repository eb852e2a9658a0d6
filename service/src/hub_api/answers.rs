//! Answers in Docker Hub's words: tools compare some of them.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, StatusCode, header};
use serde_json::{Value, json};

pub(super) fn ok(body: &Value) -> Response {
    answer(StatusCode::OK, body)
}

pub(super) fn with(status: StatusCode, body: &Value) -> Response {
    answer(status, body)
}

/// `204`.
pub(super) fn done() -> Response {
    (StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, "no-store")]).into_response()
}

/// As Docker Hub refuses what is not a sign-in.
pub(super) fn refused(status: StatusCode, text: &str) -> Response {
    answer(status, &json!({ "errinfo": null, "message": text }))
}

pub(super) fn unreadable(what: &str) -> Response {
    answer(StatusCode::BAD_REQUEST, &json!({ "detail": format!("the request cannot be read: {what}") }))
}

/// As Docker Hub refuses a sign-in; everything else has another form ([`refused`]).
pub(super) fn unauthorized(text: &str) -> Response {
    answer(StatusCode::UNAUTHORIZED, &json!({ "detail": text }))
}

pub(super) fn unavailable(text: &str) -> Response {
    answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "detail": text }))
}

pub(super) fn sign_in_timeout() -> Response {
    answer(StatusCode::REQUEST_TIMEOUT, &json!({ "detail": "it took too long; try again" }))
}

/// Docker Hub names the moment, HTTP the time until then.
pub(super) fn later(text: &str, wait: Duration, now: i64) -> Response {
    let seconds = wait.as_secs().max(1);
    let moment = now.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX));
    let mut response = answer(StatusCode::TOO_MANY_REQUESTS, &json!({ "detail": text, "error": false }));
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response.headers_mut().insert(HeaderName::from_static("x-retry-after"), moment.into());
    response
}

fn answer(status: StatusCode, body: &Value) -> Response {
    // A token among them is nobody else's to keep.
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}
