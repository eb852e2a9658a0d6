//! A request to Docker Engine, read as the engine will act on it.
//!
//! Data flows one way: [`Request`] (what the engine shows a plugin) to `target` (path and query,
//! decoded as Go's `net/url` does) to [`routes`] (one row a route) to the reader that the row
//! names, to an [`Action`]. Bodies go through `json`, which decodes as Go's `encoding/json`.
//!
//! Where plugin and engine could read differently on any known engine, the action is
//! [`Action::Unverifiable`]. Sources: moby `daemon/server/router/**`, Go `net/url`, `net/http`,
//! `encoding/json`; the rules were tried on engines 20.10, 26.1, 28.5 and 29.7.

use alloc::borrow::Cow;

use crate::action::{Action, Ask, Governed, Unverifiable};

mod asked;
mod builds;
mod containers;
mod host_config;
mod images;
mod json;
mod plugins;
mod query;
pub mod routes;
mod services;
mod target;
mod version;
mod volumes;

use asked::{Asked, Trouble};
use routes::Reading;
use target::Target;
pub use version::EngineVersion;

/// What the engine shows of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// The raw request target.
    pub target: &'a str,
    /// The `Content-Type` header; of several the engine shows the last and acts on the first.
    pub content_type: Option<&'a str>,
    /// The `Content-Length` header; the engine removes it from chunked requests.
    pub content_length: Option<&'a str>,
    /// True where the request may have come over HTTP/2, as engines from 29.2 take it: there a
    /// second `Content-Length` and a second `Content-Type` hide the first, which counts.
    pub may_be_http2: bool,
    /// The body, which the engine shows only if its first content type is `application/json`;
    /// empty: not shown, or empty.
    pub body: &'a [u8],
}

/// Reads one request.
#[must_use]
pub fn read(request: &Request<'_>) -> Action {
    let target = match Target::parse(request.target) {
        Ok(target) => target,
        // No engine serves such a target, whatever the method.
        Err(part) => return Trouble::Query(part).action("unknown"),
    };
    let Some((route, name)) = routes::find(request.method, &target.path) else {
        return match request.method {
            "OPTIONS" => Action::NotGoverned("options"),
            "GET" | "HEAD" => Action::NotGoverned("unknown_read"),
            _ => Action::one("unknown", Ask::Unknown),
        };
    };
    if route.reading == Reading::Nothing {
        return Action::NotGoverned(route.word);
    }
    if !target.version_is_accepted() {
        return Trouble::Query("its API version is none, or older than 1.24").action(route.word);
    }
    let asked = Asked { request, query: target.query, name, word: route.word };
    match route.reading.read(&asked) {
        // What a policy could refuse turned out not to be in it.
        Ok(governed) if governed.asks.is_empty() && governed.reach.is_empty() && governed.paths.is_empty() => {
            Action::NotGoverned(governed.word)
        }
        Ok(governed) => Action::Governed(governed),
        Err(trouble) => trouble.action(route.word),
    }
}

/// Percent-decoding as Go's `unescape`: `%` must be followed by two hexadecimal digits.
/// Bytes that are no UTF-8 become U+FFFD, which is in no name the engine accepts.
pub(crate) fn percent_decode(text: &str, plus_is_space: bool) -> Option<Cow<'_, str>> {
    let encoded = |byte: u8| byte == b'%' || (plus_is_space && byte == b'+');
    if !text.bytes().any(encoded) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = alloc::vec::Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let high = hex(bytes.next()?)?;
                let low = hex(bytes.next()?)?;
                (high << 4) | low
            }
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    Some(Cow::Owned(alloc::string::String::from_utf8_lossy(&out).into_owned()))
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests;
