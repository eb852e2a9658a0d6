//! What machines report and what is forgotten costs the same however much there is.

use super::*;
use crate::store::testing::plans::scans;

async fn a_report_and_what_is_forgotten_read_no_large_table_from_one_end_to_the_other(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    let alice = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    change.set_member(acme, alice, Role::Member, &[]).await.unwrap();
    change.commit().await.unwrap();
    let day_ms = 86_400_000;
    let of = |id: &str, at_ms, allowed| RecordRow {
        organization: "acme".to_owned(),
        rule: "r".to_owned(),
        image: "i".to_owned(),
        allowed,
        ..record(id, at_ms)
    };
    let report = async {
        let mut change = store.write().await.unwrap();
        change.take_records(alice, &[of("1", 1, false), of("2", 1, true), of("3", 200 * day_ms, false)]).await.unwrap();
        change.bind_machine("m", alice).await.unwrap();
        change.commit().await.unwrap();
    };
    let ((), found) = scans(&store, report).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
    let (forgotten, found) = scans(&store, store.forget_records(200 * day_ms, day_ms)).await;
    assert_eq!(forgotten.unwrap(), 1);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

on_each_database! {
    a_report_and_what_is_forgotten_read_no_large_table_from_one_end_to_the_other,
}
