//! Tricks with the target: path, version, absolute form, encoding, first values, aliases.

use crate::{Case, numbers::Numbers};

/// A repository: its normal form, and how else people write it.
const REPOSITORIES: [(&str, &[&str]); 7] = [
    (
        "docker.io/library/alpine",
        &["alpine", "library/alpine", "docker.io/alpine", "docker.io/library/alpine", "index.docker.io/alpine"],
    ),
    ("docker.io/evil/miner", &["evil/miner", "docker.io/evil/miner", "index.docker.io/evil/miner"]),
    ("ghcr.io/acme/app", &["ghcr.io/acme/app"]),
    ("localhost:5000/a/b", &["localhost:5000/a/b"]),
    ("localhost/x", &["localhost/x"]),
    ("[::1]:5000/a/b", &["[::1]:5000/a/b"]),
    ("EVIL/miner", &["EVIL/miner"]),
];
const TAGS: [&str; 5] = ["latest", "1", "3.20", "_x", "V1.0-rc.2"];
const DIGESTS: [&str; 2] = [
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha256:0000000000000000000000000000000000000000000000000000000000000001",
];
/// What the request must not be taken for.
pub const DECOYS: [&str; 4] = ["decoy/decoy", "decoy:9", "ghcr.io/decoy/x", "Decoy"];

/// A repository, written in one of its ways; its normal form.
pub fn repository(numbers: &mut Numbers) -> (String, &'static str) {
    let (normal, ways) = REPOSITORIES[numbers.below(REPOSITORIES.len())];
    (numbers.pick(ways).to_owned(), normal)
}

/// A whole reference as one text; its normal form, `latest` where it has no tag.
pub fn reference(numbers: &mut Numbers) -> (String, String) {
    let (name, normal) = repository(numbers);
    let (tag, digest) = (numbers.pick(&TAGS), numbers.pick(&DIGESTS));
    match numbers.below(4) {
        0 => (name, format!("{normal}:latest")),
        1 => (format!("{name}@{digest}"), format!("{normal}@{digest}")),
        2 => (format!("{name}:{tag}@{digest}"), format!("{normal}:{tag}@{digest}")),
        _ => (format!("{name}:{tag}"), format!("{normal}:{tag}")),
    }
}

/// `fromImage`, `tag`, and the reference that they come to.
fn parts(numbers: &mut Numbers) -> (String, Option<String>, String) {
    let (name, normal) = repository(numbers);
    let (tag, other) = (numbers.pick(&TAGS), numbers.pick(&TAGS));
    let (digest, old) = (numbers.pick(&DIGESTS), numbers.pick(&DIGESTS));
    let empty = numbers.once_in(2).then(String::new);
    match numbers.below(11) {
        0 => (format!("{name}:{tag}"), empty, format!("{normal}:{tag}")),
        1 => (name, Some(tag.into()), format!("{normal}:{tag}")),
        2 => (format!("{name}:{other}"), Some(tag.into()), format!("{normal}:{tag}")),
        3 => (format!("{name}:"), Some(tag.into()), format!("{normal}:{tag}")),
        4 => (format!("{name}@{digest}"), empty, format!("{normal}@{digest}")),
        5 => (name, Some(digest.into()), format!("{normal}@{digest}")),
        6 => (format!("{name}:{other}@{old}"), Some(digest.into()), format!("{normal}@{digest}")),
        7 => (format!("{name}:{tag}@{digest}"), empty, format!("{normal}:{tag}@{digest}")),
        8 => (format!("{name}:{other}@{digest}"), Some(tag.into()), format!("{normal}:{tag}@{digest}")),
        9 => (format!("{name}:"), empty, normal.to_owned()),
        _ => (name, empty, normal.to_owned()),
    }
}

/// A pull.
pub fn pull(numbers: &mut Numbers) -> Case {
    let (from, tag, truth) = parts(numbers);
    let mut pairs = vec![("fromImage", from)];
    pairs.extend(tag.map(|tag| ("tag", tag)));
    disguised(numbers, "/images/create", &["fromImage", "tag", "fromSrc"], pairs, truth)
}

