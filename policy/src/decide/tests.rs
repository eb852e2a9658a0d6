//! One table a step of the decision, and what holds for all of them.

mod settings;

use alloc::sync::Arc;

use super::*;
use crate::{
    Badge, Categories, Contact, Directory, Documents, Loopback, Membership, Pattern, Registries, Rule, RuleSet, Scope,
    Session, SignIn, Validity,
    action::Unverifiable,
    engine::{self, Request},
};

const NOW: Timestamp = Timestamp(1_000);
const FRESH: Validity =
    Validity { issued_at: Timestamp(1), refresh_after: Timestamp(5_000), expires_at: Timestamp(9_000) };
const EXPIRED: Validity =
    Validity { issued_at: Timestamp(1), refresh_after: Timestamp(500), expires_at: Timestamp(1_000) };

fn pull(image: &str) -> Action {
    Action::pull(ImageRef::parse(image).expect("a reference").or_latest())
}

fn all_tags(image: &str) -> Action {
    Action::pull(ImageRef::parse(image).expect("a reference"))
}

fn load() -> Action {
    Action::one("load", Ask::LocalContent("x"))
}

fn rule(pattern: &str, scope: Scope) -> Rule {
    Rule {
        id: format!("rule {pattern}"),
        pattern: Pattern::parse(pattern).expect("a pattern"),
        scope,
        expires_at: None,
        reason: String::new(),
    }
}

fn rules(patterns: &[&str]) -> RuleSet {
    patterns.iter().map(|pattern| rule(pattern, Scope::Organization)).collect()
}

/// Docker's own default: official and verified publishers, no community.
fn policy(organization: &str) -> Policy {
    let directory: Directory =
        [("verifiedco".to_owned(), Badge::VerifiedPublisher), ("opensource".to_owned(), Badge::SponsoredOpenSource)]
            .into_iter()
            .collect();
    Policy {
        organization: organization.into(),
        generation: 7,
        enabled: true,
        categories: Categories { official: true, verified_publisher: true, community: false },
        namespaces: [organization.to_owned()].into_iter().collect(),
        directory: Arc::new(directory),
        validity: FRESH,
        ..Policy::default()
    }
}

fn membership(organization: &str, role: Role) -> Membership {
    Membership { organization: organization.into(), role, teams: vec!["platform".into()] }
}

fn session(user: &str, organizations: Vec<Membership>) -> Session {
    Session { user: user.into(), uid: 1000, organizations, validity: FRESH }
}

fn member_of(policy: Policy) -> Enforced {
    let memberships = vec![membership(&policy.organization, Role::Member)];
    Enforced { sessions: vec![session("dana", memberships)], policies: vec![Arc::new(policy)], ..Enforced::default() }
}

fn check(enforced: &Enforced, action: &Action, effect: Effect, reason: Reason) {
    let decision = decide(enforced, action, NOW);
    assert_eq!((decision.effect, decision.reason), (effect, reason), "{action:?}");
}

use Effect::{Allow, Deny};

#[test]
fn step_1_what_cannot_be_understood_is_denied_even_without_a_policy() {
    let action = Action::Unverifiable(Unverifiable { word: "pull", part: "a part", advice: "advice" });
    check(&Enforced::default(), &action, Deny, Reason::Unverifiable);
    check(&Enforced::default(), &pull("exam_ple.com/app"), Deny, Reason::Unverifiable);
    // Swarm's nodes and the store of names shorten a name and read it again: this is ghcr.io's.
    check(&Enforced::default(), &pull("docker.io/ghcr.io/acme/app"), Deny, Reason::Unverifiable);
    check(&Enforced::default(), &pull("index.docker.io/localhost/app"), Deny, Reason::Unverifiable);
    let renamed = |to: &str| {
        let to = ImageRef::parse(to).expect("a reference");
        Action::one("tag", Ask::Rename(crate::Rename { from: None, to }))
    };
    check(&Enforced::default(), &renamed("docker.io/ghcr.io/acme/app:1"), Deny, Reason::Unverifiable);
    check(&Enforced::default(), &renamed("docker.io/acme/app.d:1"), Allow, Reason::NotGoverned);
}

