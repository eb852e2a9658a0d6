//! Tests of [`super`] with a database: who is counted, and what the guard lets pass.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;

use super::*;
use crate::{
    acts::{
        Means, SignedIn, namespaces,
        policy::{PolicyView, Terms},
        registries,
        rules::{self, Meant, NewRule},
    },
    model::{Effect, Keeping, Origin, Role, Scope, TokenScopes},
    store::testing::{Fixture, did, on_each_database},
};

const NOW: i64 = 1_800_000_000;
const LOCAL: Actor = Actor::Local { uid: 1000 };
const MINER: &str = "docker.io/evil/miner:latest";
const ALPINE: &str = "docker.io/library/alpine:3";

/// `acme` with its owner `olga` and as many members, `m00` and on; `beta` with its owner `otto`.
struct World {
    store: Store,
    acme: i64,
    _fixture: Fixture,
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

impl World {
    async fn new(fixture: Fixture, members: usize) -> Self {
        let store = fixture.store().await;
        let mut change = store.write().await.unwrap();
        let acme = change.add_organization("acme", NOW).await.unwrap();
        let beta = change.add_organization("beta", NOW).await.unwrap();
        change.add_namespace(acme, "acmehub").await.unwrap();
        let people = (0..members).map(|number| (format!("m{number:02}"), acme, Role::Member));
        let owners = [("olga".to_owned(), acme, Role::Owner), ("otto".to_owned(), beta, Role::Owner)];
        for (user, organization, role) in people.chain(owners) {
            let account = change.add_account(&user, "$argon2id$x", NOW).await.unwrap();
            change.set_member(organization, account, role, &[]).await.unwrap();
        }
        change.commit().await.unwrap();
        Self { store, acme, _fixture: fixture }
    }

    async fn person(&self, user: &str) -> Actor {
        let account = self.store.read().await.unwrap().account(user).await.unwrap().unwrap();
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Actor::Account(SignedIn { account, scopes: TokenScopes::all(), means: Means::Session, peer })
    }

    /// These members pulled an image today.
    async fn pulled(&self, members: std::ops::Range<usize>, image: &str) {
        for number in members {
            did(&self.store, &format!("m{number:02}"), "pull", image, NOW * 1000).await;
        }
    }

    async fn set(&self, wanted: &PolicyChange, confirmation: Confirmation) -> Result<PolicyView, ActError> {
        let terms = Terms { confirmation, ..Terms::default() };
        policies::set(&self.store, &LOCAL, &name("acme"), wanted, &terms, NOW).await
    }

    async fn preview(&self, wanted: &PolicyChange) -> Result<Preview, ActError> {
        of_policy(&self.store, &LOCAL, &name("acme"), wanted, &Condition::Any, NOW).await
    }

    async fn enabled(&self) -> bool {
        self.store.read().await.unwrap().settings(self.acme).await.unwrap().enabled
    }