/// An engine plugin's pull; its body was shown.
pub fn plugin(numbers: &mut Numbers) -> Case {
    let (remote, truth) = reference(numbers);
    let body = numbers.pick(&["[]", "null", " [ ] ", r#"[{"Name":"network","Value":["host"]}]"#, "[null]"]);
    let mut case = disguised(numbers, "/plugins/pull", &["remote"], vec![("remote", remote)], truth);
    // The body says what the plugin may do, and so must be shown.
    if !case.grey {
        (case.content_type, case.content_length, case.body) = (Some("application/json"), None, body.into());
    }
    case
}

/// Writes a target in another way, with decoys that no engine looks at.
fn disguised(
    numbers: &mut Numbers,
    path: &str,
    keys: &[&'static str],
    mut pairs: Vec<(&'static str, String)>,
    truth: String,
) -> Case {
    if numbers.once_in(2) {
        pairs.reverse();
    }
    let (mut grey, mut hidden, mut query) = (false, false, String::new());
    let mut add = |numbers: &mut Numbers, key: &str, value: &str| {
        if !query.is_empty() || numbers.once_in(6) {
            query += numbers.pick(&["&", "&&", "&"]);
        }
        query += &format!("{}={}", encoded(numbers, key), encoded(numbers, value));
    };
    // Keys that look alike count nowhere.
    for key in ["fromimage", "FROMIMAGE", "fromImage ", "Tag", "from\u{131}mage", "Remote", "x"] {
        if numbers.once_in(8) {
            let decoy = numbers.pick(&DECOYS);
            add(numbers, key, decoy);
        }
    }
    for (key, value) in &pairs {
        add(numbers, key, value);
    }
    // Of a key that was there the first value counts.
    for key in keys.iter().filter(|key| **key == "fromSrc" || pairs.iter().any(|(there, _)| there == *key)) {
        if numbers.once_in(3) {
            let decoy = numbers.pick(&DECOYS);
            add(numbers, key, decoy);
        }
    }
    // Behind `#` a query goes on; and what some engines refuse and others skip.
    query += numbers.pick(&["", "", "", "&x=1#", "&#", "&x=%E9"]);
    if numbers.once_in(12) {
        grey = true;
        query += numbers.pick(&["&a;fromImage=decoy", "&x=%zz", "&x=%", ";"]);
    }
    let version = numbers.pick(&["", "/v1.41", "/v1.24", "/v1.51", "/v01.041", "/v1.41.", "/v1.41.9"]);
    let place = numbers.pick(&["", "", "", "http://docker", "https://u:p@h:1", "foo://x", "foo:", "HTTP://"]);
    let path = encoded_path(numbers, &format!("{version}{path}"));
    let (content_type, content_length, may_be_http2, body) = match numbers.below(12) {
        // A body that was shown is JSON, and no form.
        0 => (Some("application/json"), Some("2"), false, "{}"),
        1 => (Some("text/plain"), Some("2"), true, "{}"),
        // An empty one is none.
        2 => (Some("text/plain"), Some("0"), false, ""),
        // What is not shown may be a form that says something else.
        3 => {
            (grey, hidden) = (true, true);
            let kind = numbers.pick(&["text/plain", "application/x-www-form-urlencoded", "", "application/json"]);
            (Some(kind), [None, Some("29"), Some("00")][numbers.below(3)], false, "")
        }
        4 => {
            (grey, hidden) = (true, true);
            (Some("text/plain"), Some("0"), true, "")
        }
        _ => (None, [None, Some("0"), Some("29")][numbers.below(3)], numbers.once_in(2), ""),
    };
    let target = format!("{place}{path}?{query}");
    Case { target, content_type, content_length, may_be_http2, body: body.into(), truth, grey, hidden }
}

/// Percent-encodes what must be in a query, and some of what need not be.
fn encoded(numbers: &mut Numbers, text: &str) -> String {
    let more = numbers.once_in(3);
    escaped(numbers, text, |numbers, byte| {
        let may_stay = byte.is_ascii_alphanumeric() || b"-._/:@[]".contains(&byte);
        may_stay && (!more || !numbers.once_in(3))
    })
}

fn encoded_path(numbers: &mut Numbers, path: &str) -> String {
    let more = numbers.once_in(2);
    // The first `/` makes it a path.
    let rest = path.strip_prefix('/').unwrap_or(path);
    format!("/{}", escaped(numbers, rest, |numbers, _| !more || !numbers.once_in(4)))
}

fn escaped(numbers: &mut Numbers, text: &str, stays: impl Fn(&mut Numbers, u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if stays(numbers, byte) {
            out.push(char::from(byte));
            continue;
        }
        let digits = if numbers.once_in(2) { b"0123456789abcdef" } else { b"0123456789ABCDEF" };
        let digit = |four_bits: u8| char::from(digits[usize::from(four_bits)]);
        out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
    }
    out
}
