//! Tests of [`super`]: who may, what is written down, and what stays as it was.

mod by_token;
mod people;
mod whose_namespace;

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};

use super::{
    accounts, invitations,
    members::{self, Joins, NewAccount, PutMember},
    namespaces, organization_tokens, organizations,
    policy::{self, PolicyChange, Terms},
    preview::Confirmation,
    publishers,
    rules::{self, Meant, NewRule},
    teams,
    tokens::{self, Limits},
    trail::{self, Acts, SignIns},
    *,
};
use crate::{
    identity::Hasher,
    model::{Badge, Effect, Mode, Origin, Role, Scope, Source, TokenScope, TokenScopes},
    names::Name,
    store::{
        Store,
        testing::{Fixture, on_each_database},
    },
};

const NOW: i64 = 1_800_000_000;
const LOCAL: Actor = Actor::Local { uid: 1000 };
const HASH: &str = "$argon2id$x";

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// `acme` and `beta`; `olga` owns acme, `adam` is its admin, `uma` its auditor, `mia` its member; `otto` owns beta and
/// `bea` is its member; `sole` owns both.
struct World {
    store: Store,
    _fixture: Fixture,
}

impl World {
    async fn new(fixture: Fixture) -> Self {
        let store = fixture.store().await;
        let mut change = store.write().await.unwrap();
        for organization in ["acme", "beta"] {
            change.add_organization(organization, NOW).await.unwrap();
        }
        for (user, organizations, role) in [
            ("olga", &["acme"][..], Role::Owner),
            ("adam", &["acme"], Role::Admin),
            ("uma", &["acme"], Role::Auditor),
            ("mia", &["acme"], Role::Member),
            ("otto", &["beta"], Role::Owner),
            ("bea", &["beta"], Role::Member),
            ("sole", &["acme", "beta"], Role::Owner),
        ] {
            let account = change.add_account(user, HASH, NOW).await.unwrap();
            for organization in organizations {
                let id = change.organization_id(organization).await.unwrap().unwrap();
                change.set_member(id, account, role, &[]).await.unwrap();
            }
        }
        change.commit().await.unwrap();
        Self { store, _fixture: fixture }
    }

    /// Signed in with a password.
    async fn person(&self, user: &str) -> Actor {
        self.with(user, TokenScopes::all(), Means::Session).await
    }

    async fn token(&self, user: &str, scopes: &[TokenScope]) -> Actor {
        self.with(user, scopes.iter().copied().collect(), Means::Token("0011".to_owned())).await
    }

    async fn with(&self, user: &str, scopes: TokenScopes, means: Means) -> Actor {
        let account = self.store.read().await.unwrap().account(user).await.unwrap().unwrap();
        Actor::Account(SignedIn { account, scopes, means, peer: IpAddr::V4(Ipv4Addr::LOCALHOST) })
    }

    /// The newest line of the trail: actor, act, target, detail.
    async fn newest(&self) -> (String, String, String, Value) {
        let line = self.store.read().await.unwrap().audit_lines(1).await.unwrap().remove(0);
        (line.actor, line.act, line.target, serde_json::from_str(&line.detail).unwrap())
    }

    async fn lines(&self) -> usize {
        self.store.read().await.unwrap().audit_lines(1000).await.unwrap().len()
    }

    async fn set(&self, actor: &Actor, organization: &str, condition: &Condition) -> Result<Tag, ActError> {
        let change = PolicyChange { mode: Some(Mode::Monitor), ..PolicyChange::default() };
        let terms = Terms { condition: condition.clone(), confirmation: Confirmation::None };
        Ok(policy::set(&self.store, actor, &name(organization), &change, &terms, NOW).await?.tag())
    }

    async fn role(&self, actor: &Actor, organization: &str, user: &str, role: Role) -> Result<PutMember, ActError> {
        let joins = Joins { user: name(user), role, teams: Vec::new() };
        members::put(&self.store, actor, &name(organization), &joins, NewAccount::No, &Condition::Any, NOW).await
    }
}

fn rule(pattern: &str) -> NewRule {
    let (scope, reason) = (Scope::Organization, "why".to_owned());
    NewRule { effect: Effect::Allow, pattern: pattern.to_owned(), scope, expires_at: None, reason }
}