    /// Act and detail of the newest line of the trail.
    async fn newest(&self) -> (String, Value) {
        let line = self.store.read().await.unwrap().audit_lines(1).await.unwrap().remove(0);
        (line.act, serde_json::from_str(&line.detail).unwrap())
    }
}

fn on() -> PolicyChange {
    PolicyChange { enabled: Some(true), ..PolicyChange::default() }
}

/// How many lose something, of how many, and what was said instead.
fn unconfirmed<T: std::fmt::Debug>(done: Result<T, ActError>) -> (usize, usize, Option<usize>) {
    match done {
        Err(ActError::Unconfirmed { losing, active, said, .. }) => (losing, active, said),
        other => panic!("{other:?}"),
    }
}

#[test]
fn more_than_a_tenth_has_to_be_confirmed() {
    for (losing, active, expected) in
        [(0, 0, None), (0, 9, None), (1, 10, None), (1, 9, Some(1)), (2, 20, None), (3, 20, Some(3)), (1, 1, Some(1))]
    {
        assert_eq!(needs(losing, active), expected, "{losing} of {active}");
    }
    assert_eq!(needs(usize::MAX, usize::MAX), None, "no overflow");
}

async fn the_guard_asks_for_the_number_as_it_is_now(fixture: Fixture) {
    let world = World::new(fixture, 20).await;
    world.set(&on(), Confirmation::None).await.unwrap();
    world.set(&PolicyChange { enabled: Some(false), ..on() }, Confirmation::None).await.unwrap();
    world.pulled(0..20, ALPINE).await;
    world.pulled(0..2, MINER).await;
    assert_eq!(world.preview(&on()).await.unwrap().needs(), None, "two of twenty are exactly a tenth");
    world.pulled(2..3, MINER).await;
    let preview = world.preview(&on()).await.unwrap();
    assert_eq!((preview.needs(), preview.losing(), preview.basis.active), (Some(3), 3, 20));
    assert!(!world.enabled().await, "a preview changes nothing");

    let lines = world.newest().await;
    assert_eq!(unconfirmed(world.set(&on(), Confirmation::None).await), (3, 20, None));
    assert_eq!(unconfirmed(world.set(&on(), Confirmation::People(2)).await), (3, 20, Some(2)));
    // Somebody else began to use it between the preview and the publication.
    world.pulled(3..4, MINER).await;
    assert_eq!(unconfirmed(world.set(&on(), Confirmation::People(3)).await), (4, 20, Some(3)));
    assert!(!world.enabled().await);
    assert_eq!(world.newest().await, lines, "nothing was done, and nothing is in the trail");
    let said = world.set(&on(), Confirmation::People(3)).await.unwrap_err().to_string();
    let expected = "4 of the 20 active people of `acme` would be refused something that they used, for example \
                    `docker.io/evil/miner:latest`: more than a tenth, and 3 were confirmed";
    assert_eq!(said, expected);

    world.set(&on(), Confirmation::People(4)).await.unwrap();
    assert!(world.enabled().await);
    let (act, detail) = world.newest().await;
    assert_eq!((act.as_str(), &detail["confirmed"]), ("policy.set", &4.into()));
    // It is refused already: the same again takes nothing, nor does a text.
    let text = PolicyChange { message: Some("ask us".to_owned()), ..on() };
    world.set(&text, Confirmation::None).await.unwrap();
    assert_eq!(world.newest().await.1.get("confirmed"), None);
}

async fn whoever_cannot_be_asked_is_not_and_who_only_watches_takes_nothing(fixture: Fixture) {
    let world = World::new(fixture, 1).await;
    world.pulled(0..1, MINER).await;
    let monitor = PolicyChange { mode: Some(crate::model::Mode::Monitor), ..on() };
    world.set(&monitor, Confirmation::None).await.unwrap();
    let enforce = PolicyChange { mode: Some(crate::model::Mode::Enforce), ..on() };
    let preview = world.preview(&enforce).await.unwrap();
    assert_eq!((preview.needs(), preview.effects.refused.things.count), (Some(1), 1));
    assert_eq!(unconfirmed(world.set(&enforce, Confirmation::None).await), (1, 1, None));
    world.set(&enforce, Confirmation::NotAsked).await.unwrap();
    assert_eq!(world.newest().await.1.get("confirmed"), None, "nobody was counted");
    // More than is needed is no fault: what nobody loses needs no number.
    world.set(&monitor, Confirmation::People(7)).await.unwrap();
}

async fn every_way_to_take_something_away_is_guarded(fixture: Fixture) {
    let world = World::new(fixture, 1).await;
    let (acme, store, local) = (name("acme"), &world.store, LOCAL);
    world.pulled(0..1, MINER).await;
    for image in ["docker.io/acmehub/app:1", "quay.io/a/b:1", ALPINE] {
        world.pulled(0..1, image).await;
    }
    let rule = |effect, pattern: &str| NewRule {
        effect,
        pattern: pattern.to_owned(),
        scope: Scope::Organization,
        expires_at: None,
        reason: String::new(),
    };
    let put = |effect, pattern, said| rules::put(store, &local, &acme, rule(effect, pattern), said, NOW);
    let allowed = put(Effect::Allow, "evil/miner", Confirmation::None).await.unwrap().rule;
    let control = PolicyChange { registry_control: Some(true), registries: Some(vec!["quay.io".to_owned()]), ..on() };
    world.set(&control, Confirmation::None).await.unwrap();
    let one = Confirmation::People(1);

    assert_eq!(unconfirmed(put(Effect::Deny, "alpine", Confirmation::None).await), (1, 1, None));
    let denied = put(Effect::Deny, "alpine", one).await.unwrap().rule;
    assert_eq!(world.newest().await.1["confirmed"], 1);

    // An end that comes earlier takes it away then; one that comes later does not.
    let until = |end: i64, said| {
        let new = NewRule { expires_at: Some(end), ..rule(Effect::Allow, "evil/miner") };
        rules::put(store, &local, &acme, new, said, NOW)
    };
    assert_eq!(unconfirmed(until(NOW + 60, Confirmation::None).await), (1, 1, None));
    until(NOW + 60, one).await.unwrap();
    assert_eq!(world.newest().await.1["confirmed"], 1);
    until(NOW + 120, Confirmation::None).await.unwrap();
    assert_eq!(unconfirmed(until(NOW + 90, Confirmation::None).await), (1, 1, None));

    let remove = |effect, id, said| rules::remove(store, &local, &acme, effect, Meant::Id(id), said, NOW);
    assert_eq!(unconfirmed(remove(Effect::Allow, &allowed.id, Confirmation::None).await), (1, 1, None));
    remove(Effect::Allow, &allowed.id, one).await.unwrap();
    assert_eq!(world.newest().await.1["confirmed"], 1);
    remove(Effect::Deny, &denied.id, Confirmation::None).await.unwrap();

    let registry = |said| registries::remove(store, &local, &acme, "QUAY.io", said, NOW);
    assert_eq!(unconfirmed(registry(Confirmation::None).await), (1, 1, None));
    registry(one).await.unwrap();
    assert_eq!(world.newest().await.1["confirmed"], 1);

    let hub = name("acmehub");
    let namespace = |said| namespaces::remove(store, &local, &acme, &hub, said, NOW);
    assert_eq!(unconfirmed(namespace(Confirmation::None).await), (1, 1, None));
    namespace(one).await.unwrap();
    assert_eq!(world.newest().await.1["confirmed"], 1);
}

async fn only_who_is_concerned_and_only_of_late_is_counted(fixture: Fixture) {
    let world = World::new(fixture, 3).await;
    let day_ms = 86_400_000;
    let first = NOW * 1000 - (DAYS - 1) * day_ms;
    did(&world.store, "m00", "pull", MINER, first).await;
    did(&world.store, "m00", "pull", "docker.io/evil/old:1", first - day_ms).await;
    did(&world.store, "m01", "pull", "docker.io/evil/old:1", first - day_ms).await;
    // Owners are active, and lose nothing; another organization's people are not there.
    did(&world.store, "olga", "pull", MINER, NOW * 1000).await;
    did(&world.store, "otto", "pull", MINER, NOW * 1000).await;
    // Who left is not concerned any more.
    did(&world.store, "m02", "pull", MINER, NOW * 1000).await;
    let mut change = world.store.write().await.unwrap();
    let left = change.account("m02").await.unwrap().unwrap();
    change.remove_member(world.acme, left.id).await.unwrap();
    // A machine that is nobody's counts as one.
    let ci = change.new_account("acme/ci", Origin::Organization, None, NOW).await.unwrap();
    change.set_member(world.acme, ci, Role::Member, &[]).await.unwrap();
    change.commit().await.unwrap();
    did(&world.store, "acme/ci", "build", "", NOW * 1000).await;
    did(&world.store, "acme/ci", "pull", "", NOW * 1000).await;

    let preview = world.preview(&on()).await.unwrap();
    let Basis { first_day, active, things, cut, unread, allowed_pulls, .. } = preview.basis;
    assert_eq!((first_day, active, things, cut, unread), (Some(first / day_ms), 3, 3, false, 1));
    assert_eq!(allowed_pulls, AllowedPulls::Counts);
    let refused = &preview.effects.refused;
    let people: Vec<&str> = refused.people.examples.iter().map(|one| one.user.as_str()).collect();
    assert_eq!((refused.things.count, people), (1, vec!["m00"]));
    let miner = &refused.things.examples[0];
    assert_eq!((miner.times, miner.people, miner.last_day), (3, 1, NOW / 86_400), "times are everybody's");

    // What is not kept is not known, and said.
    let mut change = world.store.write().await.unwrap();
    let keeping = Keeping { allowed_pulls: AllowedPulls::None, ..Keeping::default() };
    change.set_keeping(world.acme, keeping).await.unwrap();
    change.commit().await.unwrap();
    world.store.forget_records(NOW * 1000, 400 * day_ms).await.unwrap();
    let preview = world.preview(&on()).await.unwrap();
    assert_eq!((preview.basis.first_day, preview.basis.active), (None, 0));
    assert_eq!((preview.basis.allowed_pulls, preview.needs()), (AllowedPulls::None, None));
}

async fn a_preview_is_for_who_may_change_the_policy_as_they_saw_it(fixture: Fixture) {
    let world = World::new(fixture, 1).await;
    let acme = name("acme");
    let preview = async |user: &str, condition: Condition| {
        of_policy(&world.store, &world.person(user).await, &acme, &on(), &condition, NOW).await
    };
    let tag = preview("olga", Condition::Any).await.unwrap().tag;
    preview("olga", Condition::One(vec![tag.as_str().to_owned()])).await.unwrap();
    let stale = preview("olga", Condition::One(vec!["old".to_owned()])).await;
    assert!(matches!(stale, Err(ActError::Changed)), "{stale:?}");
    let member = preview("m00", Condition::Any).await;
    assert!(matches!(member, Err(ActError::Forbidden { .. })), "{member:?}");
    let other = preview("otto", Condition::Any).await;
    assert!(matches!(other, Err(ActError::NoOrganization(_))), "{other:?}");
    // A draft that could not be published is refused as its publication.
    let bad = PolicyChange { registries: Some(vec!["no host".to_owned()]), ..on() };
    assert!(matches!(world.preview(&bad).await, Err(ActError::Registry(_))));
    let many = (0..50_001).map(|number| format!("r{number}.example")).collect();
    let huge = PolicyChange { registries: Some(many), ..on() };
    assert!(matches!(world.preview(&huge).await, Err(ActError::Policy { .. })));
}

async fn what_most_people_did_is_looked_at_where_there_is_more(fixture: Fixture) {
    let world = World::new(fixture, 3).await;
    world.pulled(0..1, "docker.io/a/rare:1").await;
    world.pulled(0..3, "docker.io/a/usual:1").await;
    world.pulled(0..3, "docker.io/a/usual:1").await;
    world.pulled(1..3, "docker.io/a/some:1").await;
    let mut view = world.store.read().await.unwrap();
    let since = NOW / 86_400;
    let summary = view.lately("acme", since).await.unwrap().summary(2);
    let seen: Vec<(&str, i64, i64)> =
        summary.things.iter().map(|done| (&*done.image, done.times, done.last_day - since)).collect();
    assert_eq!(seen, [("docker.io/a/usual:1", 6, 0), ("docker.io/a/some:1", 2, 0)]);
    assert_eq!(summary.things[0].accounts.len(), 3);
    assert_eq!((summary.cut, summary.first_day), (true, Some(since)));
    let mut active: Vec<&str> = summary.accounts.iter().map(|name| &**name).collect();
    active.sort_unstable();
    assert_eq!(active, ["m00", "m01", "m02"], "also of what is cut");
    for (organization, since) in [("acme", since + 1), ("beta", since)] {
        let summary = view.lately(organization, since).await.unwrap().summary(2);
        assert!(summary.things.is_empty() && summary.accounts.is_empty() && summary.first_day.is_none());
    }
}

on_each_database! {
    the_guard_asks_for_the_number_as_it_is_now,
    whoever_cannot_be_asked_is_not_and_who_only_watches_takes_nothing,
    every_way_to_take_something_away_is_guarded,
    only_who_is_concerned_and_only_of_late_is_counted,
    a_preview_is_for_who_may_change_the_policy_as_they_saw_it,
    what_most_people_did_is_looked_at_where_there_is_more,
}
