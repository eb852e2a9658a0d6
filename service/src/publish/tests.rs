//! Tests of [`super`], over a real database.

use proto::{
    keys::SigningKey,
    sealed::{Opened, Purpose, open},
};

use super::*;
use crate::{
    model::{Badge, Effect, Rule, Scope, Settings},
    store::{
        Missing, Store,
        testing::{Fixture, on_each_database},
    },
};

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

struct World {
    fixture: Fixture,
    store: Store,
    key: KeyRing,
}

fn ring(seed: u8) -> KeyRing {
    KeyRing::of(SigningKey::from_seed(&[seed; 32]))
}

impl World {
    async fn new(fixture: Fixture, organizations: &[&str]) -> Self {
        let store = fixture.store().await;
        let mut change = store.write().await.unwrap();
        for organization in organizations {
            let id = change.add_organization(organization, NOW).await.unwrap();
            change.add_namespace(id, organization).await.unwrap();
        }
        change.set_publisher("bitnami", Badge::VerifiedPublisher).await.unwrap();
        change.commit().await.unwrap();
        Self { fixture, store, key: ring(1) }
    }

    async fn publish(&self, current: &Snapshot, now: i64) -> Snapshot {
        publish(&self.store, &self.key, current, now).await
    }

    async fn allow(&self, organization: &str, pattern: &str) {
        let mut change = self.store.write().await.unwrap();
        let id = change.organization_id(organization).await.unwrap().unwrap();
        let rule = Rule {
            id: format!("rule-{pattern}"),
            effect: Effect::Allow,
            pattern: pattern.to_owned(),
            scope: Scope::Team("ops".to_owned()),
            expires_at: None,
            reason: String::new(),
        };
        change.put_rule(id, &rule, NOW).await.unwrap();
        change.commit().await.unwrap();
    }
}

async fn publish(store: &Store, key: &KeyRing, current: &Snapshot, now: i64) -> Snapshot {
    publish_above(store, key, current, &Floors::new(), now).await
}

async fn publish_above(store: &Store, key: &KeyRing, current: &Snapshot, floors: &Floors, now: i64) -> Snapshot {
    let mut change = store.write().await.unwrap();
    let next = bring_up_to_date(&mut change, key, &Validities::default(), current, floors, now).await.unwrap();
    change.commit().await.unwrap();
    next
}

fn opened<D: Document>(key: &KeyRing, published: &Published, now: i64) -> Opened<D> {
    let trusted = key.trusted().clone();
    open(&published.envelope, &trusted, &[EVERYBODY], now, Purpose::Receive).unwrap()
}

/// In milliseconds behind [`NOW`]; the directory's first.
fn generations(snapshot: &Snapshot) -> Vec<i64> {
    let all = [&snapshot.directory].into_iter().chain(snapshot.policies.values());
    all.map(|published| published.generation - NOW * 1000).collect()
}

async fn what_is_published_opens_and_belongs_together(fixture: Fixture) {
    let world = World::new(fixture, &["acme"]).await;
    world.allow("acme", "evil/miner").await;
    let snapshot = world.publish(&Snapshot::nothing(), NOW).await;
    let directory = opened::<document::Directory>(&world.key, &snapshot.directory, NOW);
    let policy = opened::<document::Policy>(&world.key, &snapshot.policies["acme"], NOW);
    assert_eq!(policy.document.directory_sha256, directory.payload_sha256);
    assert_eq!((policy.header.subject.as_str(), policy.header.generation), ("acme", NOW as u64 * 1000));
    assert_eq!((directory.header.subject.as_str(), directory.document.publishers.len()), ("publishers", 1));
    assert!(!policy.document.enabled, "a new organization restricts nobody");
    assert_eq!(policy.document.namespaces, ["acme"]);
    assert_eq!(policy.header.expires_at, NOW + 30 * DAY);
    let compiled =
        proto::convert::policy(&policy.document, Arc::new(proto::convert::directory(&directory.document).unwrap()));
    assert_eq!(compiled.unwrap().organization, "acme");
}

async fn an_unchanged_document_keeps_generation_and_bytes_over_a_restart(fixture: Fixture) {
    let world = World::new(fixture, &["acme", "beta"]).await;
    let before = world.publish(&Snapshot::nothing(), NOW).await;
    let same = world.publish(&before, NOW + 60).await;
    // A new process knows nothing and finds what is stored.
    let after = world.publish(&Snapshot::nothing(), NOW + 120).await;
    for other in [same, after] {
        assert_eq!(other.directory, before.directory);
        assert_eq!(other.policies, before.policies);
    }
}

