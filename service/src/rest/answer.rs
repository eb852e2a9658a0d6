//! Answers that say yes.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::Refusal;
use crate::acts::Tag;

/// What a call answers.
pub type Answer = Result<Response, Refusal>;

/// JSON that nobody keeps.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    match serde_json::to_vec(body) {
        Ok(body) => (status, headers, body).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// `200`.
pub fn ok(body: &impl Serialize) -> Answer {
    Ok(json(StatusCode::OK, body))
}

/// `201`.
pub fn created(body: &impl Serialize) -> Answer {
    Ok(json(StatusCode::CREATED, body))
}

/// `201` for something new, `200` for something that was there.
pub fn put(new: bool, body: &impl Serialize) -> Answer {
    if new { created(body) } else { ok(body) }
}

/// `204`.
pub fn done() -> Answer {
    Ok((StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, "no-store")]).into_response())
}

/// With what it looks like, so that a change can say what it changes.
pub fn tagged(response: Response, tag: &Tag) -> Response {
    let mut response = response;
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", tag.as_str())) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// A thing with its tag, or `304` for who has it.
pub fn thing(headers: &HeaderMap, tag: &Tag, body: &impl Serialize) -> Answer {
    let seen = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let seen = seen.flat_map(|value| value.split(',')).map(|value| value.trim().trim_start_matches("W/"));
    let quoted = format!("\"{}\"", tag.as_str());
    if seen.into_iter().any(|seen| seen == "*" || seen == quoted) {
        return Ok(tagged(StatusCode::NOT_MODIFIED.into_response(), tag));
    }
    Ok(tagged(ok(body)?, tag))
}
