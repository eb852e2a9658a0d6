//! What was refused: seen, searched, exported.

use std::collections::BTreeSet;

use super::*;

/// A refusal of each of these images, received now.
async fn refused(world: &World, images: &[&str]) {
    let now = crate::clock::now_ms();
    let rows: Vec<RecordRow> = (0_i64..)
        .zip(images)
        .map(|(at, image)| RecordRow {
            id: format!("id-{at}"),
            machine_id: "m-1".to_owned(),
            at_ms: now,
            received_at_ms: now + at,
            reported_by: "alice".to_owned(),
            action: "pull".to_owned(),
            image: (*image).to_owned(),
            allowed: at % 2 == 1,
            reason: "category".to_owned(),
            category: "community".to_owned(),
            organization: "acme".to_owned(),
            generation: 1,
            rule: "rule-1".to_owned(),
            would_deny: at % 2 == 1,
            users: "[\"alice\"]".to_owned(),
            sequence: at,
            run_ms: 1,
            evidence: String::new(),
            coverage: String::new(),
            act: String::new(),
            machine_disputed: false,
        })
        .collect();
    let alice = world.store.read().await.unwrap().account("alice").await.unwrap().unwrap();
    let mut change = world.store.write().await.unwrap();
    change.take_records(alice.id, &rows).await.unwrap();
    change.commit().await.unwrap();
}

#[tokio::test]
async fn refusals_are_seen_searched_and_exported_by_who_may() {
    let world = World::new().await;
    refused(&world, &["docker.io/evil/miner:latest", "docker.io/a/b:1", "=1+1"]).await;
    let (audrey, alice, adam) =
        (world.sign_in("audrey").await, world.sign_in("alice").await, world.sign_in("adam").await);
    let path = "/orgs/acme/activity";
    let page = audrey.get(path).await;
    assert!(page.status == StatusCode::OK && page.says("docker.io/evil/miner:latest") && page.says("docker.io/a/b:1"));
    assert!(page.says("2 refused and 1 that would have been") && !page.says("Allow …"), "{}", page.text);
    let listed = |text: &str| text.split("id=\"h-list\"").nth(1).unwrap().to_owned();
    let found = listed(&audrey.get(&format!("{path}?image=MINER&show=denied")).await.text);
    assert!(found.contains("evil/miner") && !found.contains("a/b:1"), "{found}");
    let found = listed(&audrey.get(&format!("{path}?show=would-deny")).await.text);
    assert!(!found.contains("evil/miner") && found.contains("a/b:1"), "{found}");
    assert!(audrey.get(&format!("{path}?user=bob&since=nonsense")).await.says("No such decision was reported"));
    let csv = audrey.get(&format!("{path}.csv?show=denied")).await;
    assert!(csv.says(",docker.io/evil/miner:latest,refused,category,") && csv.says(",'=1+1,") && !csv.says("a/b"));
    assert_eq!(csv.headers.get(header::CONTENT_DISPOSITION).unwrap(), "attachment; filename=\"activity-acme.csv\"");
    let json: serde_json::Value = serde_json::from_str(&audrey.get(&format!("{path}.json")).await.text).unwrap();
    assert_eq!((json["records"].as_array().unwrap().len(), &json["whole"]), (3, &true.into()));
    let none: serde_json::Value =
        serde_json::from_str(&audrey.get(&format!("{path}.json?image=nothing%00")).await.text).unwrap();
    assert_eq!(none, serde_json::json!({ "records": [], "whole": true }));
    assert!(adam.get(path).await.says("/orgs/acme/allowlist?pattern=docker.io%2Fevil%2Fminer%3Alatest"));
    assert!(adam.get("/orgs/acme/allowlist?pattern=a%2Fb").await.says("value=\"a/b\""));
    for address in [path, "/orgs/acme/activity.csv", "/orgs/acme/activity.json", "/orgs/acme/machines"] {
        assert_eq!(alice.get(address).await.status, StatusCode::FORBIDDEN, "{address}");
        assert_eq!(world.sign_in("otto").await.get(address).await.status, StatusCode::NOT_FOUND, "{address}");
    }
    assert!(audrey.get("/orgs/acme/machines").await.says("Nobody is signed in on a machine yet"));
    assert!(audrey.get("/orgs/acme/machines?user=No%20Body").await.says("is signed in on no machine"));
}

#[tokio::test]
async fn a_file_of_many_parts_is_whole_or_says_that_it_is_not() {
    let world = World::new().await;
    let images: Vec<String> = (0..10_500).map(|n| format!("docker.io/a/b:{n}")).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    for (count, whole) in [(2_500, true), (10_500, false)] {
        refused(&world, &images[..count]).await;
        let audrey = world.sign_in("audrey").await;
        let json = audrey.get("/orgs/acme/activity.json").await;
        let json: serde_json::Value = serde_json::from_str(&json.text).unwrap();
        let records = json["records"].as_array().unwrap();
        assert_eq!((records.len(), &json["whole"]), (count.min(10_000), &whole.into()));
        let each: BTreeSet<_> = records.iter().map(|record| record["id"].as_str().unwrap()).collect();
        assert_eq!(each.len(), records.len(), "each once");
        let csv = audrey.get("/orgs/acme/activity.csv").await;
        assert_eq!(csv.text.lines().count(), count.min(10_000) + 1 + usize::from(count > 10_000));
        assert_eq!(csv.text.contains("\r\ncut: these are the newest 10000; "), count > 10_000);
    }
}
