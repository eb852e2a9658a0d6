//! Tests of [`super`]: paging, and answers of somebody who means no good.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::{
    testing::{Asked, Hub, Reply, SILENCE, page, result},
    *,
};

const VERIFIED: &str = "verified_publisher";

fn names(found: &Found, badge: Badge) -> Vec<&str> {
    found.badges.iter().filter(|(_, one)| **one == badge).map(|(name, _)| name.as_str()).collect()
}

async fn read(hub: &Hub) -> Result<Found, SearchError> {
    hub.search().read(|_| ()).await
}

/// Answers the search for verified publishers so, and the other one with nothing.
async fn verified(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Hub {
    Hub::answering(move |asked| if asked.badge == VERIFIED { answer(asked) } else { page(0, &[]) }).await
}

fn results(range: std::ops::Range<usize>) -> Vec<Value> {
    range.map(|number| result(&format!("ns{}/repo{number}", number / 3), VERIFIED)).collect()
}

#[tokio::test]
async fn every_page_is_read_and_namespaces_are_counted_once() {
    let hub = Hub::new().await;
    let repositories: Vec<(String, &str)> = (0..250).map(|n| (format!("ns{}/repo{n}", n % 40), VERIFIED)).collect();
    let mut shown: Vec<(&str, &str)> = repositories.iter().map(|(name, badge)| (name.as_str(), *badge)).collect();
    shown.extend([("ns1/other", "open_source"), ("traefik/whoami", "open_source")]);
    hub.show(&shown);
    let mut told = Vec::new();
    let found = hub.search().read(|progress| told.push((progress.seen, progress.total))).await.unwrap();
    assert_eq!((found.results, found.passed_over, found.is_whole()), (252, 0, true));
    assert_eq!(names(&found, Badge::VerifiedPublisher).len(), 40, "who has both badges is verified");
    assert_eq!(names(&found, Badge::SponsoredOpenSource), ["traefik"]);
    assert_eq!(told, [(100, 250), (200, 250), (250, 250), (2, 2)]);
    let asked: Vec<_> = hub.asked().into_iter().map(|asked| (asked.badge, asked.from, asked.size)).collect();
    let all = [(VERIFIED, 0), (VERIFIED, 100), (VERIFIED, 200), ("open_source", 0)];
    assert_eq!(asked, all.map(|(badge, from)| (badge.to_owned(), from, PAGE)));
}

#[tokio::test]
async fn what_is_odd_is_counted_and_passed_over() {
    let hub = Hub::new().await;
    hub.show(&[("library/alpine", VERIFIED), ("../x", VERIFIED), ("Upper/x", VERIFIED), ("good/x", VERIFIED)]);
    let found = read(&hub).await.unwrap();
    assert_eq!((names(&found, Badge::VerifiedPublisher), found.passed_over), (vec!["good"], 3));
    assert!(found.is_whole(), "it was read to its end all the same");
}

#[tokio::test]
async fn what_does_not_add_up_was_not_read_to_its_end() {
    type Answer = fn(&Asked) -> Reply;
    let cases: [(&str, Short, Answer); 5] = [
        ("it ends early", Short::Gaps, |asked| match asked.from {
            0 => page(150, &results(0..100)),
            _ => page(150, &[]),
        }),
        ("the same twice", Short::Gaps, |_| page(200, &results(0..100))),
        ("another total on each page", Short::Gaps, |asked| {
            page(300 - asked.from, &results(asked.from..asked.from + 100))
        }),
        ("no end", Short::TooMany, |asked| page(asked.from + 500, &results(asked.from..asked.from + asked.size))),
        ("more than is counted", Short::TooMany, |_| page(MOST_RESULTS, &[])),
    ];
    for (what, short, answer) in cases {
        let hub = verified(answer).await;
        let found = read(&hub).await.unwrap();
        assert_eq!(found.short, [(Badge::VerifiedPublisher, short)], "{what}");
        assert!(!found.is_whole_of(Badge::VerifiedPublisher) && found.is_whole_of(Badge::SponsoredOpenSource));
        assert!(hub.asked().len() <= MOST_RESULTS / PAGE + 1, "{what}: {}", hub.asked().len());
    }
}

#[tokio::test]
async fn nonsense_is_no_answer() {
    let (elsewhere, json) = (Hub::new().await, |text: &str| (200, String::new(), text.to_owned()));
    let to = format!("Location: {}/api/search/v4?badges=x\r\n", elsewhere.url);
    let deep = format!("{{\"total\":1,\"results\":[{}]}}", "[".repeat(10_000));
    let cases: [(Reply, &str); 12] = [
        (json("<html>captive portal</html>"), "no JSON"),
        (json(""), "no JSON"),
        (json("[]"), "no JSON"),
        (json("{\"total\":-1,\"results\":[]}"), "no JSON"),
        (json("{\"total\":1e99,\"results\":[]}"), "no JSON"),
        (json("{\"total\":1}"), "no JSON"),
        (json(&deep), "no JSON"),
        (json(&"x".repeat(1 << 20)), "longer than"),
        ((302, to, String::new()), "redirect"),
        ((503, String::new(), String::new()), "503"),
        ((401, String::new(), String::new()), "401"),
        (page(2, &[result("a/b", "official"), result("c/d", "open_source")]), "none of its 2 results"),
    ];
    for (reply, said) in cases {
        let hub = verified(move |_| reply.clone()).await;
        let error = read(&hub).await.unwrap_err();
        let text = proto::chain(&error);
        assert!(text.contains(said) && text.len() < 400, "{said}: {text}");
    }
    assert_eq!(elsewhere.asked(), [], "nobody else is asked");
    let nobody = Search::new("http://127.0.0.1:1".parse().unwrap(), None, WHILE_ASKED);
    assert!(matches!(nobody.read(|_| ()).await, Err(SearchError::Call(OutgoingError::Connect { .. }))));
}

#[tokio::test]
async fn long_results_come_in_smaller_pages() {
    let hub = verified(|asked| {
        let some = results(asked.from..(asked.from + asked.size).min(60));
        let long = |mut one: Value| {
            one["short_description"] = "x".repeat(6000).into();
            one
        };
        page(60, &some.into_iter().map(long).collect::<Vec<_>>())
    })
    .await;
    let found = read(&hub).await.unwrap();
    assert_eq!((found.results, found.badges.len(), found.is_whole()), (60, 20, true));
    assert_eq!(
        hub.asked().iter().map(|asked| (asked.from, asked.size)).collect::<Vec<_>>()[..3],
        [(0, 100), (0, 50), (0, 25)]
    );
}

#[tokio::test]
async fn a_wait_is_kept_when_there_is_time_for_it() {
    let limited = |wait: &str| (429, format!("Retry-After: {wait}\r\n"), String::new());
    let calls = AtomicUsize::new(0);
    let hub = verified(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => limited("1"),
        _ => page(1, &results(0..1)),
    })
    .await;
    assert!(read(&hub).await.unwrap().is_whole());

    let hub = verified(move |_| limited("77")).await;
    let Err(SearchError::Limited(wait)) = read(&hub).await else { panic!("there is nothing to tell of") };
    assert_eq!(wait, Duration::from_secs(77));

    let hub = verified(move |asked| if asked.from == 0 { page(150, &results(0..100)) } else { limited("77") }).await;
    let found = read(&hub).await.unwrap();
    assert_eq!((found.results, found.short), (100, vec![(Badge::VerifiedPublisher, Short::Limited)]));
}

#[tokio::test]
async fn all_of_it_has_a_deadline() {
    let soon = |hub: &Hub| Search::new(hub.url.parse().unwrap(), None, Duration::from_millis(800));
    let silence = || (SILENCE, String::new(), String::new());
    let hub = verified(move |_| silence()).await;
    assert!(matches!(soon(&hub).read(|_| ()).await, Err(SearchError::Slow(_))));

    let hub = verified(move |asked| if asked.from == 0 { page(150, &results(0..100)) } else { silence() }).await;
    let found = soon(&hub).read(|_| ()).await.unwrap();
    assert_eq!(found.results, 100);
    assert_eq!(found.short, [Badge::VerifiedPublisher, Badge::SponsoredOpenSource].map(|badge| (badge, Short::Time)));
}

#[tokio::test]
async fn one_refresh_at_a_time() {
    let search = Search::new(Base::docker_hub(), None, WHILE_ASKED);
    let first = search.alone().unwrap();
    assert!(matches!(search.alone(), Err(SearchError::Running)));
    drop(first);
    assert!(search.alone().is_ok());
}