#[test]
fn step_2_what_brings_nothing_in_passes_even_signed_out() {
    let enforced = Enforced { sign_in: SignIn::Required(vec!["acme".into()]), ..Enforced::default() };
    check(&enforced, &Action::NotGoverned("list"), Allow, Reason::NotGoverned);
}

#[test]
fn step_3_enforced_sign_in_wants_a_valid_session_in_an_allowed_organization() {
    let required = SignIn::Required(vec!["acme".into()]);
    let mut enforced = Enforced { sign_in: required.clone(), ..Enforced::default() };
    check(&enforced, &pull("alpine"), Deny, Reason::SignInRequired);
    check(&enforced, &load(), Deny, Reason::SignInRequired);

    enforced.sessions = vec![session("eve", vec![membership("elsewhere", Role::Owner)])];
    enforced.policies = vec![Arc::new(policy("elsewhere"))];
    check(&enforced, &pull("alpine"), Deny, Reason::SignInRequired);

    let mut enforced = Enforced { sign_in: required, ..member_of(policy("acme")) };
    check(&enforced, &pull("alpine"), Allow, Reason::Category);
    enforced.sessions[0].validity = EXPIRED;
    check(&enforced, &pull("alpine"), Deny, Reason::SignInRequired);

    let unusable = Enforced { sign_in: SignIn::Unusable("why".into()), ..member_of(policy("acme")) };
    check(&unusable, &pull("alpine"), Deny, Reason::SignInRequired);
}

#[test]
fn step_4_off_is_off() {
    check(&Enforced::default(), &pull("evil/miner"), Allow, Reason::Off);
    check(&Enforced::default(), &load(), Allow, Reason::Off);
    check(&member_of(Policy { enabled: false, ..policy("acme") }), &pull("evil/miner"), Allow, Reason::Off);
    // Before a policy arrived: sign-in enforced, deny; else allow.
    let mut enforced = Enforced { policies: Vec::new(), ..member_of(policy("acme")) };
    check(&enforced, &pull("evil/miner"), Allow, Reason::Off);
    enforced.sign_in = SignIn::Required(vec!["acme".into()]);
    check(&enforced, &pull("alpine"), Deny, Reason::PolicyMissing);
}

#[test]
fn owners_are_never_restricted() {
    let mut enforced = member_of(Policy {
        deny: rules(&["evil/*"]),
        validity: EXPIRED,
        when_expired: WhenExpired::Deny,
        registries: Registries { controlled: true, hosts: Vec::new() },
        ..policy("acme")
    });
    enforced.sessions[0].organizations = vec![membership("acme", Role::Owner)];
    for action in [pull("evil/miner"), pull("ghcr.io/x/y"), load()] {
        check(&enforced, &action, Allow, Reason::Owner);
    }
    enforced.sessions[0].organizations = vec![membership("acme", Role::Admin)];
    check(&enforced, &pull("evil/miner"), Deny, Reason::PolicyExpired);
}

#[test]
fn categories_as_on_docker_hub() {
    let enforced = member_of(policy("acme"));
    for (image, effect, category) in [
        ("alpine", Allow, Category::Official),
        ("registry-1.docker.io/library/alpine", Allow, Category::Official),
        ("INDEX.DOCKER.IO:443/alpine", Allow, Category::Official),
        ("acme/app", Allow, Category::Organization),
        ("Docker.io/acme/app", Allow, Category::Organization),
        ("verifiedco/tool:1", Allow, Category::VerifiedPublisher),
        ("opensource/lib", Deny, Category::SponsoredOpenSource),
        ("evil/miner", Deny, Category::Community),
        ("library/a/b", Deny, Category::Community),
        ("acmeevil/app", Deny, Category::Community),
        ("verifiedco.evil/tool", Allow, Category::OtherRegistry),
    ] {
        let action = pull(image);
        let decision = decide(&enforced, &action, NOW);
        assert_eq!((decision.effect, decision.category), (effect, Some(category)), "{image}");
    }
}

