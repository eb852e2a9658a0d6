//! Patterns: what is written, what it means, what is refused.

use super::*;
use crate::{ImageRef, Membership, Role};

fn matches(pattern: &str, image: &str) -> bool {
    matches_for(pattern, image, Purpose::Allow)
}

fn matches_for(pattern: &str, image: &str, purpose: Purpose) -> bool {
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
    set.find(&image, &image.place(), asker, purpose).is_some()
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
fn a_host_without_a_port_is_denied_on_every_port_and_allowed_on_its_own() {
    for (pattern, image) in [
        ("evil.example/*", "evil.example:8443/x"),
        ("*.evil.example/*", "a.b.evil.example:8443/x"),
        ("10.0.0.5/*", "[::ffff:a00:5]:5000/x"),
        ("[::1]/x", "[::1]:5000/x"),
    ] {
        assert!(matches_for(pattern, image, Purpose::Deny), "{pattern} on {image}");
        assert!(!matches_for(pattern, image, Purpose::Allow), "{pattern} on {image}");
    }
    assert!(!matches_for("evil.example:8443/*", "evil.example/x", Purpose::Deny));
    assert!(matches_for("10.0.0.5:5000/*", "[::ffff:a00:5]:5000/x", Purpose::Allow));
}

#[test]
fn the_longest_run_is_what_must_be_tried_one_by_one() {
    let set = |patterns: &[&str]| -> RuleSet {
        let rule = |pattern: &&str| Rule {
            id: String::new(),
            pattern: Pattern::parse(pattern).expect("a pattern"),
            scope: Scope::Organization,
            expires_at: None,
            reason: String::new(),
        };
        patterns.iter().map(rule).collect()
    };
    assert_eq!(set(&[]).longest_run(), 0);
    assert_eq!(set(&["a/b", "a/c", "x/*", "y/z-*"]).longest_run(), 1);
    assert_eq!(set(&["a/*x", "a/*y", "a/*z"]).longest_run(), 3);
    assert_eq!(set(&["a/b:1.*", "a/b:2.*", "a/b:3"]).longest_run(), 2);
    assert_eq!(set(&["a/b", "a/b", "docker.io/a/b"]).longest_run(), 3);
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
        ("evil/**", "docker.io/evil/*"),
        ("docker.io/**", "docker.io/*"),
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
        ("docker.io/evil*", "matches nothing"),
        ("docker.io/*evil*", "matches nothing"),
        ("Evil/x/Y", "lower-case"),
        ("acme/App", "lower-case"),
        ("acme//x", "empty"),
        ("acme/", "empty"),
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
