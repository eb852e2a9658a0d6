//! Tests of a refresh, on both databases: what it changes, what it leaves, and what is written down.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{
    hub_search::{
        Search, SearchError, Short,
        testing::{Hub, page, result},
    },
    store::testing::{Fixture, on_each_database},
};

const LOCAL: Actor = Actor::Local { uid: 1000 };
const VERIFIED: &str = "verified_publisher";
const OPEN: &str = "open_source";

/// Seen to their end, with twenty verified publishers, `ns00` and on.
fn twenty() -> Vec<(String, &'static str)> {
    (0..20).map(|number| (format!("ns{number:02}/image"), VERIFIED)).collect()
}

fn show(hub: &Hub, repositories: &[(String, &str)], more: &[(&str, &str)]) {
    let all = repositories.iter().map(|(name, badge)| (name.as_str(), *badge)).chain(more.iter().copied());
    hub.show(&all.collect::<Vec<_>>());
}

async fn change(store: &Store, search: &Search, said: Option<usize>) -> Result<Refreshed, ActError> {
    refresh(store, &LOCAL, search, Wanted::Change(said), |_| ()).await
}

async fn directory(store: &Store) -> Vec<Publisher> {
    store.read().await.unwrap().directory().await.unwrap()
}

async fn of_hand(store: &Store) -> Vec<String> {
    let hand = directory(store).await.into_iter().filter(|row| row.source == BadgeSource::Hand);
    hand.map(|row| row.namespace).collect()
}

async fn lines(store: &Store) -> Vec<crate::store::AuditLine> {
    store.read().await.unwrap().audit_lines(100).await.unwrap()
}

async fn what_was_given_by_hand_stays_whatever_docker_hub_shows(fixture: Fixture) {
    let (store, hub) = (fixture.store().await, Hub::new().await);
    let search = hub.search();
    set(&store, &LOCAL, &"ns00".parse().unwrap(), Badge::SponsoredOpenSource, &Condition::Any).await.unwrap();
    set(&store, &LOCAL, &"byhand".parse().unwrap(), Badge::VerifiedPublisher, &Condition::Any).await.unwrap();
    show(&hub, &twenty(), &[("traefik/whoami", OPEN)]);
    let refreshed = change(&store, &search, None).await.unwrap();
    assert_eq!((refreshed.added.count, refreshed.by_hand, refreshed.namespaces), (20, 1, 21));
    let rows = directory(&store).await;
    assert_eq!((rows.len(), of_hand(&store).await), (22, vec!["byhand".to_owned(), "ns00".to_owned()]));
    let ns00 = rows.iter().find(|row| row.namespace == "ns00").unwrap();
    assert_eq!(ns00.badge, Badge::SponsoredOpenSource);

    // Whatever is given by hand is by hand from then on, its badge the same or not.
    set(&store, &LOCAL, &"ns01".parse().unwrap(), Badge::VerifiedPublisher, &Condition::Any).await.unwrap();
    let given =
        [("ns02".parse().unwrap(), Badge::VerifiedPublisher), ("ns00".parse().unwrap(), Badge::SponsoredOpenSource)];
    assert_eq!(import(&store, &LOCAL, &given).await.unwrap(), 1);
    show(&hub, &[], &[]);
    change(&store, &search, Some(18)).await.unwrap();
    let left: Vec<String> = directory(&store).await.into_iter().map(|row| row.namespace).collect();
    assert_eq!(left, ["byhand", "ns00", "ns01", "ns02"]);
    assert_eq!(of_hand(&store).await, left);
}

async fn a_line_says_whose_word_a_badge_was_and_is(fixture: Fixture) {
    let (store, hub) = (fixture.store().await, Hub::new().await);
    show(&hub, &[], &[("ns00/x", VERIFIED), ("ns01/x", VERIFIED), ("ns02/x", VERIFIED)]);
    change(&store, &hub.search(), None).await.unwrap();
    let newest = async || -> serde_json::Value { serde_json::from_str(&lines(&store).await[0].detail).unwrap() };
    let [hand, hub] = ["hand", "docker-hub"].map(|source| json!({ "badge": "verified-publisher", "source": source }));
    set(&store, &LOCAL, &"ns00".parse().unwrap(), Badge::VerifiedPublisher, &Condition::Any).await.unwrap();
    assert_eq!(newest().await, json!({ "badge": "verified-publisher", "source": "hand", "before": hub }));
    let given =
        [("ns01".parse().unwrap(), Badge::VerifiedPublisher), ("new".parse().unwrap(), Badge::VerifiedPublisher)];
    assert_eq!(import(&store, &LOCAL, &given).await.unwrap(), 2);
    let expected = json!({ "ns01": { "from": hub, "to": hand }, "new": { "from": null, "to": hand } });
    assert_eq!(newest().await, json!({ "badges": expected }));
    let written = lines(&store).await.len();
    assert_eq!((import(&store, &LOCAL, &given).await.unwrap(), lines(&store).await.len()), (0, written));
    for (namespace, before) in [("ns01", hand), ("ns02", hub)] {
        remove(&store, &LOCAL, &namespace.parse().unwrap(), &Condition::Any).await.unwrap();
        assert_eq!(newest().await, json!({ "before": before }));
    }
}

