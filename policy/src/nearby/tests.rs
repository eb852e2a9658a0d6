use alloc::sync::Arc;

use super::*;
use crate::{Action, Pattern, Role, RuleSet, Validity, decide};

const NOW: Timestamp = Timestamp(1_000);
const FRESH: Validity =
    Validity { issued_at: Timestamp(1), refresh_after: Timestamp(5_000), expires_at: Timestamp(9_000) };

fn rule(pattern: &str, scope: Scope, expires_at: Option<i64>) -> Rule {
    Rule {
        id: pattern.into(),
        pattern: Pattern::parse(pattern).unwrap(),
        scope,
        expires_at: expires_at.map(Timestamp),
        reason: String::new(),
    }
}

fn near(rules: Vec<Rule>, image: &str) -> Vec<Nearby> {
    let policy = Policy {
        organization: "acme".into(),
        enabled: true,
        namespaces: ["acme".to_string(), "acme-base".to_string()].into_iter().collect(),
        allow: rules.into_iter().collect::<RuleSet>(),
        validity: FRESH,
        ..Policy::default()
    };
    let membership = Membership { organization: "acme".into(), role: Role::Member, teams: vec!["web".into()] };
    let session = Session { user: "dana".into(), uid: 7, organizations: vec![membership], validity: FRESH };
    let enforced = Enforced { sessions: vec![session], policies: vec![Arc::new(policy)], ..Enforced::default() };
    let image = ImageRef::parse(image).unwrap().or_latest();
    let action = Action::pull(image.clone());
    nearby(&enforced, &decide(&enforced, &action, NOW), &image, NOW)
}

fn namespaces(names: [&str; 2]) -> Vec<Nearby> {
    names.map(|name| Nearby::Namespace(name.into())).into()
}

#[test]
fn rules_for_other_tags_of_the_same_repository_are_near() {
    let everybody = |pattern| rule(pattern, Scope::Organization, None);
    let rules = vec![
        everybody("bitnami/redis:7.*"),
        everybody("bitnami/redis-cluster:7"),
        everybody("ghcr.io/bitnami/redis:7"),
        rule("bitnami/redis:8", Scope::Team("web".into()), None),
        rule("bitnami/redis:9", Scope::Team("data".into()), None),
        rule("bitnami/redis:10", Scope::User("eve".into()), None),
        rule("bitnami/redis:6", Scope::Organization, Some(999)),
    ];
    let found = near(rules, "bitnami/redis:5");
    let rules = ["docker.io/bitnami/redis:7.*", "docker.io/bitnami/redis:8"].map(|text| Nearby::Rule(text.into()));
    assert_eq!(found[..2], rules, "{found:?}");
    assert_eq!(found[2..], namespaces(["acme/redis:5", "acme-base/redis:5"]));
}

#[test]
fn a_copy_of_the_organization_is_near_whatever_registry_it_is_of() {
    assert_eq!(near(Vec::new(), "evil/deep/miner"), namespaces(["acme/miner", "acme-base/miner"]));
    assert_eq!(near(Vec::new(), "alpine:3.20"), namespaces(["acme/alpine:3.20", "acme-base/alpine:3.20"]));
}

#[test]
fn where_no_policy_decided_nothing_is_near() {
    let image = ImageRef::parse("evil/miner").unwrap();
    let enforced = Enforced::default();
    let action = Action::pull(image.clone());
    let decision = decide(&enforced, &action, NOW);
    assert_eq!(nearby(&enforced, &decision, &image, NOW), []);
    assert_eq!(request_url(&decision, &image), None);
}