#[test]
fn each_category_has_its_own_switch() {
    for (official, verified_publisher, community) in (0..8).map(|bits| (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0)) {
        let categories = Categories { official, verified_publisher, community };
        let enforced = member_of(Policy { categories, ..policy("acme") });
        let allowed = |image| decide(&enforced, &pull(image), NOW).is_allowed();
        assert_eq!(
            [allowed("alpine"), allowed("verifiedco/x"), allowed("evil/x"), allowed("opensource/x"), allowed("acme/x")],
            [official, verified_publisher, community, community, true]
        );
    }
}

#[test]
fn registry_control_compares_whole_hosts() {
    let hosts = ["ghcr.io", "registry.corp:5000", "*.corp.example"];
    let hosts = hosts.iter().map(|host| crate::HostPattern::parse(host).expect("a host")).collect();
    let registries = Registries { controlled: true, hosts };
    let enforced = member_of(Policy { registries, ..policy("acme") });
    for (image, effect) in [
        ("ghcr.io/a/b", Allow),
        ("GHCR.IO:443/a/b", Allow),
        ("ghcr.io:5000/a/b", Deny),
        ("evilghcr.io/a/b", Deny),
        ("ghcr.io.evil.com/a/b", Deny),
        ("registry.corp:5000/a", Allow),
        ("registry.corp:05000/a", Allow),
        ("registry.corp/a", Deny),
        ("a.corp.example/x", Allow),
        ("a.b.corp.example/x", Allow),
        ("corp.example/x", Deny),
        ("evilcorp.example/x", Deny),
        ("localhost:5000/x", Deny),
    ] {
        check(&enforced, &pull(image), effect, Reason::Registry);
    }
    check(&enforced, &pull("alpine"), Allow, Reason::Category);
    check(&member_of(policy("acme")), &pull("anything.example/x"), Allow, Reason::Registry);
}

#[test]
fn deny_rules_win_over_the_allowlist_and_over_categories() {
    let enforced = member_of(Policy {
        allow: rules(&["evil/miner", "acme/*"]),
        deny: rules(&["evil/*", "acme/secret", "alpine"]),
        ..policy("acme")
    });
    check(&enforced, &pull("evil/miner"), Deny, Reason::DenyRule);
    check(&enforced, &pull("acme/secret"), Deny, Reason::DenyRule);
    check(&enforced, &pull("alpine"), Deny, Reason::DenyRule);
    check(&enforced, &pull("acme/app"), Allow, Reason::Allowlisted);
}

#[test]
fn rules_hold_for_their_scope_until_they_expire() {
    let until = |end| Rule { expires_at: Some(Timestamp(end)), ..rule("evil/timed", Scope::Organization) };
    let with = |rules: Vec<Rule>| member_of(Policy { allow: rules.into_iter().collect(), ..policy("acme") });
    check(&with(vec![until(1_001)]), &pull("evil/timed"), Allow, Reason::Allowlisted);
    check(&with(vec![until(1_000)]), &pull("evil/timed"), Deny, Reason::Category);
    // An expired rule does not hide a live one for the same images.
    check(&with(vec![until(1), until(2_000)]), &pull("evil/timed"), Allow, Reason::Allowlisted);
    for (scope, effect) in [
        (Scope::Team("platform".into()), Allow),
        (Scope::Team("other".into()), Deny),
        (Scope::User("dana".into()), Allow),
        (Scope::User("eve".into()), Deny),
    ] {
        let enforced = with(vec![rule("evil/scoped", scope)]);
        assert_eq!(decide(&enforced, &pull("evil/scoped"), NOW).effect, effect);
    }
}

