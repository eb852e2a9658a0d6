//! `docker login HOST` as the sign-in: the version check of the registry protocol, with
//! Basic authentication. Nothing is stored here: every other registry path is not found.
//!
//! <https://distribution.github.io/distribution/spec/api/#api-version-check>

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use proto::chain;
use proto::secret::Secret;

use crate::{
    identity::{Answer, Caller, Identity, MAX_SECRET_BYTES, Realm, SignIn, SignInError},
    listener::Peer,
    model::{TokenScope, Via},
};

/// The routes below `/v2`.
pub fn router(identity: Arc<Identity>) -> Router {
    Router::new()
        .route("/v2", get(version_check))
        .route("/v2/", get(version_check))
        .route("/v2/{*path}", any(nothing_here))
        .with_state(identity)
}

async fn version_check(
    State(identity): State<Arc<Identity>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    // Docker asks without credentials first: no attempt.
    let Some((user, secret)) = headers.get(header::AUTHORIZATION).and_then(basic) else {
        return challenge("authentication required");
    };
    let caller = Caller { peer: peer.0.ip(), via: Via::DockerLogin, machine_id: "" };
    let needs = Some(TokenScope::SignIn);
    match identity.verify(SignIn { realm: Realm::Service, username: &user, secret, code: "", needs, caller }).await {
        Ok(verified) => {
            tracing::info!(user = %verified.account.name, peer = %peer.0, "docker login");
            registry(StatusCode::OK, "{}".to_owned())
        }
        Err(error) => match error.answer() {
            Answer::Refused => challenge(&error.to_string()),
            Answer::Later(wait) => later(&error, wait.as_secs()),
            Answer::Unavailable => failure(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", &error.to_string()),
            Answer::Fault => {
                tracing::error!(error = %chain(&error), "a docker login failed");
                failure(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "UNAVAILABLE",
                    "the service cannot do this now; try again later",
                )
            }
        },
    }
}

pub(crate) async fn nothing_here() -> Response {
    failure(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "not found: this is pullgate's sign-in; it stores no images")
}

/// That the version check took too long.
pub(crate) fn timeout() -> Response {
    failure(StatusCode::REQUEST_TIMEOUT, "UNAVAILABLE", "it took too long; try again")
}

/// User and secret of a Basic header (RFC 7617).
fn basic(value: &HeaderValue) -> Option<(String, Secret)> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    let encoded = encoded.trim();
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 4 * MAX_SECRET_BYTES {
        return None;
    }
    let text = Secret::new(String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?);
    let (user, secret) = text.expose().split_once(':')?;
    Some((user.to_owned(), Secret::new(secret.to_owned())))
}

fn challenge(message: &str) -> Response {
    let mut response = failure(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message);
    let basic = HeaderValue::from_static("Basic realm=\"pullgate\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
    response
}

fn later(error: &SignInError, seconds: u64) -> Response {
    let mut response = failure(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", &error.to_string());
    response.headers_mut().insert(header::RETRY_AFTER, seconds.max(1).into());
    response
}

fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "errors": [{ "code": code, "message": message, "detail": null }] });
    registry(status, body.to_string())
}

fn registry(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::HeaderName::from_static("docker-distribution-api-version"), "registry/2.0"),
    ];
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_headers_are_read_whole_or_not_at_all() {
        let header = |text: &str| HeaderValue::from_str(text).unwrap();
        let encoded = |text: &str| header(&format!("Basic {}", STANDARD.encode(text)));
        let (user, secret) = basic(&encoded("alice:pass:with:colons")).unwrap();
        assert_eq!((user.as_str(), secret.expose()), ("alice", "pass:with:colons"));
        assert!(basic(&header("basic YTpi")).is_some(), "the scheme's case does not matter");
        for bad in ["", "Basic", "Basic !", "Bearer YTpi", "Basic YQ=="] {
            assert!(basic(&header(bad)).is_none(), "{bad}");
        }
        assert!(basic(&encoded(&format!("a:{}", "x".repeat(4 * MAX_SECRET_BYTES)))).is_none());
    }
}
