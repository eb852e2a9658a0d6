//! A document that cannot be read whole is not read at all.

use super::*;
use crate::document::{Policy as Document, Scope as ScopeMessage, scope::To};

fn policy() -> Document {
    Document {
        header: Some(Header { subject: "Acme".into(), generation: 3, ..Header::default() }),
        enabled: true,
        mode: document::Mode::Enforce.into(),
        categories: Some(document::Categories { official: true, ..document::Categories::default() }),
        when_expired: document::WhenExpired::Keep.into(),
        ..Document::default()
    }
}

fn with_rule(pattern: &str, scope: Option<ScopeMessage>) -> Document {
    let rule = document::Rule { id: "r1".into(), pattern: pattern.into(), scope, ..document::Rule::default() };
    Document { allow: vec![rule], ..policy() }
}

#[test]
fn a_policy_keeps_what_its_document_says() {
    let document = with_rule("evil/*", Some(ScopeMessage { to: Some(To::Team("platform".into())) }));
    let policy = super::policy(&document, Arc::default()).expect("a policy");
    assert_eq!((policy.organization.as_str(), policy.generation, policy.enabled), ("acme", 3, true));
    assert!(policy.categories.official && !policy.categories.community);
    let rule = &policy.allow.rules()[0];
    assert_eq!((rule.pattern.as_str(), &rule.scope), ("docker.io/evil/*", &Scope::Team("platform".into())));
    assert_eq!(rule.expires_at, None);
}

#[test]
fn unknown_values_refuse_the_whole_document() {
    let check = |document: Document, part: &str| {
        let error = super::policy(&document, Arc::default()).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
    };
    check(Document { header: None, ..policy() }, "header");
    check(Document { categories: None, ..policy() }, "categories");
    check(Document { mode: 9, ..policy() }, "mode is 9");
    check(Document { when_expired: 0, ..policy() }, "when_expired");
    check(with_rule("*", None), "rule `r1`");
    // A scope of a newer kind must not become "everybody".
    check(with_rule("evil/x", Some(ScopeMessage { to: None })), "rule scope");
    check(
        Document { registries: Some(document::Registries { controlled: true, hosts: vec!["a b".into()] }), ..policy() },
        "registry list",
    );
    let long = document::Contact { message: "x".repeat(MAX_TEXT_BYTES + 1), ..document::Contact::default() };
    check(Document { contact: Some(long), ..policy() }, "contact");
    let newline = document::Rule { id: "a\nb".into(), pattern: "x/y".into(), ..document::Rule::default() };
    check(Document { allow: vec![newline], ..policy() }, "control characters");
    let escape = document::Rule {
        id: "r".into(),
        pattern: "x/y".into(),
        reason: "\u{1b}[2J".into(),
        ..document::Rule::default()
    };
    check(Document { deny: vec![escape], ..policy() }, "control characters");
    let run = |n: usize| document::Rule { id: format!("r{n}"), pattern: format!("*/miner-{n}*"), ..Default::default() };
    check(Document { deny: (0..=MAX_RUN).map(run).collect(), ..policy() }, "in the same place");

    assert!(
        directory(&document::Directory {
            publishers: vec![document::Publisher { namespace: "x".into(), badge: 9 }],
            ..Default::default()
        })
        .is_err()
    );
    let member = document::Membership { organization: "acme".into(), role: 9, teams: vec![] };
    assert!(
        session(&document::Session { header: policy().header, organizations: vec![member], ..Default::default() })
            .is_err()
    );
}
