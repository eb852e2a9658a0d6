//! What the settings of a document become, and which refuse it.

use super::*;
use crate::document::Settings as Document;

fn words(settings: &Settings) -> [&'static str; 7] {
    [
        settings.local_content.code(),
        settings.run_unapproved.code(),
        settings.engine_plugins.code(),
        settings.swarm.code(),
        settings.builds.code(),
        settings.unknown_requests.code(),
        settings.container_builders.code(),
    ]
}

fn patterns(rules: Option<&RuleSet>) -> Option<Vec<&str>> {
    rules.map(|rules| rules.rules().iter().map(|rule| rule.pattern.as_str()).collect())
}

#[test]
fn absent_settings_and_unspecified_ones_are_the_defaults() {
    for document in [None, Some(&Document::default())] {
        let settings = read(document).expect("settings");
        assert_eq!(words(&settings), ["allow", "allow", "as_images", "own", "allow", "deny", "allow"]);
        assert!(settings.push.is_none() && settings.protect.is_none());
    }
}

#[test]
fn every_value_has_its_own_meaning() {
    let check = |values: [i32; 7], expected: [&str; 7]| {
        let [local_content, run_unapproved, engine_plugins, swarm, builds, unknown_requests, container_builders] =
            values;
        let document = Document {
            local_content,
            run_unapproved,
            engine_plugins,
            swarm,
            builds,
            unknown_requests,
            container_builders,
            ..Document::default()
        };
        assert_eq!(words(&read(Some(&document)).expect("settings")), expected, "{values:?}");
    };
    check([1, 1, 1, 1, 1, 1, 1], ["allow", "allow", "as_images", "own", "allow", "deny", "allow"]);
    check([2, 2, 2, 2, 2, 2, 2], ["deny", "warn", "deny", "allow", "deny", "allow", "deny"]);
    check([2, 3, 2, 3, 2, 2, 2], ["deny", "deny", "deny", "deny", "deny", "allow", "deny"]);
}

#[test]
fn an_empty_list_is_not_an_absent_one() {
    let nowhere = Document { push: Some(Push::default()), protect: Some(Protect::default()), ..Document::default() };
    let settings = read(Some(&nowhere)).expect("settings");
    assert_eq!(patterns(settings.push.as_ref()), Some(vec![]));
    assert_eq!(patterns(settings.protect.as_ref()), Some(vec![]));

    let some = Document {
        push: Some(Push { patterns: vec!["acme/*".into(), "ghcr.io/acme/*".into()] }),
        protect: Some(Protect { patterns: vec!["portainer/agent".into()] }),
        ..Document::default()
    };
    let settings = read(Some(&some)).expect("settings");
    assert_eq!(patterns(settings.push.as_ref()), Some(vec!["docker.io/acme/*", "ghcr.io/acme/*"]));
    assert_eq!(patterns(settings.protect.as_ref()), Some(vec!["docker.io/portainer/agent"]));
    let push = settings.push.expect("rules");
    let rule = &push.rules()[0];
    assert_eq!((rule.id.as_str(), &rule.scope, rule.expires_at), ("docker.io/acme/*", &Scope::Organization, None));
}

#[test]
fn what_is_not_known_or_no_pattern_refuses_the_document() {
    let check = |document: Document, part: &str| {
        let error = read(Some(&document)).expect_err(part);
        assert!(crate::chain(&error).contains(part), "{error}");
    };
    check(Document { local_content: 3, ..Document::default() }, "local_content is 3");
    check(Document { run_unapproved: 4, ..Document::default() }, "run_unapproved is 4");
    check(Document { engine_plugins: 3, ..Document::default() }, "engine_plugins is 3");
    check(Document { swarm: -1, ..Document::default() }, "swarm is -1");
    check(Document { builds: 3, ..Document::default() }, "builds is 3");
    check(Document { container_builders: 3, ..Document::default() }, "container_builders is 3");
    check(Document { unknown_requests: 3, ..Document::default() }, "unknown_requests is 3");
    let push = |patterns| Document { push: Some(Push { patterns }), ..Document::default() };
    check(push(vec!["acme/*".into(), "*".into()]), "`push` cannot be used: `*` alone");
    check(push(vec![String::new(); MAX_RULES + 1]), "patterns of a setting");
    check(push((0..=super::super::MAX_RUN).map(|n| format!("*/a-{n}*")).collect()), "in the same place");
    let protect = Document { protect: Some(Protect { patterns: vec!["a//b".into()] }), ..Document::default() };
    check(protect, "a pattern of `protect`");
}
