//! Tests of [`super`].

mod lately;
mod machines;
mod plans;
mod schema;

use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::{
    model::{ActKind, Badge, Role},
    store::{
        audit::Act,
        testing::{Fixture, on_each_database, on_each_empty_database},
    },
};

async fn a_database_of_a_newer_version_is_refused_and_untouched(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               SELECT 9999, 'from the future', TRUE, checksum, 1 FROM _sqlx_migrations WHERE version = 7";
    assert_eq!(query(sql).execute(&mut change.0.0).await.unwrap(), 1);
    change.commit().await.unwrap();
    store.close().await;
    for missing in [Missing::Create, Missing::Refuse] {
        let refused = Store::open(&fixture.place, missing).await;
        let Err(StoreError::Newer { version: 9999, .. }) = refused else { panic!("{refused:?}") };
    }
}

async fn a_database_that_was_never_made_is_not_made_by_a_reader(fixture: Fixture) {
    let refused = Store::open(&fixture.place, Missing::Refuse).await;
    assert!(matches!(refused, Err(StoreError::Missing(_) | StoreError::Empty(_))), "{refused:?}");
    fixture.store().await;
    Store::open(&fixture.place, Missing::Refuse).await.unwrap();
}

async fn first_starts_at_once_all_work(fixture: Fixture) {
    let open = |place: Place| tokio::spawn(async move { Store::open(&place, Missing::Create).await });
    let opening: Vec<_> = (0..8).map(|_| open(fixture.place.clone())).collect();
    for opening in opening {
        opening.await.unwrap().unwrap();
    }
}

async fn one_process_changes_something_at_a_time(fixture: Fixture) {
    let (first, second) = (fixture.store().await, fixture.store().await);
    let mut change = first.write().await.unwrap();
    let before = change.revision().await.unwrap();
    let other = tokio::spawn(async move {
        let mut change = second.write().await?;
        let seen = change.revision().await?;
        change.add_organization("beta", 1).await?;
        change.commit().await?;
        Ok::<_, StoreError>(seen)
    });
    change.add_organization("acme", 1).await.unwrap();
    // The other one has every chance to go on without waiting.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!other.is_finished());
    let mut view = first.read().await.unwrap();
    assert_eq!(view.revision().await.unwrap(), before, "what is not committed is not seen");
    let written = change.revision().await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(other.await.unwrap().unwrap(), written, "it saw what was changed while it waited");
    assert_eq!(view.revision().await.unwrap(), before, "one view stays as it was");
}

async fn who_waits_too_long_is_told(fixture: Fixture) {
    let (first, second) = (fixture.store().await, fixture.store().await);
    let _held = first.write().await.unwrap();
    let refused = second.write().await.map(drop);
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    second.read().await.unwrap().revision().await.expect("reading goes on");
}

async fn a_change_that_is_not_committed_leaves_nothing(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let before = change.revision().await.unwrap();
    change.add_organization("acme", 1).await.unwrap();
    drop(change);
    let mut view = store.read().await.unwrap();
    assert!(view.organization_names().await.unwrap().is_empty());
    assert_eq!(view.revision().await.unwrap(), before);
}

async fn every_change_that_is_published_moves_the_sequence(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let mut last = change.revision().await.unwrap();
    macro_rules! moves {
        ($what:expr) => {{
            let value = $what.await.unwrap();
            let now = change.revision().await.unwrap();
            assert!(now > last, stringify!($what));
            last = now;
            value
        }};
    }
    let acme = moves!(change.add_organization("acme", 1));
    moves!(change.add_namespace(acme, "acme"));
    moves!(change.set_registries(acme, &["ghcr.io".to_owned()]));
    let alice = moves!(change.add_account("alice", "$argon2id$", 1));
    moves!(change.set_member(acme, alice, Role::Member, &[]));
    moves!(change.set_password(alice, "alice", "$argon2id$2", 1));
    moves!(change.remove_member(acme, alice));
    moves!(change.set_publisher("bitnami", Badge::VerifiedPublisher));
    moves!(change.remove_publisher("bitnami"));
    moves!(change.refresh_publishers(&[("grafana", Badge::VerifiedPublisher)], &[]));
    moves!(change.refresh_publishers(&[], &["grafana"]));
    change.add_token(alice, &token("t"), 1).await.unwrap();
    moves!(change.revoke_token(alice, "t"));
    moves!(change.remove_account(alice, 1));
    assert_eq!(change.organizations_since(last).await.unwrap(), []);
    assert_eq!(change.accounts_since(last - 1).await.unwrap()[0].name, "alice");
}