#[test]
fn a_tag_says_nothing_about_a_digest() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let other = format!("sha256:{}", "b".repeat(64));
    let allow = member_of(Policy { allow: rules(&["evil/app:1.*", &format!("evil/pin@{digest}")]), ..policy("acme") });
    check(&allow, &pull("evil/app:1.2"), Allow, Reason::Allowlisted);
    check(&allow, &pull("evil/app:2"), Deny, Reason::Category);
    check(&allow, &all_tags("evil/app"), Deny, Reason::Category);
    check(&allow, &pull(&format!("evil/app:1.2@{digest}")), Deny, Reason::Category);
    check(&allow, &pull(&format!("evil/pin@{digest}")), Allow, Reason::Allowlisted);
    check(&allow, &pull(&format!("evil/pin:any@{digest}")), Allow, Reason::Allowlisted);
    check(&allow, &pull(&format!("evil/pin@{other}")), Deny, Reason::Category);
    check(&allow, &pull("evil/pin:1"), Deny, Reason::Category);

    let deny = member_of(Policy { deny: rules(&["alpine:3.1", &format!("debian@{digest}")]), ..policy("acme") });
    check(&deny, &pull("alpine:3.1"), Deny, Reason::DenyRule);
    check(&deny, &pull("alpine:3.2"), Allow, Reason::Category);
    check(&deny, &pull(&format!("alpine:3.2@{digest}")), Deny, Reason::DenyRule);
    check(&deny, &all_tags("alpine"), Deny, Reason::DenyRule);
    check(&deny, &pull(&format!("debian@{digest}")), Deny, Reason::DenyRule);
    check(&deny, &pull("debian:12"), Allow, Reason::Category);
}

#[test]
fn monitor_mode_changes_only_the_last_line() {
    let enforced = |mode| member_of(Policy { mode, deny: rules(&["evil/denied"]), ..policy("acme") });
    let (enforce, monitor) = (enforced(Mode::Enforce), enforced(Mode::Monitor));
    let load = load();
    for action in [pull("evil/miner"), pull("evil/denied"), pull("alpine"), pull("ghcr.io/x"), load] {
        let (enforced, monitored) = (decide(&enforce, &action, NOW), decide(&monitor, &action, NOW));
        assert!(monitored.is_allowed());
        assert_eq!(monitored.would_deny, !enforced.is_allowed());
        assert_eq!((monitored.reason, monitored.category), (enforced.reason, enforced.category));
        assert_eq!(monitored.rule.map(|rule| &rule.id), enforced.rule.map(|rule| &rule.id));
    }
}

#[test]
fn an_expired_policy_does_what_it_said_it_would() {
    let keep = member_of(Policy { validity: EXPIRED, ..policy("acme") });
    check(&keep, &pull("alpine"), Allow, Reason::Category);
    check(&keep, &pull("evil/miner"), Deny, Reason::Category);
    let deny = member_of(Policy { validity: EXPIRED, when_expired: WhenExpired::Deny, ..policy("acme") });
    check(&deny, &pull("alpine"), Deny, Reason::PolicyExpired);
}

#[test]
fn the_strictest_organization_wins_and_shares_its_namespaces() {
    let open = Policy { categories: Categories { community: true, ..policy("open").categories }, ..policy("open") };
    let both = vec![membership("open", Role::Member), membership("acme", Role::Member)];
    for policies in [vec![open.clone(), policy("acme")], vec![policy("acme"), open.clone()]] {
        let policies = policies.into_iter().map(Arc::new).collect();
        let enforced = Enforced { sessions: vec![session("dana", both.clone())], policies, ..Enforced::default() };
        let action = pull("evil/miner");
        let decision = decide(&enforced, &action, NOW);
        assert_eq!((decision.effect, decision.organization), (Deny, Some("acme")));
        check(&enforced, &pull("open/app"), Allow, Reason::Category);
        assert_eq!(decide(&enforced, &pull("open/app"), NOW).category, Some(Category::Organization));
    }
    // An owner of one stays a member of the other.
    let mixed = vec![membership("open", Role::Owner), membership("acme", Role::Member)];
    let policies = vec![Arc::new(open), Arc::new(policy("acme"))];
    let enforced = Enforced { sessions: vec![session("dana", mixed)], policies, ..Enforced::default() };
    check(&enforced, &pull("evil/miner"), Deny, Reason::Category);
}