async fn who_may_not_changes_nothing_and_leaves_no_line(fixture: Fixture) {
    let world = World::new(fixture).await;
    let before = world.lines().await;
    for user in ["uma", "mia"] {
        let actor = world.person(user).await;
        let refused = world.set(&actor, "acme", &Condition::Any).await.unwrap_err();
        assert!(matches!(refused, ActError::Forbidden { .. }), "{user}: {refused}");
    }
    let text = world.set(&world.person("uma").await, "acme", &Condition::Any).await.unwrap_err().to_string();
    assert_eq!(text, "an auditor of `acme` may not change the policy and its registries; owners and admins may");
    assert_eq!(world.lines().await, before);
    world.set(&world.person("adam").await, "acme", &Condition::Any).await.unwrap();
    let (actor, act, _, detail) = world.newest().await;
    assert_eq!((actor.as_str(), act.as_str()), ("user:adam", "policy.set"));
    assert_eq!(detail, json!({ "mode": { "from": "enforce", "to": "monitor" } }));
}

async fn an_organization_that_is_not_theirs_is_as_one_that_is_not_there(fixture: Fixture) {
    let world = World::new(fixture).await;
    let olga = world.person("olga").await;
    for organization in ["beta", "nope"] {
        let refused = world.set(&olga, organization, &Condition::Any).await.unwrap_err();
        assert_eq!(refused.to_string(), format!("there is no organization `{organization}`"));
        assert!(rules::list(&world.store, &olga, &name(organization), Effect::Allow).await.is_err());
    }
    let seen = organizations::list(&world.store, &olga).await.unwrap();
    assert_eq!(seen.iter().map(|one| one.organization.as_str()).collect::<Vec<_>>(), ["acme"]);
    assert_eq!(organizations::list(&world.store, &LOCAL).await.unwrap().len(), 2);
}

async fn what_holds_for_all_organizations_is_for_who_owns_all_of_them(fixture: Fixture) {
    let world = World::new(fixture).await;
    for (user, good) in [("olga", false), ("otto", false), ("mia", false), ("sole", true)] {
        let actor = world.person(user).await;
        let set =
            publishers::set(&world.store, &actor, &name("bitnami"), Badge::VerifiedPublisher, &Condition::Any).await;
        assert_eq!(set.is_ok(), good, "{user}");
        publishers::list(&world.store, &actor).await.expect("everybody sees the badges");
        let organization = format!("of-{user}");
        let added = organizations::add(&world.store, &actor, &name(&organization), &[], NOW).await;
        assert_eq!(added.is_ok(), good, "{user}");
    }
    assert_eq!(organizations::list(&world.store, &world.person("sole").await).await.unwrap().len(), 3, "and owns it");
    assert_eq!(
        publishers::remove(&world.store, &LOCAL, &name("bitnami"), &Condition::Any).await.unwrap(),
        Badge::VerifiedPublisher
    );
    assert_eq!(world.newest().await.3, json!({ "before": { "badge": "verified-publisher", "source": "hand" } }));
}

async fn the_whole_services_log_is_for_who_may_see_it_in_every_organization(fixture: Fixture) {
    let world = World::new(fixture).await;
    let mut change = world.store.write().await.unwrap();
    let beta = change.organization_id("beta").await.unwrap().unwrap();
    for (user, role) in [("adam", Role::Auditor), ("uma", Role::Auditor), ("olga", Role::Auditor), ("mia", Role::Admin)]
    {
        let account = change.account(user).await.unwrap().unwrap().id;
        change.set_member(beta, account, role, &[]).await.unwrap();
    }
    change.commit().await.unwrap();
    for (user, refused) in [
        ("sole", None),
        ("uma", None),
        ("olga", None),
        ("otto", Some("you may not")),
        ("adam", Some("an admin may not")),
        ("mia", Some("a member may not")),
    ] {
        let actor = world.person(user).await;
        let acts = trail::acts(&world.store, &actor, None, &Acts::default(), 1).await.map(drop);
        let sign_ins = trail::sign_ins(&world.store, &actor, None, &SignIns::default(), 1).await.map(drop);
        for asked in [acts, sign_ins] {
            let said = asked.err().map(|error| error.to_string());
            let expected = refused.map(|who| {
                format!(
                    "{who} see acts and sign-ins that belong to no organization; owners and auditors of every \
                         organization here may"
                )
            });
            assert_eq!(said, expected, "{user}");
        }
    }
}

