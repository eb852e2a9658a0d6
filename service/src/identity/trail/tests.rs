//! Tests of [`super`].

use super::*;
use crate::store::{
    SignInRow,
    testing::{Fixture, on_each_database},
};

const NOW_MS: i64 = 1_800_000_000_000;

fn entry<'a>(account: &str, outcome: Outcome, peer: u32) -> Entry<'a> {
    let caller = Caller { peer: IpAddr::from(peer.to_be_bytes()), via: Via::Agent, machine_id: "m1" };
    Entry { account: account.to_owned(), credential: CredentialKind::Password, outcome, caller }
}

/// Oldest first.
async fn rows(store: &Store) -> Vec<SignInRow> {
    let mut rows = store.read().await.unwrap().sign_ins(100_000).await.unwrap();
    rows.reverse();
    rows
}

async fn the_same_attempts_within_a_minute_are_one_row_over_many_flushes(fixture: Fixture) {
    let store = fixture.store().await;
    let trail = Trail::default();
    for n in 0..1000 {
        trail.note_at(entry("alice", Outcome::Wrong, 1), None, NOW_MS + n * 50);
        if n % 100 == 0 {
            trail.flush(&store).await.unwrap();
        }
    }
    trail.note_at(entry("alice", Outcome::Accepted, 1), None, NOW_MS + 59_000);
    trail.note_at(entry("alice", Outcome::Wrong, 1), None, NOW_MS + MINUTE_MS);
    trail.flush(&store).await.unwrap();
    let rows = rows(&store).await;
    let short: Vec<_> = rows.iter().map(|row| (row.at_ms - NOW_MS, row.outcome.as_str(), row.count)).collect();
    assert_eq!(short.len(), 3, "{short:?}");
    for expected in [(0, "wrong", 1000), (59_000, "accepted", 1), (60_000, "wrong", 1)] {
        assert!(short.contains(&expected), "{short:?}");
    }
    let machines: Vec<_> = rows.iter().filter(|row| row.outcome == "wrong").map(|row| &row.machine_id).collect();
    assert!(machines.iter().all(|machine| machine.is_empty()), "a stranger's claim is not written down");
    assert!(rows.iter().any(|row| row.outcome == "accepted" && row.machine_id == "m1"));
}

async fn a_flood_from_everywhere_is_few_rows_loses_no_count_and_hides_no_sign_in(fixture: Fixture) {
    let store = fixture.store().await;
    let trail = Trail::default();
    for n in 0..20_000 {
        trail.note_at(entry("", Outcome::Wrong, n), None, NOW_MS);
        trail.note_at(entry("alice", Outcome::Limited, n), None, NOW_MS);
    }
    trail.note_at(entry("alice", Outcome::Accepted, 7), None, NOW_MS);
    trail.flush(&store).await.unwrap();
    let rows = rows(&store).await;
    assert!(rows.len() <= MOST_REFUSED + 3, "{}", rows.len());
    let sum = |outcome: &str| rows.iter().filter(|row| row.outcome == outcome).map(|row| row.count).sum::<i64>();
    assert_eq!((sum("wrong"), sum("limited"), sum("accepted")), (20_000, 20_000, 1));
    let folded: Vec<_> = rows.iter().filter(|row| row.peer.is_empty()).collect();
    assert!(folded.len() == 2 && folded.iter().all(|row| row.account.is_empty()), "{folded:?}");
    assert_eq!(rows.iter().filter(|row| row.account == "alice" && row.outcome == "accepted").count(), 1);
}

async fn who_signs_in_without_end_fills_no_trail(fixture: Fixture) {
    let store = fixture.store().await;
    let trail = Trail::default();
    for n in 0..5000 {
        let machine = format!("m{n}");
        for account in ["alice", "acme/ci"] {
            let mut entry = entry(account, Outcome::Accepted, 1);
            entry.caller.machine_id = &machine;
            trail.note_at(entry, None, NOW_MS);
        }
    }
    trail.note_at(entry("bob", Outcome::Accepted, 1), None, NOW_MS);
    trail.flush(&store).await.unwrap();
    let rows = rows(&store).await;
    let of = |account: &str| {
        let own: Vec<_> = rows.iter().filter(|row| row.account == account).collect();
        (own.len(), own.iter().map(|row| row.count).sum::<i64>())
    };
    assert_eq!((of("alice"), of("bob")), ((MOST_OF_ACCOUNT + 1, 5000), (1, 1)));
    assert_eq!(of("acme/ci"), (MOST_OF_TOKEN + 1, 5000));
}