async fn a_refresh_is_written_down_once_and_publishes_only_what_changes(fixture: Fixture) {
    let (store, hub) = (fixture.store().await, Hub::new().await);
    let search = hub.search();
    show(&hub, &twenty(), &[]);
    change(&store, &search, None).await.unwrap();
    let revision = async || store.read().await.unwrap().publishers_revision().await.unwrap();
    let (before, written) = (revision().await, lines(&store).await.len());

    let dry = refresh(&store, &LOCAL, &search, Wanted::DryRun, |_| ()).await.unwrap();
    assert_eq!((dry.made, dry.differences(), lines(&store).await.len()), (false, 0, written));
    let same = change(&store, &search, None).await.unwrap();
    assert_eq!((same.made, same.differences(), revision().await), (true, 0, before), "nothing is published anew");
    assert_eq!(lines(&store).await.len(), written + 1);

    show(&hub, &twenty()[1..], &[("ns01/other", OPEN), ("new/x", OPEN)]);
    change(&store, &search, None).await.unwrap();
    assert!(revision().await > before);
    let line = lines(&store).await.remove(0);
    assert_eq!((line.act.as_str(), line.actor.as_str()), ("publisher.refresh", "local:1000"));
    let detail: serde_json::Value = serde_json::from_str(&line.detail).unwrap();
    let expected = json!({
        "address": hub.url, "results": 21, "passed_over": 0, "added": 1, "changed": 0, "removed": 1, "by_hand": 0,
        "unseen": 0, "not_read_to_the_end": {},
        "badges": {
            "ns00": { "from": "verified-publisher", "to": null },
            "new": { "from": null, "to": "sponsored-open-source" },
        },
    });
    assert_eq!(detail, expected);
}

async fn what_was_not_read_to_its_end_removes_nothing(fixture: Fixture) {
    let (store, full) = (fixture.store().await, Hub::new().await);
    show(&full, &twenty(), &[]);
    change(&store, &full.search(), None).await.unwrap();
    // A total that nothing comes up to.
    let hub = Hub::answering(|asked| match (asked.badge.as_str(), asked.from) {
        (VERIFIED, 0) => page(50, &[result("ns00/image", VERIFIED), result("new/x", VERIFIED)]),
        (VERIFIED, _) => page(50, &[]),
        _ => page(1, &[result("ns05/x", OPEN)]),
    })
    .await;
    let refreshed = change(&store, &hub.search(), None).await.unwrap();
    assert_eq!(refreshed.short, [(Badge::VerifiedPublisher, Short::Gaps)]);
    assert_eq!((refreshed.added.count, refreshed.changed.count, refreshed.removed.count), (1, 0, 0));
    assert_eq!(refreshed.unseen, 19);
    let rows = directory(&store).await;
    assert_eq!(rows.len(), 21);
    assert!(rows.iter().all(|row| row.badge == Badge::VerifiedPublisher), "nor is anybody less than before");
}

async fn more_than_a_tenth_goes_only_with_its_number(fixture: Fixture) {
    let (store, hub) = (fixture.store().await, Hub::new().await);
    let search = hub.search();
    show(&hub, &twenty(), &[]);
    change(&store, &search, None).await.unwrap();
    let before = (directory(&store).await, lines(&store).await.len());
    // Three of twenty: two are gone, and one is less than it was.
    show(&hub, &twenty()[3..], &[("ns00/image", OPEN)]);
    for said in [None, Some(0), Some(2), Some(20)] {
        let refused = change(&store, &search, said).await.unwrap_err();
        let ActError::UnconfirmedPublishers { losing: 3, known: 20, .. } = &refused else { panic!("{refused}") };
        assert!(refused.to_string().contains("`ns01`"), "{refused}");
        assert_eq!((directory(&store).await, lines(&store).await.len()), before);
    }
    change(&store, &search, Some(3)).await.unwrap();
    assert_eq!(directory(&store).await.len(), 18);
    assert!(lines(&store).await[0].detail.contains("\"confirmed\":3"));
    show(&hub, &[], &[]);
    assert!(matches!(change(&store, &search, None).await, Err(ActError::UnconfirmedPublishers { losing: 18, .. })));
}

async fn nothing_is_held_while_docker_hub_is_asked_and_nobody_asks_twice(fixture: Fixture) {
    let store = fixture.store().await;
    let (asked, answer) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Semaphore::new(0)));
    let (told, may) = (Arc::clone(&asked), Arc::clone(&answer));
    // Docker Hub asks for a moment's patience until it may answer.
    let hub = Hub::answering(move |_| {
        told.notify_one();
        match may.available_permits() {
            0 => (429, "Retry-After: 1\r\n".to_owned(), String::new()),
            _ => page(0, &[]),
        }
    })
    .await;
    let search = Arc::new(hub.search());
    let first = tokio::spawn({
        let (store, search) = (store.clone(), Arc::clone(&search));
        async move { change(&store, &search, None).await }
    });
    asked.notified().await;
    set(&store, &LOCAL, &"meanwhile".parse().unwrap(), Badge::VerifiedPublisher, &Condition::Any).await.unwrap();
    let second = change(&store, &search, None).await;
    assert!(matches!(second, Err(ActError::Search(SearchError::Running))), "{second:?}");
    answer.add_permits(1);
    first.await.unwrap().unwrap();
    assert_eq!(of_hand(&store).await, ["meanwhile"]);
    change(&store, &search, None).await.expect("the next one");
}

on_each_database! {
    a_line_says_whose_word_a_badge_was_and_is,
    what_was_given_by_hand_stays_whatever_docker_hub_shows,
    a_refresh_is_written_down_once_and_publishes_only_what_changes,
    what_was_not_read_to_its_end_removes_nothing,
    more_than_a_tenth_goes_only_with_its_number,
    nothing_is_held_while_docker_hub_is_asked_and_nobody_asks_twice,
}
