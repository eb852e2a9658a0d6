//! Kept in `tests/vectors.rs`: the engine's own answers; here what they do not show.

use super::*;

#[test]
fn parts_are_found_again() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let image = ImageRef::parse(&format!("ghcr.io:5000/a/b:1@{digest}")).expect("a reference");
    assert_eq!(
        (image.host(), image.path(), image.tag(), image.digest()),
        ("ghcr.io:5000", "a/b", Some("1"), Some(digest.as_str()))
    );
    let bare = ImageRef::parse("exam_ple.com/app").expect("a reference");
    assert_eq!((bare.host(), bare.path(), bare.tag(), bare.digest()), ("", "exam_ple.com/app", None, None));
    assert!(bare.is_all_tags() && !bare.clone().or_latest().is_all_tags());
    assert_eq!(bare.with_tag("x").expect("a tag").as_str(), "exam_ple.com/app:x");
}

#[test]
fn the_familiar_name_is_what_people_type() {
    for (input, expected) in [
        ("docker.io/library/alpine:3", "alpine"),
        ("evil/miner", "evil/miner"),
        ("ghcr.io/a/b:1", "ghcr.io/a/b"),
        ("library/a/b", "library/a/b"),
    ] {
        assert_eq!(ImageRef::parse(input).expect("a reference").familiar_name(), expected);
    }
}

#[test]
fn an_endless_name_is_not_read() {
    assert_eq!(ImageRef::parse(&"a/".repeat(5000)), Err(RefError::InputTooLong));
}
