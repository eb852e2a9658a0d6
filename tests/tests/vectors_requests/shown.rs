//! What an engine shows its plugin of a request (moby `pkg/authorization/authz.go`); the engine
//! tier sends the same requests to real engines.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// Engines that differ in what they show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Debian's 20.10.24: no body of 1 MiB or more.
    Old,
    /// Engines with the correction of CVE-2026-34040: bodies up to 4 MiB, and larger ones are refused.
    New,
}

impl Engine {
    fn hides(self, bytes: usize) -> bool {
        match self {
            Self::Old => bytes >= 1 << 20,
            Self::New => bytes > 4 << 20,
        }
    }
}

/// The authorization message for one case.
pub fn shown(case: &Value, engine: Engine) -> Value {
    let headers: Vec<(&str, &str)> = case["headers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str()?)))
        .collect();
    let body = body(case);
    let chunked = case["transfer"] == "chunked"
        || headers.iter().any(|(name, value)| name.eq_ignore_ascii_case("Transfer-Encoding") && *value == "chunked");
    let sends = !body.is_empty() || ["POST", "PUT", "PATCH"].map(Value::from).contains(&case["method"]);
    let length = (sends && case["transfer"] != "none").then_some(body.len());
    let mut message = json!({
        "RequestMethod": case["method"],
        "RequestUri": case["uri"],
        "RequestHeaders": flattened(&headers, length, chunked),
    });
    let first_type = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
    let is_json = first_type.is_some_and(|(_, value)| is_json(value));
    let uri = case["uri"].as_str().unwrap_or_default();
    if is_json && url_parses(uri) && !is_auth(uri) && !body.is_empty() && !engine.hides(body.len()) {
        message["RequestBody"] = STANDARD.encode(&body).into();
    }
    message
}

/// What the case sends as its body.
fn body(case: &Value) -> Vec<u8> {
    let length_zero = |name: &Value, value: &Value| {
        name.as_str().is_some_and(|name| name.eq_ignore_ascii_case("Content-Length")) && value == "0"
    };
    // What follows a request of length 0 is the next request.
    if case["transfer"] == "raw-after-headers"
        && case["headers"].as_array().into_iter().flatten().any(|pair| length_zero(&pair[0], &pair[1]))
        && !case["headers"].to_string().to_ascii_lowercase().contains("chunked")
    {
        return Vec::new();
    }
    if let Some(text) = case["body_base64"].as_str() {
        return STANDARD.decode(text).expect("base64");
    }
    if let Some(generate) = case.get("body_generate") {
        let text = |key: &str| generate[key].as_str().unwrap_or_default();
        let count = usize::try_from(generate["count"].as_u64().expect("a count")).expect("a size");
        return [text("prefix"), &text("fill").repeat(count), text("suffix")].concat().into_bytes();
    }
    case["body"].as_str().unwrap_or_default().as_bytes().to_vec()
}

/// The last value of each header, without those that the engine keeps for itself.
fn flattened(headers: &[(&str, &str)], length: Option<usize>, chunked: bool) -> Map<String, Value> {
    let mut map = Map::new();
    let hidden = ["host", "transfer-encoding", "authorization", "x-registry-auth", "x-registry-config"];
    for (name, value) in headers.iter().filter(|(name, _)| !hidden.contains(&name.to_ascii_lowercase().as_str())) {
        map.insert(canonical(name), value.trim_matches([' ', '\t']).into());
    }
    if chunked {
        map.remove("Content-Length");
    } else if let Some(length) = length {
        map.entry("Content-Length").or_insert_with(|| length.to_string().into());
    }
    map
}

/// Go's `CanonicalMIMEHeaderKey`.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters.map(|c| c.to_ascii_lowercase())).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}

/// Go's `mime.ParseMediaType` without an error, and `application/json`.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';');
    let kind = parts.next().unwrap_or_default().trim();
    let mut names = Vec::new();
    let parts: Vec<&str> = parts.collect();
    let plain = parts.iter().enumerate().all(|(number, part)| match part.trim().split_once('=') {
        // One `;` at the end is let through.
        None => part.trim().is_empty() && number + 1 == parts.len(),
        Some((name, value)) => {
            let name = name.to_ascii_lowercase();
            let quoted = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
            let token = |text: &str| {
                !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
            };
            let new = !names.contains(&name);
            names.push(name.clone());
            new && token(&name) && (quoted || token(value))
        }
    });
    plain && kind.eq_ignore_ascii_case("application/json")
}

/// Go's `url.Parse` takes a fragment off, and fails on a bad escape in it.
fn url_parses(uri: &str) -> bool {
    let Some((_, fragment)) = uri.split_once('#') else { return true };
    let mut bytes = fragment.bytes();
    while let Some(byte) = bytes.next() {
        let hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
        if byte == b'%' && !(hex(bytes.next()) && hex(bytes.next())) {
            return false;
        }
    }
    true
}

/// `/auth`, with or without a version: its body holds a password.
fn is_auth(uri: &str) -> bool {
    let path = uri.split('?').next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.find('/').map_or("", |slash| &rest[slash..]));
    let Some(rest) = path.strip_prefix('/') else { return false };
    let version = rest.split('/').next().unwrap_or_default();
    let numbered = version.starts_with('v')
        && version.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
        && version[1..].bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let behind = if numbered { rest[version.len()..].strip_prefix('/').unwrap_or_default() } else { rest };
    behind.starts_with("auth")
}
