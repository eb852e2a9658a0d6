//! What is kept of a record, and that it is counted once.

use super::*;
use crate::{
    model::{Keeping, Role},
    store::testing::{Fixture, on_each_database},
};

const DAY_MS: i64 = 86_400_000;
const DAYS: i64 = 20_000;

/// On day [`DAYS`], of an allowed pull by the policy of `acme`.
fn record(id: u32) -> RecordRow {
    RecordRow {
        id: format!("01J9AD7005{id:016}"),
        machine_id: "m".to_owned(),
        at_ms: 1,
        received_at_ms: DAYS * DAY_MS + 5,
        reported_by: "alice".to_owned(),
        action: "pull".to_owned(),
        image: "docker.io/library/alpine:3".to_owned(),
        allowed: true,
        reason: "category".to_owned(),
        category: "official".to_owned(),
        organization: "acme".to_owned(),
        generation: i64::from(id),
        rule: String::new(),
        would_deny: false,
        users: r#"["alice"]"#.to_owned(),
        sequence: 1,
        run_ms: 1,
        evidence: String::new(),
        coverage: "enforced".to_owned(),
        act: String::new(),
        machine_disputed: false,
    }
}

fn denied(id: u32) -> RecordRow {
    RecordRow { allowed: false, image: "docker.io/evil/miner:latest".to_owned(), ..record(id) }
}

/// Allowed where no policy was on.
fn off(id: u32) -> RecordRow {
    RecordRow { organization: String::new(), reason: "off".to_owned(), category: String::new(), ..record(id) }
}

/// Alice is a member of `acme` and `labs`, and was one of `past`.
async fn people(change: &mut Writing) -> i64 {
    let alice = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    for name in ["acme", "labs", "past"] {
        let id = change.add_organization(name, 1).await.unwrap();
        change.set_member(id, alice, Role::Member, &[]).await.unwrap();
    }
    let past = change.organization_id("past").await.unwrap().unwrap();
    change.remove_member(past, alice).await.unwrap();
    alice
}

async fn keeps(change: &mut Writing, organization: &str, allowed_pulls: AllowedPulls, keep_records: Option<i64>) {
    let id = change.organization_id(organization).await.unwrap().unwrap();
    change.set_keeping(id, Keeping { allowed_pulls, keep_records }).await.unwrap();
}

/// Ends the change, forgets what is kept for more than 90 days, and begins another one. How many records went.
macro_rules! forget {
    ($store:ident, $change:ident, $now_ms:expr) => {{
        $change.commit().await.unwrap();
        let forgotten = $store.forget_records($now_ms, 90 * DAY_MS).await.unwrap();
        $change = $store.write().await.unwrap();
        forgotten
    }};
}

/// Organization, decision, image and how often, of what is counted.
async fn counted(change: &mut Writing) -> Vec<(String, String, String, i64)> {
    let sql = "SELECT organization, decision, image, CAST(SUM(times) AS BIGINT) FROM decision_counts \
               GROUP BY organization, decision, image ORDER BY organization, decision, image";
    query_as(sql).fetch_all(&mut change.0.0).await.unwrap()
}

fn count(organization: &str, decision: &str, image: &str, times: i64) -> (String, String, String, i64) {
    (organization.to_owned(), decision.to_owned(), image.to_owned(), times)
}

const ALPINE: &str = "docker.io/library/alpine:3";
const MINER: &str = "docker.io/evil/miner:latest";

async fn an_organization_keeps_of_allowed_pulls_what_it_says(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = people(&mut change).await;
    let watched = |id| RecordRow { would_deny: true, image: MINER.to_owned(), ..record(id) };
    let mut id = 0;
    let mut expected = Vec::new();
    for (kept, rows, new) in [(AllowedPulls::None, 2, 2), (AllowedPulls::Counts, 2, 3), (AllowedPulls::All, 3, 3)] {
        keeps(&mut change, "acme", kept, None).await;
        let batch = [record(id), denied(id + 1), watched(id + 2)];
        id += 3;
        let stored = change.take_records(alice, &batch).await.unwrap();
        assert_eq!(stored, Stored { new, unkept: 3 - new }, "{kept:?}");
        let before = expected.len();
        expected.extend(
            batch.into_iter().filter(|record| kept == AllowedPulls::All || !record.allowed || record.would_deny),
        );
        assert_eq!(expected.len() - before, rows);
    }
    let mut listed: Vec<String> = change.records(100).await.unwrap().into_iter().map(|row| row.id).collect();
    listed.sort_unstable();
    assert_eq!(listed, expected.into_iter().map(|record| record.id).collect::<Vec<_>>());
    assert_eq!(
        counted(&mut change).await,
        [count("acme", "allowed", ALPINE, 2), count("acme", "denied", MINER, 3), count("acme", "would-deny", MINER, 3)]
    );
}

