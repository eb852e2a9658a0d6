//! Patterns: what is written, what it means, what is refused.

use super::*;
use crate::{ImageRef, Membership, Role};

fn matches(pattern: &str, image: &str) -> bool {
    let rule = Rule {
        id: "r".into(),
        pattern: Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")),
        scope: Scope::Organization,
        expires_at: None,
        reason: String::new(),
    };
    let set: RuleSet = [rule].into_iter().collect();
    let image = ImageRef::parse(image).expect("a reference").or_latest();
    let membership = Membership { organization: "acme".into(), role: Role::Member, teams: Vec::new() };
    let asker = Asker { user: "dana", membership: &membership, now: Timestamp(1) };
    set.find(&image, &image.place(), asker, Purpose::Allow).is_some()
}

#[test]
fn patterns_match_whole_components() {
    for (pattern, image, expected) in [
        ("alpine", "alpine", true),
        ("alpine", "docker.io/library/alpine:3", true),
        ("alpine", "alpine/git", false),
        ("docker.io/alpine", "alpine", true),
        ("index.docker.io/library/alpine", "alpine", true),
        ("evil/miner", "evil/miner:v2", true),
        ("evil/miner", "evil/miner2", false),
        ("evil/miner", "evil/miner/x", false),
        ("evil/*", "evil/miner", true),
        ("evil/*", "evil/a/b/c", true),
        ("evil/*", "evil2/miner", false),
        ("evil/*", "ghcr.io/evil/miner", false),
        ("docker.io/*", "anyone/any", true),
        ("docker.io/*", "alpine", true),
        ("docker.io/*", "ghcr.io/any", false),
        ("ghcr.io/*", "GHCR.io:443/a/b", true),
        ("ghcr.io/acme/*", "ghcr.io/acme/tool", true),
        ("ghcr.io/acme/*", "ghcr.io/acme", false),
        ("acme/app-*", "acme/app-one", true),
        ("acme/app-*", "acme/app-", false),
        ("acme/app-*", "acme/app", false),
        ("acme/app-*", "acme/app-one/two", false),
        ("acme/app-*/*", "acme/app-one/two/three", true),
        ("acme/*/release", "acme/x/release", true),
        ("acme/*/release", "acme/x/y/release", false),
        ("*-mirror/alpine", "our-mirror/alpine", true),
        ("*-mirror/alpine", "mirror/alpine", false),
        ("*.corp.example/*", "a.corp.example/x/y", true),
        ("*.corp.example/*", "a.b.corp.example/x", true),
        ("*.corp.example/*", "corp.example/x", false),
        ("*.corp.example/*", "evilcorp.example/x", false),
        ("*.corp.example:5000/*", "a.corp.example:5000/x", true),
        ("localhost:5000/*", "localhost:5000/x", true),
        ("[::1]:5000/x", "[0:0::1]:5000/x", true),
        ("alpine:3.*", "alpine:3.20", true),
        ("alpine:3.*", "alpine:latest", false),
        ("alpine:latest", "alpine", true),
        ("python:3.1?", "python:3.12", true),
    ] {
        // `app-` ends in a separator, which no repository may.
        if ImageRef::parse(image).is_ok() {
            assert_eq!(matches(pattern, image), expected, "{pattern} on {image}");
        } else {
            assert!(!expected, "{image} is no reference");
        }
    }
}

#[test]
fn the_normal_form_reads_back_as_itself() {
    for (text, expected) in [
        ("alpine", "docker.io/library/alpine"),
        (" evil/* ", "docker.io/evil/*"),
        ("docker.io/*", "docker.io/*"),
        ("DOCKER.IO:443/alpine:3.*", "docker.io/library/alpine:3.*"),
        ("*.corp.example/*", "*.corp.example/*"),
        ("acme/app-*/x", "docker.io/acme/app-*/x"),
    ] {
        let pattern = Pattern::parse(text).expect("a pattern");
        assert_eq!(pattern.as_str(), expected);
        assert_eq!(Pattern::parse(expected).expect("a pattern"), pattern);
    }
}

#[test]
fn what_is_no_pattern_is_refused_with_a_hint() {
    let long = "a/".repeat(20) + "b";
    for (text, word) in [
        ("", "empty"),
        ("*", "alone"),
        ("*/*", "alone"),
        ("Evil/x/Y", "lower-case"),
        ("acme/App", "lower-case"),
        ("acme//x", "lower-case"),
        ("acme/", "lower-case"),
        ("a*.example/x", "host"),
        ("exa mple.com/x", "host"),
        ("*./x", "host"),
        ("alpine:", "tag"),
        ("alpine:a b", "tag"),
        ("alpine@sha256:abc", "digest"),
        ("alpine:1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "not both"),
        (&long, "longer"),
        (&"x".repeat(600), "longer"),
        ("alp\u{456}ne", "lower-case"),
    ] {
        let error = Pattern::parse(text).expect_err(text);
        assert!(error.to_string().contains(word), "{text}: {error}");
    }
}

#[test]
fn a_long_list_is_asked_as_fast_as_a_short_one() {
    // Ten thousand patterns that share a namespace: none is tried one by one.
    let rule = |n: usize| Rule {
        id: format!("{n}"),
        pattern: Pattern::parse(&format!("team/app{n:05}-*")).expect("a pattern"),
        scope: Scope::Organization,
        expires_at: None,
        reason: String::new(),
    };
    let set: RuleSet = (0..10_000).map(rule).collect();
    let image = ImageRef::parse("team/app09999-x").expect("a reference");
    let membership = Membership { organization: "acme".into(), role: Role::Member, teams: Vec::new() };
    let asker = Asker { user: "dana", membership: &membership, now: Timestamp(1) };
    assert_eq!(set.find(&image, &image.place(), asker, Purpose::Allow).map(|rule| rule.id.as_str()), Some("9999"));
}
