//! What a change would do, and the guard before it is made.

use super::*;
use crate::store::testing::did;

const POLICY: &str = "/organizations/acme/policy";
const PREVIEW: &str = "/organizations/acme/policy/preview";
const ANY: [(&str, &str); 1] = [("if-match", "*")];
const ON: Option<&str> = Some(r#"{"enabled":true}"#);

async fn a_draft_is_shown_and_published_with_the_number_that_it_says(fixture: Fixture) {
    let world = World::new(fixture).await;
    let owner = world.browser("owner").await;
    for (user, image) in [
        ("member", "docker.io/evil/miner:latest"),
        ("admin", "docker.io/evil/miner:latest"),
        ("owner", "docker.io/evil/miner:latest"),
        ("stranger", "docker.io/evil/other:latest"),
    ] {
        did(&world.store, user, "pull", image, clock::now_ms()).await;
    }
    let shown = world.call(&owner, "POST", PREVIEW, &[], ON).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let body = &shown.body;
    assert_eq!((&body["confirm"], &body["basis"]["active_people"]), (&2.into(), &3.into()));
    assert_eq!((&body["refused"]["things"], &body["refused"]["people"]), (&1.into(), &2.into()));
    let thing = &body["refused"]["thing_examples"][0];
    assert_eq!((&thing["image"], &thing["category"]), (&"docker.io/evil/miner:latest".into(), &"community".into()));
    assert!(!body.to_string().contains("other"), "of another organization nothing is known here: {body}");
    let seen = world.get(&owner, POLICY).await;
    assert_eq!(shown.headers[header::ETAG], seen.headers[header::ETAG]);
    assert_eq!(seen.body["settings"]["enabled"], false, "nothing was changed");

    let refused = world.call(&owner, "PATCH", POLICY, &ANY, ON).await;
    assert_eq!((refused.status, refused.code()), (428, "confirmation_required"), "{}", refused.body);
    assert!(refused.body["error"]["next"].as_str().unwrap().contains("`?confirm=2`"), "{}", refused.body);
    let mut whole = seen.body["settings"].clone();
    whole["enabled"] = true.into();
    let refused = world.call(&owner, "PUT", POLICY, &ANY, Some(&whole.to_string())).await;
    assert_eq!(refused.code(), "confirmation_required");
    let refused = world.call(&owner, "PATCH", &format!("{POLICY}?confirm=1"), &ANY, ON).await;
    assert_eq!(refused.code(), "confirmation_required");
    let tag = shown.headers[header::ETAG].to_str().unwrap();
    let published = world.call(&owner, "PATCH", &format!("{POLICY}?confirm=2"), &[("if-match", tag)], ON).await;
    assert_eq!((published.status, &published.body["settings"]["enabled"]), (200, &true.into()), "{}", published.body);
    let trail = world.get(&owner, "/organizations/acme/audit").await;
    assert_eq!(trail.body["items"][0]["detail"]["confirmed"], 2, "{}", trail.body);
    let late = world.call(&owner, "POST", PREVIEW, &[("if-match", tag)], ON).await;
    assert_eq!((late.status, late.code()), (412, "changed"));
}

async fn lists_are_guarded_too(fixture: Fixture) {
    let world = World::new(fixture).await;
    let owner = world.browser("owner").await;
    did(&world.store, "member", "pull", "docker.io/library/alpine:3", clock::now_ms()).await;
    assert_eq!(world.call(&owner, "PATCH", POLICY, &ANY, ON).await.status, 200);
    let (list, alpine) = ("/organizations/acme/denylist", Some(r#"{"pattern":"alpine"}"#));
    let refused = world.call(&owner, "POST", list, &[], alpine).await;
    assert_eq!((refused.status, refused.code()), (428, "confirmation_required"));
    let done = world.call(&owner, "POST", &format!("{list}?confirm=1"), &[], alpine).await;
    assert_eq!(done.status, 201, "{}", done.body);
    let (list, all) = ("/organizations/acme/allowlist", Some(r#"{"pattern":"evil/*"}"#));
    let id = world.call(&owner, "POST", list, &[], all).await.body["rule"]["id"].as_str().unwrap().to_owned();
    did(&world.store, "member", "pull", "docker.io/evil/miner:1", clock::now_ms()).await;
    let rule = format!("{list}/{id}");
    let refused = world.call(&owner, "DELETE", &rule, &[], None).await;
    assert_eq!((refused.status, refused.code()), (428, "confirmation_required"));
    assert_eq!(world.call(&owner, "DELETE", &format!("{rule}?confirm=1"), &[], None).await.status, 204);
}

async fn what_is_no_draft_is_refused(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (owner, stranger) = (world.browser("owner").await, world.browser("stranger").await);
    let long = serde_json::json!({ "message": "x".repeat(501) }).to_string();
    for (path, body, status, code) in [
        (PREVIEW, r#"{"oficial":false}"#, 400, "malformed"),
        (PREVIEW, r#"{"enabled":null}"#, 400, "malformed"),
        (PREVIEW, r#"{"registries":["no host"]}"#, 422, "invalid"),
        (PREVIEW, long.as_str(), 422, "invalid"),
        ("/organizations/beta/policy/preview", "{}", 404, "not_found"),
    ] {
        let answer = world.call(&owner, "POST", path, &[], Some(body)).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}: {}", answer.body);
    }
    let answer = world.call(&stranger, "POST", PREVIEW, &[], ON).await;
    assert_eq!((answer.status, answer.code()), (404, "not_found"));
    for query in ["confirm=two", "confirm=-1", "confirm=99999999999", "confirm=", "people=2"] {
        let answer = world.call(&owner, "PATCH", &format!("{POLICY}?{query}"), &ANY, ON).await;
        assert_eq!((answer.status, answer.code()), (400, "malformed"), "{query}: {}", answer.body);
    }
    let empty = world.call(&owner, "POST", PREVIEW, &[], Some("{}")).await;
    assert_eq!((empty.status, &empty.body["basis"]["first_day"]), (200, &Value::Null), "{}", empty.body);
}

on_each_database! {
    a_draft_is_shown_and_published_with_the_number_that_it_says,
    lists_are_guarded_too,
    what_is_no_draft_is_refused,
}