async fn whoever_lost_a_role_or_a_credential_meanwhile_does_nothing_more(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (olga, adam) = (world.person("olga").await, world.person("adam").await);
    world.role(&olga, "acme", "adam", Role::Member).await.unwrap();
    assert!(matches!(world.set(&adam, "acme", &Condition::Any).await, Err(ActError::Forbidden { .. })));
    accounts::password(&world.store, &LOCAL, &name("olga"), HASH, NOW).await.unwrap();
    assert!(matches!(world.set(&olga, "acme", &Condition::Any).await, Err(ActError::SignedOut)));
    let sole = world.person("sole").await;
    accounts::remove(&world.store, &LOCAL, &name("sole"), NOW).await.unwrap();
    let mut change = world.store.write().await.unwrap();
    change.add_account("sole", HASH, NOW).await.unwrap();
    change.commit().await.unwrap();
    assert!(matches!(publishers::list(&world.store, &sole).await, Err(ActError::SignedOut)), "another has the name");
}

async fn a_change_of_what_nobody_saw_is_none(fixture: Fixture) {
    let world = World::new(fixture).await;
    let adam = world.person("adam").await;
    let seen = policy::show(&world.store, &adam, &name("acme")).await.unwrap().tag();
    let condition = Condition::One(vec!["other".to_owned(), seen.as_str().to_owned()]);
    let now = world.set(&adam, "acme", &condition).await.unwrap();
    assert_ne!(seen, now);
    assert!(matches!(world.set(&adam, "acme", &condition).await, Err(ActError::Changed)));
    assert!(matches!(world.set(&adam, "acme", &Condition::One(vec![String::new()])).await, Err(ActError::Changed)));
    // What is no setting changes nothing of it.
    rules::put(&world.store, &adam, &name("acme"), rule("evil/miner"), Confirmation::None, NOW).await.unwrap();
    assert_eq!(policy::show(&world.store, &adam, &name("acme")).await.unwrap().tag(), now);
    let same = world.set(&adam, "acme", &Condition::One(vec![now.as_str().to_owned()])).await.unwrap();
    assert_eq!(same, now);
}

async fn a_rule_is_written_down_with_what_it_was(fixture: Fixture) {
    let world = World::new(fixture).await;
    let adam = world.person("adam").await;
    let acme = name("acme");
    let put = |reason: &str, expires_at| NewRule { reason: reason.to_owned(), expires_at, ..rule("evil/miner") };
    let first = rules::put(&world.store, &adam, &acme, put("one", None), Confirmation::None, NOW).await.unwrap();
    assert_eq!(first.before, None);
    let second =
        rules::put(&world.store, &adam, &acme, put("two", Some(NOW + 60)), Confirmation::None, NOW).await.unwrap();
    assert_eq!(second.before.as_ref(), Some(&first.rule));
    let detail = world.newest().await.3;
    assert_eq!((&detail["reason"], &detail["before"]["reason"]), (&json!("two"), &json!("one")));
    for (bad, expected) in [
        (put("x", Some(NOW)), "in the past"),
        (NewRule { pattern: "a//b".to_owned(), ..put("x", None) }, "`a//b` is no pattern"),
        (put(&"x".repeat(201), None), "`reason` is too long"),
    ] {
        let error = rules::put(&world.store, &adam, &acme, bad, Confirmation::None, NOW).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let gone =
        rules::remove(&world.store, &adam, &acme, Effect::Allow, Meant::Id(&first.rule.id), Confirmation::None, NOW)
            .await
            .unwrap();
    assert_eq!(gone, [second.rule]);
    let again =
        rules::remove(&world.store, &adam, &acme, Effect::Allow, Meant::Id(&first.rule.id), Confirmation::None, NOW)
            .await;
    assert!(matches!(again, Err(ActError::NoRule { .. })));
}

on_each_database! {
    who_may_not_changes_nothing_and_leaves_no_line,
    an_organization_that_is_not_theirs_is_as_one_that_is_not_there,
    what_holds_for_all_organizations_is_for_who_owns_all_of_them,
    the_whole_services_log_is_for_who_may_see_it_in_every_organization,
    whoever_lost_a_role_or_a_credential_meanwhile_does_nothing_more,
    a_change_of_what_nobody_saw_is_none,
    a_rule_is_written_down_with_what_it_was,
}
