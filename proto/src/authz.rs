//! The engine's authorization messages, protocol v1 (moby `pkg/authorization/api.go`).
//!
//! Only what a decision can use is read. `Authorization` and registry credentials are
//! removed by the engine; the body stays base64 until a route asks for it.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use policy::{Action, engine};
use serde::{Deserialize, Serialize};

/// `POST` here once after the engine's start.
pub const ACTIVATE: &str = "/Plugin.Activate";
/// `POST` here before each request.
pub const AUTHZ_REQ: &str = "/AuthZPlugin.AuthZReq";
/// `POST` here after each request; a refusal there undoes nothing.
pub const AUTHZ_RES: &str = "/AuthZPlugin.AuthZRes";
/// The answer to [`ACTIVATE`].
pub const ACTIVATED: &str = r#"{"Implements":["authz"]}"#;
/// "Go on".
pub const ALLOWED: &str = r#"{"Allow":true}"#;
/// The largest message that is read, in bytes: 4 MiB of body in base64, and headers.
pub const MAX_MESSAGE_BYTES: usize = 8 << 20;

/// One request as the engine shows it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AuthzRequest<'a> {
    /// HTTP method.
    #[serde(borrow, default)]
    pub request_method: Cow<'a, str>,
    /// The raw request target, undecoded. The engine's key is `RequestUri`.
    #[serde(borrow, default)]
    pub request_uri: Cow<'a, str>,
    /// Base64 of the body, only when its (first) content type is `application/json`.
    #[serde(borrow, default)]
    pub request_body: Option<Cow<'a, str>>,
    /// Of a repeated header only the last value is here.
    #[serde(borrow, default)]
    pub request_headers: Headers<'a>,
}

impl<'a> AuthzRequest<'a> {
    /// Reads one message.
    ///
    /// # Errors
    /// When it is not the JSON that the engine sends.
    pub fn from_json(message: &'a [u8]) -> Result<Self, serde_json::Error> {
        // A derived reader would take a list of the fields as well.
        if !message.trim_ascii_start().starts_with(b"{") {
            return Err(serde::de::Error::custom("not a JSON object"));
        }
        serde_json::from_slice(message)
    }

    /// What the engine would be asked to do, over HTTP/1.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action_of(false)
    }

    /// What the engine would be asked to do; whether it may have been asked over HTTP/2, the
    /// message does not say (see [`engine::Request::may_be_http2`]).
    #[must_use]
    pub fn action_of(&self, may_be_http2: bool) -> Action {
        let body = match self.request_body.as_deref() {
            None => Vec::new(),
            Some(text) => match STANDARD.decode(text) {
                Ok(body) => body,
                // No engine sends that.
                Err(_) => return unreadable("the message's body is no base64"),
            },
        };
        engine::read(&engine::Request {
            method: &self.request_method,
            target: &self.request_uri,
            content_type: self.request_headers.get("Content-Type"),
            content_length: self.request_headers.get("Content-Length"),
            may_be_http2,
            body: &body,
        })
    }
}

/// The action of a message that is not what an engine sends.
#[must_use]
pub const fn unreadable(part: &'static str) -> Action {
    Action::Unverifiable(policy::Unverifiable { word: "unknown", part, advice: "Send one message of the engine" })
}

/// The engine's header map, in the order sent.
#[derive(Debug, Default)]
pub struct Headers<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl Headers<'_> {
    /// The value of a header, by name in any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> serde::de::Visitor<'de> for Visitor<'a> {
            type Value = Headers<'a>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of header names and values")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Headers::default())
            }
            fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut headers = Vec::new();
                while let Some((Text(key), Text(value))) = map.next_entry()? {
                    headers.push((key, value));
                }
                Ok(Headers(headers))
            }
        }
        deserializer.deserialize_any(Visitor(std::marker::PhantomData))
    }
}

/// A string borrowed where the JSON allows it.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The plugin's answer. The engine ignores `Err` on HTTP 200, so a refusal is `Msg`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AuthzResponse<'a> {
    /// Go on or not.
    pub allow: bool,
    /// Shown to the person behind `authorization denied by plugin pullgate: `.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub msg: &'a str,
}

#[cfg(test)]
mod tests;
