//! The publishers' directory, refreshed over the API.

use super::*;

const VERIFIED: &str = "verified_publisher";

async fn a_refresh_says_what_it_changes_and_asks_for_the_number(fixture: Fixture) {
    let world = World::new(fixture).await;
    let sole = world.browser("sole").await;
    let post = async |query: &str| world.call(&sole, "POST", &format!("/publishers/refresh{query}"), &[], None).await;
    world.hub.show(&[("grafana/grafana", VERIFIED), ("bitnami/redis", VERIFIED), ("traefik/whoami", "open_source")]);
    let put = r#"{"badge":"sponsored-open-source"}"#;
    assert_eq!(world.call(&sole, "PUT", "/publishers/bitnami", &[], Some(put)).await.body["source"], "hand");

    let dry = post("?dry_run=true").await;
    assert_eq!((dry.status, &dry.body["made"], &dry.body["added"]), (200, &false.into(), &2.into()), "{}", dry.body);
    assert_eq!(world.get(&sole, "/publishers").await.body["items"].as_array().unwrap().len(), 1);
    let made = post("").await;
    let told = ["made", "complete", "added", "by_hand", "results", "confirm"].map(|key| made.body[key].clone());
    let expected = [true.into(), true.into(), 2.into(), 1.into(), 3.into(), Value::Null];
    assert_eq!((made.status, told), (200, expected), "{}", made.body);
    assert_eq!(made.body["added_examples"][0]["namespace"], "grafana");
    assert_eq!(world.get(&sole, "/publishers/grafana").await.body["source"], "docker-hub");
    assert_eq!(world.get(&sole, "/publishers/bitnami").await.body["badge"], "sponsored-open-source");

    world.hub.show(&[("grafana/grafana", VERIFIED)]);
    assert_eq!(post("?dry_run=true").await.body["confirm"], 1);
    for query in ["", "?confirm=2", "?confirm=0"] {
        let refused = post(query).await;
        assert_eq!((refused.status, refused.code()), (428, "confirmation_required"), "{query}: {}", refused.body);
        assert!(refused.body["error"]["next"].as_str().unwrap().contains("?confirm=1"), "{}", refused.body);
    }
    assert_eq!(world.get(&sole, "/publishers/traefik").await.status, 200);
    assert_eq!(post("?confirm=1").await.body["removed"], 1);
    assert_eq!(world.get(&sole, "/publishers/traefik").await.status, 404);
    for query in
        ["?confirm=-1", "?dry_run=true&confirm=-1", "?confirm=2147483648", "?confirm=x", "?dry_run=1", "?dryrun=true"]
    {
        assert_eq!(post(query).await.code(), "malformed", "{query}");
    }
}

#[tokio::test]
async fn a_refresh_that_cannot_be_made_says_why() {
    let answers: [(u16, &str, u16, &str, &str); 3] = [
        (503, "", 503, "unavailable", "the status is 503"),
        (429, "Retry-After: 77\r\n", 429, "rate_limited", "try again in 77 s"),
        (200, "", 503, "unavailable", "no JSON"),
    ];
    for (status, head, answered, code, said) in answers {
        let hub = Hub::answering(move |_| (status, head.to_owned(), String::new())).await;
        let world = World::new(Fixture::sqlite()).await.asking(hub.search());
        let sole = world.browser("sole").await;
        let refused = world.call(&sole, "POST", "/publishers/refresh", &[], None).await;
        assert_eq!((refused.status, refused.code()), (answered, code), "{}", refused.body);
        assert!(refused.body["error"]["message"].as_str().unwrap().contains(said), "{}", refused.body);
    }
    let world = World::new(Fixture::sqlite()).await;
    let sole = world.browser("sole").await;
    let _alone = world.api.search.alone().unwrap();
    let second = world.call(&sole, "POST", "/publishers/refresh", &[], None).await;
    assert_eq!((second.status, second.code()), (409, "conflict"), "{}", second.body);
}

#[tokio::test]
async fn a_namespace_called_refresh_is_one_like_others() {
    let world = World::new(Fixture::sqlite()).await;
    let sole = world.browser("sole").await;
    let path = "/publishers/refresh";
    let badge = r#"{"badge":"verified-publisher"}"#;
    assert_eq!(world.get(&sole, path).await.status, 404);
    assert_eq!(world.call(&sole, "PUT", path, &[], Some(badge)).await.status, 201);
    assert_eq!(world.get(&sole, path).await.body["namespace"], "refresh");
    assert_eq!(world.call(&sole, "DELETE", path, &[], None).await.status, 204);
    let owner = world.browser("owner").await;
    assert_eq!(world.call(&owner, "PUT", path, &[], Some(badge)).await.status, 403);
    assert_eq!(world.hub.asked(), []);
}

on_each_database! {
    a_refresh_says_what_it_changes_and_asks_for_the_number,
}
