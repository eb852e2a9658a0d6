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
    let enabled = world.call(&admin, "PATCH", "/organizations/acme/policy", &[("if-match", "*")], Some(r#"{"enabled":true}"#));
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
}