#[test]
fn only_allowed_organizations_govern_where_sign_in_is_enforced() {
    let strict = Policy { categories: Categories::default(), ..policy("strict") };
    let both = vec![membership("strict", Role::Member), membership("acme", Role::Member)];
    let enforced = Enforced {
        sign_in: SignIn::Required(vec!["acme".into()]),
        sessions: vec![session("dana", both)],
        policies: vec![Arc::new(strict), Arc::new(policy("acme"))],
        ..Enforced::default()
    };
    check(&enforced, &pull("alpine"), Allow, Reason::Category);
    // A namespace of an organization that does not govern is not "ours".
    check(&enforced, &pull("strict/app"), Deny, Reason::Category);
}

#[test]
fn the_strictest_signed_in_user_decides_for_the_machine() {
    let member = session("dana", vec![membership("acme", Role::Member)]);
    let owner = Session { uid: 1001, ..session("olga", vec![membership("acme", Role::Owner)]) };
    for sessions in [vec![member.clone(), owner.clone()], vec![owner.clone(), member]] {
        let enforced = Enforced { sessions, policies: vec![Arc::new(policy("acme"))], ..Enforced::default() };
        check(&enforced, &pull("evil/miner"), Deny, Reason::Category);
        check(&enforced, &pull("alpine"), Allow, Reason::Category);
    }
    let alone = Enforced { sessions: vec![owner], policies: vec![Arc::new(policy("acme"))], ..Enforced::default() };
    check(&alone, &pull("evil/miner"), Allow, Reason::Owner);
}

#[test]
fn every_action_and_state_has_one_answer_whose_text_fits() {
    let contact = Contact { request_url: "https://ask.example/new".into(), ..Contact::default() };
    let policies = [
        Policy { contact, ..policy("acme") },
        Policy { mode: Mode::Monitor, ..policy("acme") },
        Policy { enabled: false, ..policy("acme") },
        Policy { validity: EXPIRED, when_expired: WhenExpired::Deny, ..policy("acme") },
        Policy {
            deny: rules(&["evil/miner"]),
            registries: Registries { controlled: true, hosts: Vec::new() },
            ..policy("acme")
        },
    ];
    let sign_ins = [SignIn::Optional, SignIn::Required(vec!["acme".into()]), SignIn::Unusable("why".into())];
    let targets = [
        "/images/create?fromImage=alpine&tag=1",
        "/images/create?fromImage=evil/miner",
        "/images/create?fromImage=ghcr.io/x/y",
        "/images/create?fromImage=exam_ple.com/y",
        "/images/create?fromSrc=-",
        "/images/create?a;b",
        "/images/load",
        "/grpc",
        "/containers/x/stop",
        "/brand/new",
    ];
    let mut seen = alloc::collections::BTreeSet::new();
    for policy in policies {
        for sign_in in &sign_ins {
            for signed_in in [false, true] {
                let mut enforced = Enforced { sign_in: sign_in.clone(), ..member_of(policy.clone()) };
                if !signed_in {
                    enforced.sessions.clear();
                }
                for target in targets {
                    let action = engine::read(&Request { method: "POST", target, ..Request::default() });
                    let decision = decide(&enforced, &action, NOW);
                    let text = crate::explain(&enforced, &action, &decision, NOW, "01J9");
                    assert_eq!(text.is_empty(), decision.is_allowed() && !decision.would_deny, "{target}: {text}");
                    assert!(text.is_empty() || text.contains("01J9"), "{target}: {text}");
                    seen.insert(decision.reason.code());
                }
            }
        }
    }
    for reason in [
        "unverifiable",
        "not_governed",
        "not_covered",
        "sign_in_required",
        "off",
        "deny_rule",
        "category",
        "registry",
        "policy_expired",
    ] {
        assert!(seen.contains(reason), "{reason} was never given");
    }
}