async fn only_hashes_are_stored_as_credentials(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    assert!(change.add_account("alice", "hunter42", 1).await.is_err());
}

async fn audit_lines_cannot_be_changed_or_removed(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let act = Act { act: ActKind::PolicySet, organization: "acme", target: "t", detail: serde_json::json!({ "a": 1 }) };
    change.audit("local:0", &act).await.unwrap();
    change.commit().await.unwrap();
    for sql in ["UPDATE audit SET actor = 'me'", "DELETE FROM audit"] {
        let mut change = store.write().await.unwrap();
        let refused = query(sql).execute(&mut change.0.0).await.unwrap_err();
        assert!(proto::chain(&refused).contains("audit lines are never"), "{refused:?}");
    }
    assert_eq!(store.read().await.unwrap().audit_lines(10).await.unwrap()[0].detail, r#"{"a":1}"#);
}

async fn a_change_by_another_process_is_noticed(fixture: Fixture) {
    let store = fixture.store().await;
    let mut changes = store.changes().await.unwrap();
    let other = Store::open(&fixture.place, Missing::Refuse).await.unwrap();
    let mut change = other.write().await.unwrap();
    change.add_organization("acme", 1).await.unwrap();
    change.commit().await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), changes.wait()).await.unwrap().unwrap();
}

async fn an_account_that_comes_back_keeps_its_row_and_counting(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    let epoch = change.account("alice").await.unwrap().unwrap().credential_epoch;
    change.remove_account(alice, 2).await.unwrap();
    assert!(change.password("alice").await.unwrap().is_none());
    assert_eq!(change.add_account("alice", "$argon2id$", 3).await.unwrap(), alice);
    let account = change.account("alice").await.unwrap().unwrap();
    assert!(!account.removed && account.credential_epoch > epoch);
}

fn token(id: &str) -> NewToken<'_> {
    NewToken { id, name: "laptop", hash: "$argon2id$", scopes: crate::model::TokenScopes::all(), expires_at: None }
}

fn record(id: &str, received_at_ms: i64) -> RecordRow {
    RecordRow {
        id: id.to_owned(),
        machine_id: "m".to_owned(),
        at_ms: 0,
        received_at_ms,
        reported_by: "alice".to_owned(),
        action: String::new(),
        image: String::new(),
        allowed: true,
        reason: String::new(),
        category: String::new(),
        organization: String::new(),
        generation: 1,
        rule: String::new(),
        would_deny: false,
        users: "[]".to_owned(),
        sequence: 3,
        run_ms: 4,
        evidence: "digest".to_owned(),
        coverage: "enforced".to_owned(),
        act: String::new(),
        machine_disputed: false,
    }
}

