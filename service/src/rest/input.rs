//! What a request says: its path, its query, its headers and its body, or why they cannot be read.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
};
use http::{HeaderMap, header, request::Parts};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{Code, Refusal};
use crate::acts::Condition;

/// The parts of a path. One that cannot be a name is the name of nothing.
pub struct At<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(at)) => Ok(Self(at)),
            Err(_) => Err(Refusal::not_found()),
        }
    }
}

/// The query. What it does not know, it does not take: a misspelled filter would show everything.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(error) => {
                Err(Refusal::new(Code::Malformed, format!("the query cannot be read: {}", error.body_text())))
            }
        }
    }
}

/// A body of JSON.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Refusal::new(Code::UnsupportedMediaType, "the body is no JSON by its `Content-Type`")
                .next("send `Content-Type: application/json`"));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        if has_nul(&bytes) {
            return Err(Refusal::new(Code::Malformed, "the body holds a NUL, which no text here does"));
        }
        match serde_json::from_slice(&bytes) {
            Ok(body) => Ok(Self(body)),
            Err(error) => Err(Refusal::new(Code::Malformed, format!("the body cannot be read: {error}"))),
        }
    }
}

/// Whether a text of this JSON holds a NUL. Databases differ in what they make of one, and none of our texts has any.
pub fn has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|b| *b == b'\\') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if rest.starts_with(b"u0000") {
            return true;
        }
        // Whatever is escaped: a backslash begins nothing.
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

/// A page of another site sends nothing of that type without asking first, and is never allowed to.
fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = named.split(';').next().unwrap_or_default().trim();
    ["application/json", "application/merge-patch+json"].iter().any(|json| named.eq_ignore_ascii_case(json))
}

/// Says why a body did not arrive.
pub fn unread(error: BytesRejection) -> Refusal {
    // Whoever cut it short says so in a status of their own.
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(cause) = source {
        if let Some(status) = cause.downcast_ref::<tonic::Status>() {
            return match status.code() {
                tonic::Code::OutOfRange => Refusal::new(Code::TooLarge, "the body is longer than is taken"),
                tonic::Code::ResourceExhausted => Refusal::later(status.message(), std::time::Duration::from_secs(1)),
                _ => Refusal::new(Code::Malformed, status.message()),
            };
        }
        source = cause.source();
    }
    match error.status() {
        http::StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(Code::TooLarge, "the body is longer than is taken"),
        _ => Refusal::new(Code::Malformed, "the body did not arrive whole"),
    }
}

/// `If-Match`, if it is there.
pub struct IfMatch(pub Condition);

/// `If-Match`, which has to be there.
pub struct MustMatch(pub Condition);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(Self(condition(&parts.headers)?.unwrap_or_default()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MustMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        condition(&parts.headers)?.map(Self).ok_or_else(|| {
            Refusal::new(Code::IfMatchRequired, "say what was looked at, so that nobody's change is lost")
                .next("send the `ETag` of what was looked at as `If-Match`, or `If-Match: *`")
        })
    }
}

fn condition(headers: &HeaderMap) -> Result<Option<Condition>, Refusal> {
    let wrong = || Refusal::new(Code::Malformed, "`If-Match` is `*` or tags in quotes");
    let mut tags = Vec::new();
    let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    for value in values {
        let value = value.to_str().map_err(|_| wrong())?.trim();
        if value == "*" {
            return Ok(Some(Condition::There));
        }
        for tag in value.split(',') {
            // A weak tag (`W/`) never matches here: it is none of ours.
            let tag = tag.trim();
            let inside = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            match inside {
                Some(inside) if !inside.contains('"') => tags.push(inside.to_owned()),
                None if tag.starts_with("W/\"") && tag.len() > 3 && tag.ends_with('"') => tags.push(String::new()),
                _ => return Err(wrong()),
            }
        }
    }
    Ok(Some(Condition::One(tags)))
}

/// Tells `null` from absent.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(value).map(Some)
}

/// Absent stays, and `null` is no value.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// A word of a query, no longer than its place in the document says.
pub fn at_most<'de, const CHARS: usize, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(value)?;
    match text.chars().nth(CHARS) {
        _ if text.contains('\0') => Err(serde::de::Error::custom("a value holds a NUL")),
        Some(_) => Err(serde::de::Error::custom(format_args!("a value is longer than {CHARS} characters"))),
        None => Ok(Some(text)),
    }
}
