//! What is kept in memory of what people did is what the database says.

use std::sync::Arc;

use super::*;
use crate::store::{lately::Summary, testing::did};

const DAY_MS: i64 = 86_400_000;
/// A day, since the Unix epoch.
const FIRST: i64 = 20_000;

async fn seen(store: &Store, organization: &str, since: i64) -> Arc<Summary> {
    store.read().await.unwrap().lately(organization, since).await.unwrap().summary(100)
}

/// By image, how often, the newest day, and by whom.
fn told(summary: &Summary) -> Vec<(String, i64, i64, Vec<&str>)> {
    let names = |places: &[u32]| places.iter().map(|place| &*summary.accounts[*place as usize]).collect();
    let things = summary.things.iter();
    things.map(|done| (done.image.to_string(), done.times, done.last_day - FIRST, names(&done.accounts))).collect()
}

async fn a_day_is_read_again_when_it_changed_and_not_before(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    for user in ["alice", "bob"] {
        let account = change.add_account(user, "$argon2id$x", 1).await.unwrap();
        change.set_member(acme, account, Role::Member, &[]).await.unwrap();
    }
    change.commit().await.unwrap();
    let pulls = async |user: &str, image: &str, day: i64, after_ms: i64| {
        did(&store, user, "pull", image, (FIRST + day) * DAY_MS + after_ms).await;
    };
    pulls("alice", "docker.io/a/x:1", 0, 1).await;
    pulls("bob", "docker.io/a/x:1", 1, 1).await;
    pulls("bob", "docker.io/a/y:1", 1, 2).await;
    let first = seen(&store, "acme", FIRST).await;
    let x = |times, day| ("docker.io/a/x:1".to_owned(), times, day, vec!["alice", "bob"]);
    let y = |times, day| ("docker.io/a/y:1".to_owned(), times, day, vec!["bob"]);
    assert_eq!(told(&first), [x(2, 1), y(1, 1)]);
    assert!(Arc::ptr_eq(&first, &seen(&store, "acme", FIRST).await), "nothing changed, nothing is read");

    // Once more the same, on a day that is known; and a day late.
    pulls("bob", "docker.io/a/y:1", 1, 3).await;
    assert_eq!(told(&*seen(&store, "acme", FIRST).await), [x(2, 1), y(2, 1)]);
    pulls("alice", "docker.io/a/y:1", 0, 9).await;
    pulls("alice", "docker.io/a/z:1", 2, 0).await;
    let late = seen(&store, "acme", FIRST).await;
    let y = ("docker.io/a/y:1".to_owned(), 3, 1, vec!["alice", "bob"]);
    let z = ("docker.io/a/z:1".to_owned(), 1, 2, vec!["alice"]);
    assert_eq!(told(&late), [x(2, 1), y, z.clone()]);
    assert_eq!((late.first_day, late.cut, late.accounts.len()), (Some(FIRST), false, 2));

    // From another day on, and of somebody else.
    let newest = seen(&store, "acme", FIRST + 2).await;
    assert_eq!((told(&newest), newest.accounts.len()), (vec![z.clone()], 1));
    assert_eq!(*seen(&store, "beta", FIRST).await, Summary::default());
    assert_eq!(*seen(&store, "acme", FIRST).await, *late, "and back");

    // What is forgotten, the first day, is forgotten here too.
    store.forget_records((FIRST + 3) * DAY_MS, DAY_MS / 2).await.unwrap();
    let of_bob = |image: &str, times| (image.to_owned(), times, 1, vec!["bob"]);
    let left = [of_bob("docker.io/a/x:1", 1), of_bob("docker.io/a/y:1", 2), z];
    assert_eq!(told(&*seen(&store, "acme", FIRST).await), left);
    // Another handle, with nothing in memory, says the same.
    assert_eq!(told(&*seen(&fixture.store().await, "acme", FIRST).await), left);
}

on_each_database! {
    a_day_is_read_again_when_it_changed_and_not_before,
}