async fn a_flood_of_one_kind_pushes_nothing_of_the_other_out(fixture: Fixture) {
    let store = fixture.store().await;
    let trail = Trail::default();
    for n in 0..50 {
        trail.note_at(entry("alice", Outcome::Accepted, n), None, NOW_MS);
        trail.note_at(entry("alice", Outcome::Wrong, n << 16), None, NOW_MS);
    }
    trail.flush(&store).await.unwrap();
    for n in 50..100 {
        trail.note_at(entry("alice", Outcome::Wrong, n << 16), None, NOW_MS);
    }
    trail.flush(&store).await.unwrap();
    let mut change = store.write().await.unwrap();
    assert_eq!(change.forget_sign_ins_above(NOW_MS, DAY, 60).await.unwrap(), 40);
    change.commit().await.unwrap();
    let rows = rows(&store).await;
    let count = |outcome: &str| rows.iter().filter(|row| row.outcome == outcome).count();
    assert_eq!((count("accepted"), count("wrong")), (50, 60));
}

async fn what_cannot_be_written_is_written_later(fixture: Fixture) {
    let store = fixture.store().await;
    let trail = Trail::default();
    trail.note_at(entry("alice", Outcome::Wrong, 1), Some("t1"), NOW_MS);
    let closed = fixture.store().await;
    closed.close().await;
    trail.flush(&closed).await.unwrap_err();
    trail.note_at(entry("alice", Outcome::Wrong, 1), None, NOW_MS + 1);
    trail.flush(&closed).await.unwrap_err();
    trail.note_at(entry("alice", Outcome::Wrong, 1), None, NOW_MS + MINUTE_MS);
    trail.flush(&closed).await.unwrap_err();
    trail.flush(&store).await.unwrap();
    let counts: Vec<_> = rows(&store).await.iter().map(|row| (row.at_ms - NOW_MS, row.count)).collect();
    assert_eq!(counts.len(), 2, "{counts:?}");
    assert!(counts.contains(&(0, 2)) && counts.contains(&(MINUTE_MS, 1)), "{counts:?}");
    assert!(trail.lock().written.contains("t1"));
}

#[tokio::test]
async fn memory_is_bounded_while_nothing_can_be_written() {
    let trail = Trail::default();
    for n in 0..300_u32 {
        for peer in 0..500 {
            let outcome = if peer % 2 == 0 { Outcome::Wrong } else { Outcome::Accepted };
            trail.note_at(
                entry("alice", outcome, peer),
                Some(&format!("{n}-{peer}")),
                NOW_MS + i64::from(n) * MINUTE_MS,
            );
        }
    }
    let pending = trail.lock();
    assert!(pending.ended.len() <= MOST_ENDED && pending.used.len() <= MOST_USED);
    let kept: i64 =
        pending.ended.iter().map(|(_, count)| count).chain(pending.rows.values()).map(|count| count.unwritten).sum();
    assert_eq!(kept + pending.lost, 300 * 500, "what is lost is counted");
}

async fn the_day_of_the_last_use_is_written_once_a_day(fixture: Fixture) {
    use crate::{model::TokenScopes, store::NewToken};
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    let token = NewToken { id: "t1", name: "ci", hash: "$argon2id$", scopes: TokenScopes::all(), expires_at: None };
    change.add_token(alice, &token, 1).await.unwrap();
    change.commit().await.unwrap();
    let trail = Trail::default();
    let day = NOW_MS / 1000 - (NOW_MS / 1000).rem_euclid(DAY);
    for (at, expected) in [(NOW_MS, day), (NOW_MS + 3_600_000, day), (NOW_MS + DAY * 1000, day + DAY)] {
        trail.note_at(entry("alice", Outcome::Accepted, 1), Some("t1"), at);
        assert_eq!(trail.lock().used.len(), usize::from(at != NOW_MS + 3_600_000), "written already today");
        trail.flush(&store).await.unwrap();
        let tokens = store.read().await.unwrap().tokens(alice).await.unwrap();
        assert_eq!(tokens[0].last_used_at, Some(expected));
    }
}

async fn old_ones_are_forgotten_and_a_clock_that_jumps_forgets_none(fixture: Fixture) {
    let store = fixture.store().await;
    let trail = Trail::default();
    for day in 0..3 {
        trail.note_at(entry("alice", Outcome::Accepted, 1), None, NOW_MS + day * DAY * 1000);
    }
    trail.flush(&store).await.unwrap();
    let forget = async |now_ms, keep_days: i64| {
        let mut change = store.write().await.unwrap();
        let gone = change.forget_sign_ins(now_ms, keep_days * DAY * 1000).await.unwrap();
        change.commit().await.unwrap();
        gone
    };
    assert_eq!(forget(NOW_MS + 1000 * DAY * 1000, 5).await, 0);
    assert_eq!(forget(0, 1).await, 0);
    assert_eq!(forget(NOW_MS + 3 * DAY * 1000, 1).await, 1);
    assert_eq!(rows(&store).await.len(), 2);
}

on_each_database! {
    the_same_attempts_within_a_minute_are_one_row_over_many_flushes,
    a_flood_from_everywhere_is_few_rows_loses_no_count_and_hides_no_sign_in,
    who_signs_in_without_end_fills_no_trail,
    a_flood_of_one_kind_pushes_nothing_of_the_other_out,
    what_cannot_be_written_is_written_later,
    the_day_of_the_last_use_is_written_once_a_day,
    old_ones_are_forgotten_and_a_clock_that_jumps_forgets_none,
}
