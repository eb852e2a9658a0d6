//! What is nobody's business is allowed, whatever is asked; and that something is.

use alloc::sync::Arc;

use super::*;
use crate::{
    Action, Ask, HostPattern, Mode, Pattern, Registries, Rule, RuleSet, Scope, Settings, SignIn, Validity, decide,
};

const NOW: Timestamp = Timestamp(1_000);
const FRESH: Validity =
    Validity { issued_at: Timestamp(1), refresh_after: Timestamp(5_000), expires_at: Timestamp(9_000) };
const EXPIRED: Validity =
    Validity { issued_at: Timestamp(1), refresh_after: Timestamp(500), expires_at: Timestamp(1_000) };

const HOSTS: [&str; 20] = [
    "docker.io",
    "registry-1.docker.io",
    "INDEX.docker.io:443",
    "docker.io.",
    "ghcr.io",
    "GHCR.IO:443",
    "ghcr.io:8443",
    "a.corp.example",
    "a.b.corp.example:5000",
    "corp.example",
    "registry",
    "registry:5000",
    "localhost",
    "localhost:5000",
    "127.9.9.9:5000",
    "[::1]:5000",
    "10.0.0.5:5000",
    "door.pullgate.invalid",
    "127.0.0.1:1",
    "pullgate.invalid",
];

fn rules(patterns: &[&str]) -> RuleSet {
    let rule = |pattern: &&str| Rule {
        id: (*pattern).into(),
        pattern: Pattern::parse(pattern).expect("a pattern"),
        scope: Scope::Organization,
        expires_at: None,
        reason: "".into(),
    };
    patterns.iter().map(rule).collect()
}

fn hosts(patterns: &[&str]) -> Registries {
    let hosts = patterns.iter().map(|host| HostPattern::parse(host).expect("a host")).collect();
    Registries { controlled: true, hosts }
}

fn policy() -> Policy {
    Policy { organization: "acme".into(), enabled: true, validity: FRESH, ..Policy::default() }
}

fn enforced(policy: Policy, role: Role) -> Enforced {
    let membership = Membership { organization: "acme".into(), role, teams: alloc::vec!["platform".into()] };
    let session = Session { user: "dana".into(), uid: 1, organizations: alloc::vec![membership], validity: FRESH };
    Enforced { sessions: alloc::vec![session], policies: alloc::vec![Arc::new(policy)], ..Enforced::default() }
}

/// Every state that differs in what it could refuse.
fn states() -> alloc::vec::Vec<Enforced> {
    let scoped = |scope| {
        let rule = Rule { scope, ..rules(&["ghcr.io/evil/*"]).rules()[0].clone() };
        [rule].into_iter().collect::<RuleSet>()
    };
    let policies = [
        policy(),
        Policy { enabled: false, deny: rules(&["ghcr.io/*"]), ..policy() },
        Policy { mode: Mode::Monitor, registries: hosts(&["ghcr.io"]), ..policy() },
        Policy { registries: hosts(&[]), ..policy() },
        Policy { registries: hosts(&["ghcr.io", "*.corp.example", "localhost:5000"]), ..policy() },
        Policy { deny: rules(&["ghcr.io/evil/*"]), ..policy() },
        Policy { deny: rules(&["*.corp.example/evil/miner:1"]), ..policy() },
        Policy { deny: rules(&["evil/miner", "REGISTRY/a", "[::1]:5000/*"]), ..policy() },
        Policy { deny: scoped(Scope::Team("platform".into())), ..policy() },
        Policy { deny: scoped(Scope::User("dana".into())), ..policy() },
        Policy { validity: EXPIRED, ..policy() },
        Policy { validity: EXPIRED, when_expired: WhenExpired::Deny, ..policy() },
        Policy { settings: Settings { push: Some(rules(&["ghcr.io/*"])), ..Settings::default() }, ..policy() },
        Policy {
            settings: Settings { container_builders: crate::settings::ContainerBuilders::Deny, ..Settings::default() },
            ..policy()
        },
    ];
    let mut states = alloc::vec![Enforced::default()];
    for policy in policies {
        for role in [Role::Owner, Role::Member] {
            for sign_in in
                [SignIn::Optional, SignIn::Required(alloc::vec!["acme".into()]), SignIn::Unusable("why".into())]
            {
                for documents in [Documents::Complete, Documents::Incomplete, Documents::Unheard] {
                    for loopback in [Loopback::NoDoor, Loopback::Guarded, Loopback::Open] {
                        let full = enforced(policy.clone(), role);
                        let full = Enforced { sign_in: sign_in.clone(), documents, loopback, ..full };
                        states.push(Enforced { sessions: alloc::vec![], ..full.clone() });
                        states.push(Enforced { policies: alloc::vec![], ..full.clone() });
                        states.push(full);
                    }
                }
            }
        }
    }
    states
}

