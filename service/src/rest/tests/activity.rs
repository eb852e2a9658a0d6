//! Decisions, counted.

use super::*;
use crate::store::RecordRow;

const DAY_MS: i64 = 86_400_000;

/// A decision of `acme` that the member's machine reports.
fn decision(id: &str, at_ms: i64, image: &str, rule: &str) -> RecordRow {
    RecordRow {
        id: id.to_owned(),
        machine_id: "m".to_owned(),
        at_ms,
        received_at_ms: at_ms,
        reported_by: "member".to_owned(),
        action: "pull".to_owned(),
        image: image.to_owned(),
        allowed: false,
        reason: "deny_rule".to_owned(),
        category: String::new(),
        organization: "acme".to_owned(),
        generation: 1,
        rule: rule.to_owned(),
        would_deny: false,
        users: "[\"member\"]".to_owned(),
        sequence: 1,
        run_ms: 1,
        evidence: String::new(),
        coverage: "enforced".to_owned(),
        act: String::new(),
        machine_disputed: false,
    }
}

async fn report(world: &World, records: &[RecordRow]) {
    let mut change = world.store.write().await.unwrap();
    let member = change.account("member").await.unwrap().unwrap().id;
    change.take_records(member, records).await.unwrap();
    change.commit().await.unwrap();
}

async fn refusals_are_counted_by_day_image_and_person(fixture: Fixture) {
    let world = World::new(fixture).await;
    let today_ms = clock::now_ms() / DAY_MS * DAY_MS;
    let watched = RecordRow { allowed: true, would_deny: true, ..decision("3", today_ms, "evil/miner", "") };
    let records = [
        decision("1", today_ms - 60 * DAY_MS, "old/one", ""),
        decision("2", today_ms - DAY_MS, "evil/miner", ""),
        watched,
        decision("4", today_ms, "evil/other", ""),
    ];
    report(&world, &records).await;
    let auditor = world.browser("auditor").await;
    let path = "/organizations/acme/activity/summary";
    let summary = world.get(&auditor, path).await;
    let expected = serde_json::json!({
        "days": [
            { "day_ms": today_ms - DAY_MS, "denied": 1, "would_deny": 0 },
            { "day_ms": today_ms, "denied": 1, "would_deny": 1 },
        ],
        "images": [{ "name": "evil/miner", "refusals": 2 }, { "name": "evil/other", "refusals": 1 }],
        "people": [{ "name": "member", "refusals": 3 }],
    });
    assert_eq!((summary.status, &summary.body), (200, &expected));
    let all = world.get(&auditor, &format!("{path}?since_ms=0")).await;
    assert_eq!(all.body["people"][0]["refusals"], 4, "{}", all.body);
    for query in ["?since_ms=x", "?since=0"] {
        assert_eq!(world.get(&auditor, &format!("{path}{query}")).await.code(), "malformed", "{query}");
    }
}

async fn who_sees_decisions_sees_how_often_rules_decided(fixture: Fixture) {
    let world = World::new(fixture).await;
    let admin = world.browser("admin").await;
    let list = "/organizations/acme/denylist";
    let mut ids = Vec::new();
    for pattern in ["evil/miner", "evil/other"] {
        let rule = serde_json::json!({ "pattern": pattern }).to_string();
        let made = world.call(&admin, "POST", list, &[], Some(&rule)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        ids.push(made.body["rule"]["id"].as_str().unwrap().to_owned());
    }
    let now_ms = clock::now_ms();
    let records = [decision("1", now_ms - 9, "evil/miner", &ids[0]), decision("2", now_ms, "evil/miner", &ids[0])];
    report(&world, &records).await;

    let told = |rule: &Value| (rule["id"].clone(), rule["hits"].clone(), rule["last_hit_ms"].clone());
    let (decided, idle) = (Value::from(ids[0].as_str()), Value::from(ids[1].as_str()));
    let known = [(decided.clone(), 2.into(), now_ms.into()), (idle.clone(), 0.into(), Value::Null)];
    let unknown = [(decided, Value::Null, Value::Null), (idle, Value::Null, Value::Null)];
    let ci = world.token("acme/ci", &[TokenScope::OrgRead]).await;
    for (who, expected) in [
        (&admin, &known),
        (&world.browser("auditor").await, &known),
        (&ci, &known),
        (&world.browser("member").await, &unknown),
    ] {
        let page = world.get(who, list).await;
        let mut listed: Vec<_> = page.body["items"].as_array().unwrap().iter().map(told).collect();
        listed.sort_by_key(|(id, ..)| id != &expected[0].0);
        assert_eq!(listed, expected, "{}", page.body);
        let one = world.get(who, &format!("{list}/{}", ids[0])).await;
        assert_eq!(told(&one.body), expected[0], "{}", one.body);
    }
}

on_each_database! {
    refusals_are_counted_by_day_image_and_person,
    who_sees_decisions_sees_how_often_rules_decided,
}