async fn a_record_is_counted_once_however_often_it_is_sent(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = people(&mut change).await;
    let twice = [record(1), denied(2), record(1), denied(2)];
    assert_eq!(change.take_records(alice, &twice).await.unwrap(), Stored { new: 2, unkept: 0 });
    let later = twice.map(|record| RecordRow { received_at_ms: record.received_at_ms + 3 * DAY_MS, ..record });
    assert_eq!(change.take_records(alice, &later).await.unwrap(), Stored::default());
    let other = RecordRow { machine_id: "n".to_owned(), ..record(1) };
    assert_eq!(change.take_records(alice, &[other]).await.unwrap().new, 1, "ids are unique on a machine");

    let once = [count("acme", "allowed", ALPINE, 2), count("acme", "denied", MINER, 1)];
    assert_eq!(counted(&mut change).await, once);
    // Its row is forgotten, and what it is known by is not.
    keeps(&mut change, "acme", AllowedPulls::Counts, Some(2 * 86_400)).await;
    let week = RecordRow { received_at_ms: (DAYS + 7) * DAY_MS, ..denied(9) };
    change.take_records(alice, &[week]).await.unwrap();
    assert_eq!(forget!(store, change, (DAYS + 7) * DAY_MS), 1);
    assert_eq!(counted(&mut change).await, [count("acme", "denied", MINER, 1)], "the newer one");
    assert_eq!(change.take_records(alice, &later).await.unwrap(), Stored::default());
    assert_eq!(counted(&mut change).await, [count("acme", "denied", MINER, 1)]);
}

async fn what_came_before_there_were_counts_is_known_by_its_row(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = people(&mut change).await;
    change.add_records(&[record(1), denied(2)]).await.unwrap();
    let again = [record(1), denied(2), denied(3)];
    assert_eq!(change.take_records(alice, &again).await.unwrap(), Stored { new: 1, unkept: 0 });
    assert_eq!(counted(&mut change).await, [count("acme", "denied", MINER, 1)]);
}

async fn what_was_pulled_where_no_policy_was_on_concerns_the_reporters_organizations(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = people(&mut change).await;
    assert_eq!(change.take_records(alice, &[off(1)]).await.unwrap().new, 1);
    keeps(&mut change, "labs", AllowedPulls::None, None).await;
    assert_eq!(change.take_records(alice, &[off(2)]).await.unwrap().new, 1);
    let expected = [count("acme", "allowed", ALPINE, 2), count("labs", "allowed", ALPINE, 1)];
    assert_eq!(counted(&mut change).await, expected, "and not where she was a member once");
    assert_eq!(change.records(10).await.unwrap(), []);
    keeps(&mut change, "acme", AllowedPulls::None, None).await;
    assert_eq!(change.take_records(alice, &[off(3)]).await.unwrap(), Stored { new: 0, unkept: 1 });
    keeps(&mut change, "labs", AllowedPulls::All, None).await;
    change.take_records(alice, &[off(4)]).await.unwrap();
    let kept = change.records(10).await.unwrap();
    let of: Vec<_> = kept.iter().map(|row| (row.id.clone(), row.organization.as_str())).collect();
    assert_eq!(of, [(off(4).id, "labs")], "what belongs to no organization none could have forgotten");
    // What an earlier version kept of them goes.
    change.add_records(vec![&off(5), &RecordRow { organization: String::new(), ..denied(6) }]).await.unwrap();
    assert_eq!(forget!(store, change, (DAYS + 1) * DAY_MS), 1);
    assert_eq!(change.records(10).await.unwrap().len(), 2, "a refusal stays");
    keeps(&mut change, "labs", AllowedPulls::Counts, None).await;
    assert_eq!(forget!(store, change, (DAYS + 1) * DAY_MS), 1, "and who wants no rows any more has none");
    assert_eq!(change.records(10).await.unwrap().len(), 1);
}

async fn each_organization_forgets_in_its_own_time(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = people(&mut change).await;
    keeps(&mut change, "acme", AllowedPulls::All, Some(30 * 86_400)).await;
    let of = |organization: &str, record: RecordRow| RecordRow { organization: organization.to_owned(), ..record };
    let batch = [denied(1), record(2), of("labs", denied(3)), of("", denied(4))];
    assert_eq!(change.take_records(alice, &batch).await.unwrap().new, 4);
    // What tells the time is the newest record, also one of which nothing is kept.
    keeps(&mut change, "labs", AllowedPulls::None, None).await;
    let newest = |id, days| RecordRow { received_at_ms: (DAYS + days) * DAY_MS + 5, ..of("labs", record(id)) };
    change.take_records(alice, &[newest(5, 31)]).await.unwrap();
    assert_eq!(forget!(store, change, (DAYS + 31) * DAY_MS), 2, "of `acme`");
    assert_eq!(counted(&mut change).await, [count("labs", "denied", MINER, 1)]);
    change.take_records(alice, &[newest(6, 100)]).await.unwrap();
    assert_eq!(forget!(store, change, (DAYS + 100) * DAY_MS), 2);
    assert_eq!(counted(&mut change).await, []);
    // Thirty days later than the longest time, nothing tells of it any more.
    let known = "SELECT COUNT(*) FROM record_ids";
    assert_eq!(query_as::<(i64,)>(known).fetch_one(&mut change.0.0).await.unwrap().0, 4);
    change.take_records(alice, &[newest(7, 121)]).await.unwrap();
    forget!(store, change, (DAYS + 121) * DAY_MS);
    assert_eq!(query_as::<(i64,)>(known).fetch_one(&mut change.0.0).await.unwrap().0, 0);
}

