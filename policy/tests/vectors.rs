//! The engine's own answers (`tests/vectors`), all of which must agree.

use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use policy::{
    Action, ImageRef, RefError,
    engine::{self, Request},
};

fn vectors(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One CSV record; fields may be quoted, and hold no newline.
fn csv(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().expect("one field at least").push(c),
        }
    }
    fields
}

#[test]
fn every_reference_of_the_engine_agrees() {
    let mut compared = 0;
    for line in vectors("references.csv").lines().skip(1) {
        let fields = csv(line);
        let [input, normalized, domain, path, tag, digest] = fields.as_slice() else { panic!("six fields: {line}") };
        let found = ImageRef::parse_any(input).map(ImageRef::or_latest);
        if let Some(error) = normalized.strip_prefix("ERROR: ") {
            let expected = match error {
                e if e.contains("must be lowercase") => RefError::Uppercase,
                "invalid checksum digest format" => RefError::DigestFormat,
                "invalid checksum digest length" => RefError::DigestLength,
                "unsupported digest algorithm" => RefError::UnsupportedDigest,
                e if e.contains("must not be more than 255") => RefError::NameTooLong,
                "invalid reference format" => RefError::InvalidFormat,
                other => panic!("an error this test does not know: {other}"),
            };
            assert_eq!(found, Err(expected), "{input}");
        } else if normalized.starts_with("ID: ") {
            assert_eq!(found, Err(RefError::ImageId), "{input}");
        } else {
            let image = found.unwrap_or_else(|error| panic!("{input}: {error}"));
            assert_eq!(image.as_str(), normalized, "{input}");
            assert_eq!(
                (image.host(), image.path(), image.tag().unwrap_or(""), image.digest().unwrap_or("")),
                (domain.as_str(), path.as_str(), tag.as_str(), digest.as_str()),
                "{input}"
            );
        }
        compared += 1;
    }
    assert_eq!(compared, 163, "every line was compared");
}

#[test]
fn references_from_public_reports_agree() {
    let mut compared = 0;
    for line in vectors("references.tsv").lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let json = fields[1].replace("\\x", "\\u00");
        let input: String = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{line}: {error}"));
        let found = ImageRef::parse(&input).map(ImageRef::or_latest);
        if fields[2] == "error" {
            assert!(found.is_err(), "{input:?}");
        } else {
            let image = found.unwrap_or_else(|error| panic!("{input:?}: {error}"));
            let answer = (image.as_str(), image.host(), image.path());
            assert_eq!(answer, (fields[2], fields[3], fields[4]), "{input:?}");
            if fields[7] != "-" {
                let place = image.place();
                assert_eq!(format!("{}/{}", place.host, place.path), fields[7], "{input:?} for a policy");
            }
        }
        compared += 1;
    }
    assert!(compared > 80, "{compared} compared");
}

fn query_value(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

#[test]
fn from_image_and_tag_combine_as_in_the_engine() {
    let mut compared = 0;
    for line in vectors("pull_params.csv").lines().skip(1) {
        let fields = csv(line);
        let (from, tag, expected) = (&fields[0], &fields[1], &fields[2]);
        let target = format!("/v1.41/images/create?fromImage={}&tag={}", query_value(from), query_value(tag));
        let action = engine::read(&Request { method: "POST", target: &target, ..Request::default() });
        let fetched: Vec<_> = action.fetched().map(ImageRef::as_str).collect();
        match &action {
            Action::Unverifiable(_) => assert!(expected.starts_with("ERROR: "), "{line}: {action:?}"),
            // Without a name the engine imports; that brings something in that has no name.
            _ if fetched.is_empty() => assert_eq!((action.word(), from.as_str()), ("import", ""), "{line}"),
            _ => assert_eq!(fetched, [expected.as_str()], "{line}"),
        }
        compared += 1;
    }
    assert_eq!(compared, 33, "every line was compared");
}

#[test]
fn requests_are_understood_as_the_engine_acts_on_them() {
    let mut compared = 0;
    for line in vectors("requests.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        let id = case["id"].as_str().expect("an id");
        let shown = case.get("plugin_input").filter(|input| !input.is_null());
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let header = |name: &str| shown.and_then(|input| text(&input["RequestHeaders"][name]));
        let method = shown.map_or(&case["method"], |input| &input["RequestMethod"]).as_str().expect("a method");
        let target = shown.map_or(&case["uri"], |input| &input["RequestUri"]).as_str().expect("a target");
        let (content_type, content_length) = (header("Content-Type"), header("Content-Length"));
        let body = shown.and_then(|input| input["RequestBody"].as_str()).unwrap_or_default();
        let body = STANDARD.decode(body).expect("base64");
        let action = engine::read(&Request {
            method,
            target,
            content_type: content_type.as_deref(),
            content_length: content_length.as_deref(),
            body: &body,
            ..Request::default()
        });
        // The table leaves the digest out where there is a tag too; the engine fetches by the digest.
        let name = |image: &ImageRef| match (image.tag(), image.digest()) {
            (Some(_), Some(digest)) => image.as_str().trim_end_matches(digest).trim_end_matches('@').to_owned(),
            (None, None) => format!("{image}:*"),
            _ => image.to_string(),
        };
        let found = match action.verdict() {
            "understood" => serde_json::json!(action.fetched().map(name).collect::<Vec<_>>()),
            "not_governed" => "none".into(),
            _ => "unknowable->deny".into(),
        };
        let accepted = [&case["expected"], &case["also_ok"]];
        assert!(accepted.contains(&&found), "{id}: {method} {target}: {found}, expected one of {accepted:?}");
        if let Some(uses) = case["uses_image"].as_array().filter(|_| action.verdict() != "unverifiable") {
            let named =
                |text: &str| ImageRef::parse(text).map_or(text.to_owned(), |image| image.or_latest().to_string());
            let expected: Vec<_> = uses.iter().filter_map(|text| text.as_str().map(named)).collect();
            let found: Vec<_> = action.started().map(|start| start.image.to_string()).collect();
            // The table says "id" for an id.
            assert!(found == expected || uses[0] == "id" && found[0].starts_with("sha256:"), "{id}: {found:?}");
        }
        compared += 1;
    }
    println!("{compared} requests compared");
    assert!(compared > 95, "{compared} compared");
}