async fn only_the_organization_that_moved_is_published_and_saying_the_same_is_no_change(fixture: Fixture) {
    let world = World::new(fixture, &["acme", "beta"]).await;
    let first = world.publish(&Snapshot::nothing(), NOW).await;
    world.allow("beta", "evil/miner").await;
    let second = world.publish(&first, NOW + 1).await;
    assert_eq!(generations(&second), [0, 0, 1000]);
    world.allow("beta", "evil/miner").await;
    let third = world.publish(&second, NOW + 2).await;
    assert_eq!(generations(&third), [0, 0, 1000]);
    assert!(third.revision > second.revision);
}

async fn a_new_directory_publishes_every_policy_anew(fixture: Fixture) {
    let world = World::new(fixture, &["acme", "beta"]).await;
    let first = world.publish(&Snapshot::nothing(), NOW).await;
    let mut change = world.store.write().await.unwrap();
    change.set_publisher("grafana", Badge::SponsoredOpenSource).await.unwrap();
    change.commit().await.unwrap();
    let second = world.publish(&first, NOW + 1).await;
    assert_eq!(generations(&second), [1000, 1000, 1000]);
    for policy in second.policies.values() {
        let policy = opened::<document::Policy>(&world.key, policy, NOW);
        assert_eq!(policy.document.directory_sha256, second.directory.payload_sha256);
    }
}

async fn a_policy_half_way_to_stale_is_published_anew_with_the_same_content(fixture: Fixture) {
    let world = World::new(fixture, &["acme"]).await;
    let first = world.publish(&Snapshot::nothing(), NOW).await;
    assert_eq!(first.due_at(), NOW + DAY / 2);
    let early = world.publish(&first, NOW + DAY / 2 - 1).await;
    assert_eq!(generations(&early), [0, 0]);
    let second = world.publish(&early, NOW + DAY / 2).await;
    assert_eq!(
        generations(&second),
        [0, DAY / 2 * 1000],
        "the directory lasts longer: a new one would send all policies"
    );
    let policy = opened::<document::Policy>(&world.key, &second.policies["acme"], NOW + DAY / 2);
    assert_eq!(policy.header.issued_at, NOW + DAY / 2);
}

async fn another_signing_key_publishes_anew(fixture: Fixture) {
    let world = World::new(fixture, &["acme"]).await;
    world.publish(&Snapshot::nothing(), NOW).await;
    let other = ring(2);
    let second = publish(&world.store, &other, &Snapshot::nothing(), NOW + 1).await;
    assert_eq!(generations(&second), [1000, 1000]);
    opened::<document::Policy>(&other, &second.policies["acme"], NOW);
}

async fn several_processes_publish_the_same_bytes(fixture: Fixture) {
    let world = World::new(fixture, &["acme", "beta"]).await;
    let mut processes = Vec::new();
    for _ in 0..4 {
        let store = Store::open(&world.fixture.place, Missing::Refuse).await.unwrap();
        processes.push(tokio::spawn(async move { publish(&store, &ring(1), &Snapshot::nothing(), NOW).await }));
    }
    let mut snapshots = Vec::new();
    for process in processes {
        snapshots.push(process.await.unwrap());
    }
    for snapshot in &snapshots {
        assert_eq!(generations(snapshot), [0, 0, 0]);
        assert_eq!(snapshot.policies, snapshots[0].policies);
    }
}

async fn a_generation_is_stored_once(fixture: Fixture) {
    let world = World::new(fixture, &["acme"]).await;
    world.publish(&Snapshot::nothing(), NOW).await;
    let mut change = world.store.write().await.unwrap();
    let stored = change.publication(Kind::Policy, "acme").await.unwrap().unwrap();
    let forged = Publication { envelope: b"other".to_vec(), ..stored };
    change.add_publication(Kind::Policy, "acme", &forged).await.unwrap_err();
}

async fn a_policy_that_machines_would_refuse_keeps_its_last_publication_and_stops_no_other(fixture: Fixture) {
    let world = World::new(fixture, &["acme", "beta"]).await;
    let first = world.publish(&Snapshot::nothing(), NOW).await;
    // Past the checks of the commands.
    world.allow("acme", "*").await;
    world.allow("beta", "evil/miner").await;
    let second = world.publish(&first, NOW + 1).await;
    assert_eq!(generations(&second), [0, 0, 1000]);
    assert_eq!(second.policies["acme"], first.policies["acme"]);
}

async fn old_generations_are_forgotten_and_the_newest_stays(fixture: Fixture) {
    let world = World::new(fixture, &["acme"]).await;
    let mut snapshot = world.publish(&Snapshot::nothing(), NOW).await;
    for n in 0..30 {
        let mut change = world.store.write().await.unwrap();
        let id = change.organization_id("acme").await.unwrap().unwrap();
        change.set_settings(id, &Settings { message: format!("{n}"), ..Settings::default() }).await.unwrap();
        change.commit().await.unwrap();
        // All within one second: each is above the one before.
        snapshot = world.publish(&snapshot, NOW).await;
    }
    assert_eq!(generations(&snapshot), [0, 30]);
    let mut view = world.store.read().await.unwrap();
    assert_eq!(view.publication(Kind::Policy, "acme").await.unwrap().unwrap().generation, NOW * 1000 + 30);
    drop(view);
    let again = world.publish(&Snapshot::nothing(), NOW + 60).await;
    assert_eq!(again.policies, snapshot.policies);
}