async fn who_wants_less_has_what_is_there_forgotten(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = people(&mut change).await;
    keeps(&mut change, "acme", AllowedPulls::All, None).await;
    let act = RecordRow { act: "{}".to_owned(), ..record(3) };
    change.take_records(alice, &[record(1), denied(2), act]).await.unwrap();
    let now = (DAYS + 1) * DAY_MS;
    assert_eq!(forget!(store, change, now), 0);
    keeps(&mut change, "acme", AllowedPulls::Counts, None).await;
    assert_eq!(forget!(store, change, now), 1, "not what an administrator did there");
    assert_eq!(counted(&mut change).await.len(), 2);
    keeps(&mut change, "acme", AllowedPulls::None, None).await;
    forget!(store, change, now);
    assert_eq!(counted(&mut change).await, [count("acme", "denied", MINER, 1)]);
}

async fn the_newest_generation_of_a_machine_is_known_without_rows(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = people(&mut change).await;
    change.take_records(alice, &[record(8), record(9), record(7)]).await.unwrap();
    change.take_records(alice, &[record(3), RecordRow { generation: 99, ..record(9) }]).await.unwrap();
    let sql = "SELECT organization, generation, received_at_ms FROM machine_generations";
    let rows: Vec<(String, i64, i64)> = query_as(sql).fetch_all(&mut change.0.0).await.unwrap();
    assert_eq!(rows, [("acme".to_owned(), 9, record(9).received_at_ms)]);
}

async fn a_record_of_a_clock_that_is_years_ahead_keeps_no_later_one_out(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = people(&mut change).await;
    // Of 2040, as whoever administers the machine can have it.
    let ahead = |generation| RecordRow { id: format!("020ZZZZZZZ{generation:016}"), generation, ..record(1) };
    let later = |record: RecordRow| RecordRow { received_at_ms: record.received_at_ms + 1000, ..record };
    for (records, expected) in [
        (vec![record(8)], 8),
        (vec![ahead(9000)], 9000),
        (vec![record(9)], 9),
        (vec![later(record(8)), later(record(7))], 9),
        (vec![ahead(9001), record(10), ahead(9002)], 10),
        (vec![ahead(9003)], 9003),
        (vec![ahead(9002)], 9002),
        (vec![later(record(11))], 11),
    ] {
        change.take_records(alice, &records).await.unwrap();
        let sql = "SELECT generation FROM machine_generations";
        let rows: Vec<(i64,)> = query_as(sql).fetch_all(&mut change.0.0).await.unwrap();
        assert_eq!(rows, [(expected,)]);
    }
}

async fn a_name_that_no_index_takes_is_counted_without_it(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = people(&mut change).await;
    // Texts that do not compress, as long as a report takes them.
    let noise = |seed: u64, length: usize| -> String {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
        };
        (0..length).map(|_| next()).collect()
    };
    let long = RecordRow {
        image: noise(1, 4096),
        rule: noise(2, 255),
        action: noise(3, 64),
        reason: noise(4, 64),
        category: noise(5, 64),
        ..denied(1)
    };
    let short = RecordRow { id: record(2).id, image: noise(1, 600), ..long.clone() };
    assert_eq!(change.take_records(alice, &[long, short]).await.unwrap().new, 2);
    assert_eq!(
        counted(&mut change).await,
        [count("acme", "denied", "", 1), count("acme", "denied", &noise(1, 600), 1)]
    );
    assert_eq!(change.records(10).await.unwrap().len(), 2);
}

on_each_database! {
    an_organization_keeps_of_allowed_pulls_what_it_says,
    a_record_is_counted_once_however_often_it_is_sent,
    what_came_before_there_were_counts_is_known_by_its_row,
    what_was_pulled_where_no_policy_was_on_concerns_the_reporters_organizations,
    each_organization_forgets_in_its_own_time,
    who_wants_less_has_what_is_there_forgotten,
    the_newest_generation_of_a_machine_is_known_without_rows,
    a_record_of_a_clock_that_is_years_ahead_keeps_no_later_one_out,
    a_name_that_no_index_takes_is_counted_without_it,
}
