//! What can be read, and is not taken, wherever it is sent.

use serde_json::json;

use super::*;
use crate::acts::LAST_END;

/// Calls that say when something ends, each with its body; `{id}` is a request that waits.
fn with_an_end(ends: i64) -> [(&'static str, &'static str, Value); 5] {
    [
        ("admin", "/organizations/acme/allowlist", json!({ "pattern": "good/tool", "expires_at": ends })),
        ("admin", "/organizations/acme/denylist", json!({ "pattern": "evil/miner", "expires_at": ends })),
        ("member", "/me/tokens", json!({ "name": "laptop", "expires_at": ends })),
        ("owner", "/organizations/acme/tokens", json!({ "name": "robot", "expires_at": ends })),
        ("admin", "/organizations/acme/requests/{id}/approve", json!({ "expires_at": ends })),
    ]
}

async fn milliseconds_sent_for_seconds_are_refused_and_make_nothing_that_lasts(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (admin, member) = (world.browser("admin").await, world.browser("member").await);
    let enabled =
        world.call(&admin, "PATCH", "/organizations/acme/policy", &[("if-match", "*")], Some(r#"{"enabled":true}"#));
    assert_eq!(enabled.await.status, 200);
    let asked = r#"{"image":"somebody/tool","reason":"work"}"#;
    let asked = world.call(&member, "POST", "/me/requests", &[], Some(asked)).await;
    let id = asked.body["requests"][0]["request"]["id"].as_str().unwrap_or_else(|| panic!("{}", asked.body)).to_owned();
    let tomorrow = clock::now() + 86_400;
    for (ends, taken) in [(tomorrow * 1000, false), (LAST_END + 1, false), (i64::MAX, false), (LAST_END, true)] {
        for (user, path, body) in with_an_end(ends) {
            let (who, path) = (world.browser(user).await, path.replace("{id}", &id));
            let answer = world.call(&who, "POST", &path, &[], Some(&body.to_string())).await;
            if taken {
                assert!(answer.status < 300, "{path} {body}: {}", answer.body);
                continue;
            }
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{path} {body}: {}", answer.body);
            let said = answer.body["error"]["message"].as_str().unwrap();
            assert!(said.contains("253402300799") && said.contains("not milliseconds"), "{said}");
        }
    }
}

/// Calls that store a text, each with its body and the field that is named.
fn with_a_text(text: &str) -> [(&'static str, &'static str, &'static str, Value, &'static str); 8] {
    let policy = "/organizations/acme/policy";
    [
        ("admin", "PATCH", policy, json!({ "message": text }), "message"),
        ("admin", "PATCH", policy, json!({ "email": text }), "email"),
        ("admin", "PATCH", policy, json!({ "request_url": format!("https://a.example/{text}") }), "request_url"),
        ("admin", "POST", "/organizations/acme/allowlist", json!({ "pattern": "a/b", "reason": text }), "reason"),
        ("admin", "POST", "/organizations/acme/denylist", json!({ "pattern": "a/b", "reason": text }), "reason"),
        ("admin", "POST", "/organizations/acme/teams", json!({ "team": "ops", "description": text }), "description"),
        ("admin", "PATCH", "/organizations/acme/teams/web", json!({ "description": text }), "description"),
        ("member", "POST", "/me/tokens", json!({ "name": text }), "name"),
    ]
}

async fn no_text_that_steers_a_terminal_is_stored(fixture: Fixture) {
    let world = World::new(fixture).await;
    let admin = world.browser("admin").await;
    world.call(&admin, "POST", "/organizations/acme/teams", &[], Some(r#"{"team":"web"}"#)).await;
    for (text, point) in [("a\u{202e}b", "U+202E"), ("\u{200b}ab", "U+200B"), ("ab\u{1b}[2J", "U+001B"), ("größe", "")]
    {
        for (user, method, path, body, field) in with_a_text(text) {
            let who = world.browser(user).await;
            let any: &[(&str, &str)] = if method == "PATCH" { &[("if-match", "*")] } else { &[] };
            let answer = world.call(&who, method, path, any, Some(&body.to_string())).await;
            if point.is_empty() {
                assert!(answer.status < 300, "{path} {body}: {}", answer.body);
                continue;
            }
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{path} {body}: {}", answer.body);
            let said = answer.body["error"]["message"].as_str().unwrap();
            assert!(said.starts_with(&format!("`{field}` holds {point}")), "{path} {body}: {said}");
        }
    }
}

async fn what_was_stored_before_stands_in_the_way_of_no_other_change(fixture: Fixture) {
    let world = World::new(fixture).await;
    let admin = world.browser("admin").await;
    let (policy, any) = ("/organizations/acme/policy", [("if-match", "*")]);
    let mut change = world.store.write().await.unwrap();
    let acme = change.organization_id("acme").await.unwrap().unwrap();
    let message = "a\u{202e}b".to_owned();
    let settings =
        crate::model::Settings { message: message.clone(), request_url: "https://".to_owned(), ..Default::default() };
    change.set_settings(acme, &settings).await.unwrap();
    change.commit().await.unwrap();
    for body in [json!({ "enabled": true }), json!({ "mode": "monitor", "message": message })] {
        let answer = world.call(&admin, "PATCH", policy, &any, Some(&body.to_string())).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    }
}

async fn who_approves_what_the_denylist_has_is_told_the_call_that_removes_it(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (admin, member) = (world.browser("admin").await, world.browser("member").await);
    let post =
        async |who: &Who, path: &str, body: Value| world.call(who, "POST", path, &[], Some(&body.to_string())).await;
    let any = [("if-match", "*")];
    world.call(&admin, "PATCH", "/organizations/acme/policy", &any, Some(r#"{"enabled":true}"#)).await;
    let asked = post(&member, "/me/requests", json!({ "image": "somebody/tool", "reason": "work" })).await;
    let denied = post(&admin, "/organizations/acme/denylist", json!({ "pattern": "somebody/*" })).await;
    let rule = denied.body["rule"]["id"].as_str().unwrap_or_else(|| panic!("{}", denied.body)).to_owned();
    let id = asked.body["requests"][0]["request"]["id"].as_str().unwrap_or_else(|| panic!("{}", asked.body));
    let approve = format!("/organizations/acme/requests/{id}/approve");
    let refused = post(&admin, &approve, json!({})).await;
    assert_eq!((refused.status, refused.code()), (409, "conflict"), "{}", refused.body);
    let next = refused.body["error"]["next"].as_str().unwrap();
    let call = next.split('`').nth(1).unwrap();
    let path = call.strip_prefix(&format!("DELETE {PREFIX}")).unwrap();
    assert_eq!(path, format!("/organizations/acme/denylist/{rule}"));
    assert_eq!(world.call(&admin, "DELETE", path, &[], None).await.status, 204);
    assert_eq!(post(&admin, &approve, json!({})).await.status, 200);
}

#[test]
fn the_document_says_how_late_something_may_end() {
    let document = serde_json::to_value(document::openapi()).unwrap();
    for schema in ["WantedRule", "WantedApproval", "NewToken", "NewOrganizationToken"] {
        let end = &document["components"]["schemas"][schema]["properties"]["expires_at"];
        assert_eq!(end["maximum"], LAST_END, "{schema}: {end}");
    }
}

on_each_database! {
    milliseconds_sent_for_seconds_are_refused_and_make_nothing_that_lasts,
    no_text_that_steers_a_terminal_is_stored,
    what_was_stored_before_stands_in_the_way_of_no_other_change,
    who_approves_what_the_denylist_has_is_told_the_call_that_removes_it,
}