async fn a_restored_database_jumps_past_what_machines_have_seen(fixture: Fixture) {
    let world = World::new(fixture, &["acme"]).await;
    let backup = world.publish(&Snapshot::nothing(), NOW).await;
    // Machines saw four more changes after the backup; here nothing is known of them.
    let seen = (NOW + 40) * 1000;
    world.allow("acme", "evil/miner").await;
    let restored = world.publish(&backup, NOW + 60).await;
    assert!(restored.policies["acme"].generation > seen);
}

async fn what_machines_are_ahead_of_is_published_above_them_also_when_the_clock_is_behind(fixture: Fixture) {
    let world = World::new(fixture, &["acme", "beta"]).await;
    let first = world.publish(&Snapshot::nothing(), NOW).await;
    let floors = Floors::from([((Kind::Policy, "acme".to_owned()), NOW * 1000 + 5_000_000)]);
    let second = publish_above(&world.store, &world.key, &first, &floors, NOW + 1).await;
    assert_eq!(generations(&second), [0, 5_000_001, 0], "only what they are ahead of");
    let again = publish_above(&world.store, &world.key, &second, &floors, NOW + 2).await;
    assert_eq!(again.policies, second.policies, "once is enough");
    let floors = Floors::from([((Kind::Directory, DIRECTORY_SUBJECT.to_owned()), NOW * 1000 + 5_000_000)]);
    let third = publish_above(&world.store, &world.key, &again, &floors, NOW + 2).await;
    assert_eq!(generations(&third), [5_000_001, 5_000_002, 2000], "and the policies that name the directory");
}

async fn members_follow_and_a_removed_account_stays_visible_as_removed(fixture: Fixture) {
    let world = World::new(fixture, &["acme"]).await;
    let mut change = world.store.write().await.unwrap();
    let id = change.organization_id("acme").await.unwrap().unwrap();
    let alice = change.add_account("alice", "$argon2id$x", NOW).await.unwrap();
    change.set_member(id, alice, crate::model::Role::Owner, &["ops".to_owned()]).await.unwrap();
    change.commit().await.unwrap();
    let first = world.publish(&Snapshot::nothing(), NOW).await;
    assert_eq!(first.members["alice"].memberships[0].organization, "acme");

    let mut change = world.store.write().await.unwrap();
    change.remove_account(alice, NOW).await.unwrap();
    change.commit().await.unwrap();
    let second = world.publish(&first, NOW).await;
    let member = &second.members["alice"];
    assert!(member.account.removed && member.memberships.is_empty());
    assert!(member.account.credential_epoch > first.members["alice"].account.credential_epoch);
}

#[test]
fn the_same_state_always_gives_the_same_bytes() {
    let state = || crate::model::PolicyState {
        organization: "acme".to_owned(),
        settings: Settings::default(),
        registries: vec!["ghcr.io".to_owned()],
        namespaces: vec!["acme".to_owned()],
        rules: vec![],
    };
    assert_eq!(
        prost::Message::encode_to_vec(&compile::policy(state(), [1; 32])),
        prost::Message::encode_to_vec(&compile::policy(state(), [1; 32]))
    );
    assert!(compile::check_policy(state()).is_ok());
    let long = "x".repeat(9 << 20);
    let rule = Rule {
        id: "1".to_owned(),
        effect: Effect::Deny,
        pattern: "a/b".to_owned(),
        scope: Scope::Organization,
        expires_at: None,
        reason: long,
    };
    let huge = crate::model::PolicyState { rules: vec![rule], ..state() };
    assert!(matches!(compile::check_policy(huge), Err(CompileError::TooLarge { .. })));
}

on_each_database! {
    what_is_published_opens_and_belongs_together,
    an_unchanged_document_keeps_generation_and_bytes_over_a_restart,
    only_the_organization_that_moved_is_published_and_saying_the_same_is_no_change,
    a_new_directory_publishes_every_policy_anew,
    a_policy_half_way_to_stale_is_published_anew_with_the_same_content,
    another_signing_key_publishes_anew,
    several_processes_publish_the_same_bytes,
    a_generation_is_stored_once,
    a_policy_that_machines_would_refuse_keeps_its_last_publication_and_stops_no_other,
    old_generations_are_forgotten_and_the_newest_stays,
    a_restored_database_jumps_past_what_machines_have_seen,
    what_machines_are_ahead_of_is_published_above_them_also_when_the_clock_is_behind,
    members_follow_and_a_removed_account_stays_visible_as_removed,
}