#[test]
fn where_nothing_is_governed_everything_is_allowed() {
    let (mut governed, mut free) = (0, 0);
    for enforced in states() {
        for host in HOSTS {
            if enforced.governs(host, NOW) {
                governed += 1;
                continue;
            }
            free += 1;
            for path in ["evil/miner", "library/alpine", "a", "moby/buildkit", "pullgate.invalid/probe/a"] {
                // What is no name, or one that engines take for another's, is refused everywhere, and on no registry.
                let Some(name) = ImageRef::in_registry(host, path).filter(|name| !name.is_another_when_shortened())
                else {
                    continue;
                };
                let digest = alloc::format!("sha256:{}", "a".repeat(64));
                let images =
                    [name.clone(), name.with_tag("1").expect("a tag"), name.at_digest(&digest).expect("a digest")];
                for ask in images.iter().flat_map(|image| [Ask::Fetch(image.clone()), Ask::Push(image.clone())]) {
                    let action = Action::one("fetch", ask);
                    let decision = decide(&enforced, &action, NOW);
                    assert!(decision.is_allowed() && !decision.would_deny, "{host} {action:?} {enforced:?}");
                }
            }
        }
    }
    assert!(governed > 1_000 && free > 1_000, "{governed} governed, {free} free");
}

#[test]
fn what_nobody_could_refuse_is_left_alone() {
    let check = |enforced: &Enforced, host: &str, expected: bool| {
        assert_eq!(enforced.governs(host, NOW), expected, "{host}");
    };
    let member = |policy| enforced(policy, Role::Member);
    check(&Enforced::default(), "docker.io", false);
    check(&member(Policy { enabled: false, ..policy() }), "docker.io", false);
    check(&enforced(policy(), Role::Owner), "docker.io", false);

    check(&member(policy()), "registry-1.docker.io:443", true);
    check(&member(policy()), "ghcr.io", false);
    check(&member(policy()), "production.cloudflare.docker.com:443", false);
    check(&member(policy()), "not a host", true);

    let controlled = member(Policy { registries: hosts(&["ghcr.io"]), ..policy() });
    check(&controlled, "GHCR.io:443", false);
    check(&controlled, "ghcr.io:8443", true);
    check(&controlled, "quay.io", true);

    let denied = member(Policy { deny: rules(&["ghcr.io/evil/*", "*.corp.example/x"]), ..policy() });
    for (host, expected) in [
        ("ghcr.io", true),
        ("ghcr.io:8443", true),
        ("evilghcr.io", false),
        ("a.ghcr.io", false),
        ("corp.example", false),
        ("a.corp.example", true),
        ("b.a.corp.example:1", true),
    ] {
        check(&denied, host, expected);
    }
}

#[test]
fn only_a_rule_by_digest_denies_a_digest_whatever_led_there() {
    let digest = alloc::format!("sha256:{}", "a".repeat(64));
    let image = ImageRef::in_registry("docker.io", "library/alpine").and_then(|name| name.at_digest(&digest).ok());
    let image = image.expect("an image");
    for (pattern, expected) in [
        (alloc::format!("alpine@{digest}"), true),
        (alloc::format!("docker.io/library/alp*@{digest}"), true),
        (alloc::format!("alpine@sha256:{}", "b".repeat(64)), false),
        (alloc::format!("debian@{digest}"), false),
        ("alpine:3".into(), false),
        ("alpine".into(), false),
    ] {
        // A rule by tag in the same place does not hide one by digest.
        let deny = || rules(&[&pattern, "alpine:3.1"]);
        let check = |enforced: Enforced, expected| {
            assert_eq!(enforced.denies_digest(&image, Mode::Enforce, NOW), expected, "{pattern}");
            assert!(!enforced.denies_digest(&image, Mode::Monitor, NOW), "{pattern}");
        };
        check(enforced(Policy { deny: deny(), ..policy() }, Role::Member), expected);
        check(enforced(Policy { deny: deny(), ..policy() }, Role::Owner), false);
        check(enforced(Policy { deny: deny(), enabled: false, ..policy() }, Role::Member), false);
        let watched = enforced(Policy { deny: deny(), mode: Mode::Monitor, ..policy() }, Role::Member);
        assert_eq!(watched.denies_digest(&image, Mode::Monitor, NOW), expected, "{pattern}");
        assert!(!watched.denies_digest(&image, Mode::Enforce, NOW), "{pattern}");
    }
}