async fn records_come_by_the_time_they_were_received_and_keep_their_count(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let future = RecordRow { at_ms: i64::MAX, ..record("1", 100) };
    change.add_records(&[future, record("2", 200)]).await.unwrap();
    let listed = change.records(10).await.unwrap();
    assert_eq!(listed.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!((listed[0].sequence, listed[0].run_ms), (3, 4));
    assert_eq!((listed[0].evidence.as_str(), listed[0].coverage.as_str()), ("digest", "enforced"));
}

async fn a_clock_that_jumps_ahead_or_back_forgets_no_record(fixture: Fixture) {
    let store = fixture.store().await;
    let record = |id: &str, at| RecordRow { allowed: false, ..record(id, at) };
    let add = async |records: &[RecordRow]| {
        let mut change = store.write().await.unwrap();
        change.add_records(records).await.unwrap();
        change.commit().await.unwrap();
    };
    add(&[record("1", 1000), record("2", 1050)]).await;
    assert_eq!(store.forget_records(1_000_000, 100).await.unwrap(), 0, "ahead");
    add(&[record("3", 9000)]).await;
    assert_eq!(store.forget_records(1100, 100).await.unwrap(), 0, "back");
    assert_eq!(store.forget_records(9000, 100).await.unwrap(), 2);
    assert_eq!(store.read().await.unwrap().records(10).await.unwrap().len(), 1);
}

async fn what_is_forgotten_is_forgotten_in_parts_and_others_get_their_turn(fixture: Fixture) {
    let store = fixture.store().await;
    let record = |id: &str, at| RecordRow { allowed: false, ..record(id, at) };
    let mut change = store.write().await.unwrap();
    let old: Vec<RecordRow> = (0..2500).map(|n| record(&format!("{n:04}"), 1000)).collect();
    change.add_records(&old).await.unwrap();
    change.add_records(&[record("new", 9000)]).await.unwrap();
    change.commit().await.unwrap();
    let forgetting = tokio::spawn({
        let store = store.clone();
        async move { store.forget_records(9000, 100).await }
    });
    let mut left = BTreeSet::new();
    while !forgetting.is_finished() {
        // Whoever writes comes between two parts.
        let mut change = store.write().await.unwrap();
        left.insert(change.records(5000).await.unwrap().len());
    }
    assert_eq!(forgetting.await.unwrap().unwrap(), 2500);
    assert!(left.iter().any(|left| (2..2501).contains(left)), "seen while it went on: {left:?}");
    assert_eq!(store.read().await.unwrap().records(10).await.unwrap().len(), 1);
}

async fn a_machine_that_unrelated_accounts_report_is_disputed(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let nobody = change.add_account("nobody", "$argon2id$", 1).await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    let beta = change.add_organization("beta", 1).await.unwrap();
    let mut ids = Vec::new();
    for (name, organization) in [("alice", acme), ("bob", acme), ("mallory", beta)] {
        let id = change.add_account(name, "$argon2id$", 1).await.unwrap();
        change.set_member(organization, id, Role::Member, &[]).await.unwrap();
        ids.push(id);
    }
    // Bob is a colleague, and stays one of the machine's people when he leaves.
    change.remove_member(acme, ids[1]).await.unwrap();
    change.add_records(&[record("1", 1)]).await.unwrap();
    for trusted in [ids[0], ids[0], ids[1]] {
        assert!(!change.bind_machine("m", trusted).await.unwrap());
    }
    assert!(!change.records(1).await.unwrap()[0].machine_disputed);
    for stranger in [ids[2], nobody] {
        assert!(change.bind_machine("m", stranger).await.unwrap());
    }
    assert!(change.records(1).await.unwrap()[0].machine_disputed);
}

async fn session_generations_are_one_rising_sequence(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let mut taken = Vec::new();
    for at_least in [100, 100, 50, 200, 200, 0] {
        taken.push(change.next_session_generation(at_least).await.unwrap());
    }
    assert_eq!(taken, [100, 101, 102, 200, 201, 202]);
}

/// A session that says nothing.
fn sealed(generation: i64) -> SealedSession {
    SealedSession {
        generation,
        content_sha256: [0; 32],
        envelope: vec![],
        keyid: String::new(),
        issued_at: 1,
        refresh_after: 2,
        expires_at: 3,
    }
}

async fn agents_of_an_account_are_bounded_and_the_newest_stay(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let account = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    let token = change.new_account("acme/ci", crate::model::Origin::Organization, None, 1).await.unwrap();
    for (account, generation) in (1..=250).flat_map(|generation| [(account, generation), (token, generation)]) {
        let key = AgentKey { account, machine_id: format!("m{generation}"), uid: 1 };
        let session = sealed(generation);
        change.put_session(&key, &session, "1").await.unwrap();
    }
    let key = |n: u32| AgentKey { account, machine_id: format!("m{n}"), uid: 1 };
    assert!(change.session(&key(50)).await.unwrap().is_none());
    assert!(change.session(&key(51)).await.unwrap().is_some());
    assert!(change.session(&key(250)).await.unwrap().is_some());
    let server = AgentKey { account: token, ..key(1) };
    assert!(change.session(&server).await.unwrap().is_some(), "a token stands for many machines");
}

async fn a_name_that_comes_back_inherits_nothing(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    let alice = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    change.set_member(acme, alice, Role::Owner, &["ops".to_owned()]).await.unwrap();
    change.bind_machine("m1", alice).await.unwrap();
    assert_eq!(change.affiliations(alice).await.unwrap(), ["acme"]);
    change.remove_account(alice, 2).await.unwrap();
    assert_eq!(change.affiliations(alice).await.unwrap(), ["acme"], "what was reported keeps its meaning");
    let origin = crate::model::Origin::Oidc;
    assert_eq!(change.new_account("alice", origin, Some("https://id 2"), 3).await.unwrap(), alice);
    assert_eq!(change.affiliations(alice).await.unwrap(), Vec::<String>::new());
    assert_eq!(change.memberships(alice).await.unwrap(), []);
    assert_eq!(change.tokens(alice).await.unwrap(), []);
    assert!(change.password("alice").await.unwrap().is_none());
    let bob = change.add_account("bob", "$argon2id$", 1).await.unwrap();
    assert!(!change.bind_machine("m1", bob).await.unwrap(), "the machine is nobody's");
}

async fn refusals_are_counted_by_day_image_and_person(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let day = 86_400_000;
    let of = |id: &str, at, image: &str, allowed, would_deny| RecordRow {
        image: image.to_owned(),
        allowed,
        would_deny,
        organization: "acme".to_owned(),
        rule: if image == "a" { "r".to_owned() } else { String::new() },
        ..record(id, at)
    };
    let other = RecordRow { organization: "beta".to_owned(), ..of("9", day, "a", false, false) };
    let alice = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    change.set_member(acme, alice, Role::Member, &[]).await.unwrap();
    let rows = [
        of("1", day - 1, "a", false, false),
        of("2", day, "a", false, false),
        of("3", day + 1, "b", true, true),
        of("4", 2 * day, "a", false, false),
        of("5", 2 * day, "c", true, false),
        other,
    ];
    change.take_records(alice, &rows).await.unwrap();
    let days = change.refusals_by_day("acme", day).await.unwrap();
    assert_eq!(days, [Day { day: 1, denied: 1, would_deny: 1 }, Day { day: 2, denied: 1, would_deny: 0 }]);
    let images = change.top_images("acme", day, 1).await.unwrap();
    assert_eq!(images, [Top { name: "a".to_owned(), refusals: 2 }]);
    assert_eq!(change.top_people("acme", 0, 9).await.unwrap(), [Top { name: "alice".to_owned(), refusals: 4 }]);
    let hits = change.rule_hits("acme", &["q", "r"]).await.unwrap();
    assert_eq!(hits, [RuleHits { rule: "r".to_owned(), hits: 3, last_ms: 2 * day }]);
    assert_eq!(change.rule_hits("acme", &["q"]).await.unwrap(), []);
    assert_eq!(change.rule_hits("acme", &[]).await.unwrap(), []);
}

async fn a_team_never_has_the_number_of_one_that_is_gone(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    change.ensure_team(acme, "one", 1).await.unwrap();
    let first = change.team(acme, "one").await.unwrap().unwrap().id;
    change.remove_team(acme, "one").await.unwrap();
    change.ensure_team(acme, "one", 2).await.unwrap();
    assert!(change.team(acme, "one").await.unwrap().unwrap().id > first);
}

on_each_empty_database! {
    a_database_that_was_never_made_is_not_made_by_a_reader,
    first_starts_at_once_all_work,
}

on_each_database! {
    a_database_of_a_newer_version_is_refused_and_untouched,
    one_process_changes_something_at_a_time,
    who_waits_too_long_is_told,
    a_change_that_is_not_committed_leaves_nothing,
    every_change_that_is_published_moves_the_sequence,
    only_hashes_are_stored_as_credentials,
    audit_lines_cannot_be_changed_or_removed,
    a_change_by_another_process_is_noticed,
    an_account_that_comes_back_keeps_its_row_and_counting,
    records_come_by_the_time_they_were_received_and_keep_their_count,
    a_team_never_has_the_number_of_one_that_is_gone,
    a_clock_that_jumps_ahead_or_back_forgets_no_record,
    what_is_forgotten_is_forgotten_in_parts_and_others_get_their_turn,
    a_machine_that_unrelated_accounts_report_is_disputed,
    session_generations_are_one_rising_sequence,
    agents_of_an_account_are_bounded_and_the_newest_stay,
    a_name_that_comes_back_inherits_nothing,
    refusals_are_counted_by_day_image_and_person,
}
