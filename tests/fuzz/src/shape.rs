//! Whole requests, made so that real routes and keys are hit, with the tricks clients play.

use arbitrary::{Result, Unstructured};

use crate::{
    body,
    wire::{Framing, Wire},
};

const METHODS: [&str; 9] = ["POST", "POST", "POST", "POST", "POST", "GET", "HEAD", "PUT", "OPTIONS"];
const VERSIONS: [&str; 10] = ["", "", "/v1.41", "/v1.51", "/v1.24", "/v1.9", "/v01.041", "/v1.41.", "/v", "/v9.9"];
const PLACES: [&str; 8] = ["http://h", "https://u:p@h:1", "http://%C3%A9", "http://u%41@h", "x:", "foo:/", "//h", "*"];
const PATHS: [&str; 27] = [
    "/images/create",
    "/images/create",
    "/images/create",
    "/images/load",
    "/images/evil/tag",
    "/images/evil/miner:1/push",
    "/containers/create",
    "/containers/create",
    "/containers/x/exec",
    "/containers/x/start",
    "/containers/x/checkpoints",
    "/services/create",
    "/services/web/update",
    "/services/a/b/update",
    "/plugins/pull",
    "/plugins/privileges",
    "/plugins/evil/p/upgrade",
    "/plugins/create",
    "/plugins/pullgate/set",
    "/distribution/evil/miner:1/json",
    "/build",
    "/commit",
    "/session",
    "/volumes/create",
    "/swarm/join",
    "/brand/new",
    "/_ping",
];
const KEYS: [&str; 14] = [
    "fromImage",
    "fromImage",
    "tag",
    "tag",
    "fromSrc",
    "repo",
    "remote",
    "name",
    "rollback",
    "fromimage",
    "platform",
    "cachefrom",
    "buildargs",
    "version",
];
const TYPES: [&str; 9] = [
    "application/json",
    "application/json; charset=utf-8",
    "application/x-www-form-urlencoded",
    "Application/X-WWW-Form-Urlencoded; a",
    "multipart/form-data; boundary=x",
    "text/plain",
    "",
    "application/x-tar",
    "application/json; a=b",
];

/// Names that are good.
const WHOLE: [&str; 12] = [
    "alpine",
    "evil/miner:v2",
    "index.docker.io/alpine:1",
    "ghcr.io/acme/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "localhost:5000/a:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    "deadbeef",
    "latest",
    "previous",
    "EVIL/miner",
];

/// Pieces of names.
pub const NAMES: [&str; 31] = [
    "alpine",
    "evil/miner",
    "docker.io/",
    "index.docker.io/",
    "library/",
    "ghcr.io/acme/",
    "localhost:5000/",
    "127.0.0.1/",
    "[::1]:5000/",
    "EVIL/",
    "a",
    "0",
    "scratch",
    ":",
    ":1",
    ":latest",
    "@",
    "@sha256:",
    "sha256:",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "_",
    "__",
    "-",
    ".",
    "/",
    "none",
    "pullgate",
    "\u{e9}",
    " ",
    "+",
    "\u{0}",
];

/// One request.
///
/// # Errors
/// When the bytes are used up.
pub fn wire(u: &mut Unstructured<'_>) -> Result<Wire> {
    let mut target = String::new();
    if u.ratio(1, 8)? {
        target += u.choose(&PLACES)?;
    }
    let path = format!("{}{}", u.choose(&VERSIONS)?, u.choose(&PATHS)?);
    target += &encoded(u, &path, "/:")?;
    if u.ratio(1, 16)? {
        target += u.choose(&["/", "/.", "//", "%0a", "%2f", "%", "%zz", "#", "?", "\u{e9}"])?;
    }
    let query = form(u)?;
    if !query.is_empty() {
        target += "?";
        target += &query;
    }
    let mut types = Vec::new();
    for _ in 0..u.int_in_range(0..=2)? {
        types.push((*u.choose(&TYPES)?).to_owned());
    }
    let framing = match u.int_in_range(0..=5)? {
        0 => Framing::Chunked,
        1 => Framing::Http2(u.choose(&[None, Some("0"), Some("7")])?.map(str::to_owned)),
        _ => Framing::Length,
    };
    let body = match u.int_in_range(0..=3)? {
        0 => Vec::new(),
        1 => form(u)?.into_bytes(),
        _ => body::document(u)?,
    };
    Ok(Wire { method: (*u.choose(&METHODS)?).to_owned(), target, types, framing, old: u.arbitrary()?, body })
}

/// A name of an image, good or bad.
///
/// # Errors
/// When the bytes are used up.
pub fn name(u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(2, 3)? {
        return Ok((*u.choose(&WHOLE)?).to_owned());
    }
    let mut name = String::new();
    for _ in 0..u.int_in_range(1..=4)? {
        name += u.choose(&NAMES)?;
    }
    Ok(name)
}

fn form(u: &mut Unstructured<'_>) -> Result<String> {
    let mut form = String::new();
    for _ in 0..u.int_in_range(0..=5)? {
        let key = *u.choose(&KEYS)?;
        form += &encoded(u, key, "")?;
        let value = name(u)?;
        if !u.ratio(1, 12)? {
            form += "=";
            form += &encoded(u, &value, "/:@")?;
        }
        form += if u.ratio(1, 24)? { u.choose(&[";", "&&", "&;", "#", "%zz", "=", "+", "?"])? } else { "&" };
    }
    Ok(form)
}

/// Percent-encodes what must be, and now and then what need not be.
fn encoded(u: &mut Unstructured<'_>, text: &str, plain: &str) -> Result<String> {
    let more = u.ratio(1, 4)?;
    let mut out = String::new();
    for byte in text.bytes() {
        let may_stay = byte.is_ascii_alphanumeric() || "-._~".contains(char::from(byte));
        if (may_stay || plain.contains(char::from(byte))) && !(more && u.ratio(1, 3)?) {
            out.push(char::from(byte));
        } else {
            out += &if u.ratio(1, 2)? { format!("%{byte:02x}") } else { format!("%{byte:02X}") };
        }
    }
    Ok(out)
}
