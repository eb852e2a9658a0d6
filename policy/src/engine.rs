//! A request to Docker Engine, read as the engine will act on it.
//!
//! Data flows one way: [`Request`] (what the engine shows a plugin) to `target` (path and
//! query, decoded as Go's `net/url` does) to [`routes`] (one row a route) to an [`Action`].
//! Where plugin and engine could read differently on any known engine, the action is
//! [`Action::Unverifiable`]. Sources: moby `daemon/server/router/**`, Go `net/url`, `net/http`;
//! every rule was tried on engines 20.10, 26.1, 28.5 and 29.7.

use alloc::borrow::Cow;

use crate::{
    action::{Action, Pull, Unverifiable, Way},
    image::{ImageRef, RefError},
};

mod query;
pub mod routes;
mod target;

use query::Query;
use routes::Effect;
use target::Target;

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
    /// True when the engine hands the body over: then its first content type is `application/json`.
    pub body_shown: bool,
}

const ASK_PROPERLY: &str = "Use the docker command, or an API client that sends parameters in the query, once each";

/// Reads one request.
#[must_use]
pub fn read(request: &Request<'_>) -> Action {
    let reads_only = matches!(request.method, "GET" | "HEAD" | "OPTIONS");
    let unknown = |part| {
        if reads_only { Action::NotGoverned("unknown_read") } else { unverifiable("unknown", part, ASK_PROPERLY) }
    };
    let target = match Target::parse(request.target) {
        Ok(target) => target,
        Err(part) => return unknown(part),
    };
    let Some(route) = routes::find(request.method, &target.path) else {
        return unknown("the engine has no such method and path that pullgate knows");
    };
    match route.effect {
        Effect::Nothing => Action::NotGoverned(route.word),
        Effect::NeedsBody if request.body_shown => Action::NotGoverned(route.word),
        Effect::NeedsBody => unverifiable(
            route.word,
            "its JSON body was not shown to pullgate (not `application/json`, or larger than the engine hands over)",
            "Send the body as `Content-Type: application/json` and below 1 MiB",
        ),
        Effect::Pull => images_create(request, &target),
        Effect::BringsIn(what) => Action::BringIn(Way { word: route.word, what }),
        Effect::Builds => Action::Build(route.word),
    }
}

/// `POST /images/create`: a pull or, without `fromImage`, an import (moby `postImagesCreate`).
fn images_create(request: &Request<'_>, target: &Target<'_>) -> Action {
    let refuse = |part| unverifiable("pull", part, ASK_PROPERLY);
    if !target.version_is_accepted() {
        return refuse("no engine accepts that API version");
    }
    if !query_is_authoritative(request) {
        return refuse("it has a body that pullgate is not shown, and a form in a body overrides the query");
    }
    let query = match Query::parse(target.query) {
        Ok(query) => query,
        Err(part) => return refuse(part),
    };
    let from = query.first("fromImage").unwrap_or_default();
    if from.is_empty() {
        return Action::BringIn(Way {
            word: "import",
            what: "`docker import` brings in an image without a source that could be judged",
        });
    }
    match pulled_image(&from, &query.first("tag").unwrap_or_default()) {
        Ok(image) => Action::Pull(Pull { image }),
        Err(error) => refuse(bad_image(error)),
    }
}

/// A form body's values come before the query's, and the engine shows no form. So the query
/// counts only if there can be no form: an empty body, no content type at all (then Go does
/// not parse the body), or a body that was shown (then the first content type is JSON).
///
/// A form type is refused even with an empty body: over HTTP/2 (engines from 29.2) a second
/// `Content-Length` could hide that it is not empty. That the *type* may be hidden the same way
/// there cannot be seen from here; the registry door is for such engines.
fn query_is_authoritative(request: &Request<'_>) -> bool {
    let form = |text: &str| text.to_ascii_lowercase().contains("form");
    match request.content_type {
        None => true,
        Some(_) if request.body_shown => true,
        Some(content_type) => request.content_length == Some("0") && !form(content_type),
    }
}

/// The reference that the engine pulls for `fromImage` and `tag`.
fn pulled_image(from: &str, tag: &str) -> Result<ImageRef, RefError> {
    // "pull -a" of old clients sends the name with a colon behind it.
    let image = ImageRef::parse(from.strip_suffix(':').unwrap_or(from))?;
    let image = match tag {
        "" => image,
        tag => match image.at_digest(tag) {
            Ok(image) => image,
            Err(_) => image.with_tag(tag)?,
        },
    };
    if image.familiar_name() == "scratch" {
        return Err(RefError::Reserved);
    }
    Ok(image)
}

const fn bad_image(error: RefError) -> &'static str {
    match error {
        RefError::InvalidFormat => "the image name does not follow the engine's grammar",
        RefError::Uppercase => "the repository name has upper-case letters",
        RefError::NameTooLong => "the repository name is longer than 255 characters",
        RefError::InputTooLong => "the image name is longer than 4096 bytes",
        RefError::ImageId => "the image name is the id of a local image",
        RefError::UnsupportedDigest | RefError::DigestLength | RefError::DigestFormat => {
            "the image's digest is not valid"
        }
        RefError::TagFormat => "the tag is neither a tag nor a digest",
        RefError::Reserved => "`scratch` is a reserved name",
    }
}

const fn unverifiable(word: &'static str, part: &'static str, advice: &'static str) -> Action {
    Action::Unverifiable(Unverifiable { word, part, advice })
}

/// Percent-decoding as Go's `unescape`: `%` must be followed by two hexadecimal digits.
/// Bytes that are no UTF-8 become U+FFFD, which is in no name the engine accepts.
fn percent_decode(text: &str, plus_is_space: bool) -> Option<Cow<'_, str>> {
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
