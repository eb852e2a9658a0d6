//! `Report`: records arrive at least once and are kept once.

use proto::sync::{Act, Record, ReportRequest};
use tonic::Code;

use crate::support::{PASSWORD, Service};

pub fn record(n: u32) -> Record {
    Record {
        id: format!("01J9ZK3V3N{n:016}"),
        at_ms: 1_700_000_000_000 + i64::from(n),
        machine_id: "machine-1".to_owned(),
        action: "pull".to_owned(),
        image: "docker.io/evil/miner:latest".to_owned(),
        allowed: false,
        reason: "category".to_owned(),
        category: "community".to_owned(),
        organization: "acme".to_owned(),
        generation: 3,
        users: vec!["alice".to_owned()],
        sequence: 7,
        run: 1_700_000_000_000,
        evidence: "name".to_owned(),
        coverage: "open".to_owned(),
        ..Record::default()
    }
}

fn report(records: Vec<Record>) -> ReportRequest {
    ReportRequest { records, ..ReportRequest::default() }
}

fn objects(lines: &str) -> Vec<serde_json::Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_record_is_kept_once_however_often_it_arrives() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let all: Vec<Record> = (0..1000).map(record).collect();
    assert_eq!(client.report(&token, report(all[..600].to_vec())).await.unwrap(), 600);
    assert_eq!(client.report(&token, report(all.clone())).await.unwrap(), 400);
    assert_eq!(client.report(&token, report(all)).await.unwrap(), 0);
    assert_eq!(client.report(&token, report(vec![])).await.unwrap(), 0);

    let lines = service.ok(&["records", "--limit", "2000", "--json"]);
    assert_eq!(lines.lines().count(), 1000);
    let newest: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(newest["id"], record(999).id);
    assert_eq!(newest["reported_by"], "alice");
    assert_eq!(newest["users"], serde_json::json!(["alice"]));
    assert_eq!((&newest["sequence"], &newest["run_ms"]), (&7.into(), &1_700_000_000_000_i64.into()));
    assert_eq!((&newest["evidence"], &newest["coverage"]), (&"name".into(), &"open".into()));
    let text = service.ok(&["records", "--limit", "1"]);
    assert!(text.contains("known by name  coverage open"), "{text}");
    assert!(text.contains("reported by alice"), "{text}");
    assert!(text.contains("deny") && text.contains("docker.io/evil/miner:latest"), "{text}");
}

#[tokio::test]
async fn a_record_that_cannot_be_kept_does_not_stop_the_others() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let foreign = Record { machine_id: "machine-2".to_owned(), ..record(1) };
    let long = Record { image: "x".repeat(5000), ..record(2) };
    let unnamed = Record { id: String::new(), ..record(3) };
    assert_eq!(client.report(&token, report(vec![foreign, long, unnamed, record(4)])).await.unwrap(), 1);
    let kept = service.ok(&["records", "--json"]);
    assert_eq!(kept.lines().count(), 1);
    assert!(kept.contains(&record(4).id));

    let many: Vec<Record> = (0..1001).map(record).collect();
    assert_eq!(client.report(&token, report(many)).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn what_a_machine_says_cannot_forge_a_line_a_time_or_another_organization() {
    let service = Service::acme().await;
    service.ok(&["organization", "add", "beta"]);
    service.add_member("beta", "mallory", "member");
    let mut client = service.client().await;
    let mallory = client.sign_in("mallory", PASSWORD).await.unwrap().agent_token;
    let evil = "docker.io/x\u{1b}[2J\n2026-01-01T00:00:00Z  allow  \u{202e}owner";
    let foreign = record(1);
    let own = Record {
        organization: "beta".to_owned(),
        image: evil.to_owned(),
        rule: evil.to_owned(),
        users: vec![evil.to_owned()],
        at_ms: i64::MAX,
        ..record(2)
    };
    assert_eq!(client.report(&mallory, report(vec![foreign, own])).await.unwrap(), 1, "not for `acme`");
    let alice = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    assert_eq!(client.report(&alice, report(vec![record(3)])).await.unwrap(), 1);

    let text = service.ok(&["records"]);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text:?}");
    assert!(text.lines().next().unwrap().contains("reported by alice"), "the newest by this clock comes first: {text}");
    assert!(text.lines().all(|line| line.contains("unrelated organizations")), "one machine, two strangers: {text}");
    let kept = objects(&service.ok(&["records", "--json"]));
    let ahead = kept[1]["at_ms"].as_i64().unwrap() - kept[1]["received_at_ms"].as_i64().unwrap();
    assert_eq!(ahead, 300_000);
    assert!(service.log().contains("unrelated organizations"));
}

#[tokio::test]
async fn an_account_reports_so_much_in_an_hour_and_no_more() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    for n in 0..20 {
        let records = (0..1000).map(|m| record(n * 1000 + m)).collect();
        client.report(&token, report(records)).await.unwrap();
    }
    let status = client.report(&token, report((0..1000).map(record).collect())).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let wait: u64 = status.metadata().get("retry-after").unwrap().to_str().unwrap().parse().unwrap();
    assert!((1..=180).contains(&wait), "{wait}");
    client.watch(&token, vec![]).await.expect("everything else goes on");
}

#[tokio::test]
async fn what_an_administrator_of_a_machine_did_is_shown_as_an_act() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let act = Act {
        reason: "docker hangs\u{202e}".to_owned(),
        until_ms: 1_700_003_600_000,
        uid: 1000,
        user: "dana".to_owned(),
    };
    let done = |n, action: &str, act| Record {
        action: action.to_owned(),
        allowed: true,
        reason: "administrator".to_owned(),
        act: Some(act),
        id: record(n).id,
        at_ms: record(n).at_ms,
        machine_id: record(n).machine_id,
        ..Record::default()
    };
    let all = vec![done(1, "disable", act.clone()), done(2, "enable", Act::default()), record(3)];
    assert_eq!(client.report(&token, report(all)).await.unwrap(), 3);
    let bad = Act { user: "x".repeat(256), ..act };
    assert_eq!(client.report(&token, report(vec![done(4, "disable", bad)])).await.unwrap(), 0);

    let lines = objects(&service.ok(&["records", "--json"]));
    let acts: Vec<_> = lines.iter().map(|line| (line["action"].as_str().unwrap(), &line["act"])).collect();
    let disabled =
        serde_json::json!({ "reason": "docker hangs", "until_ms": 1_700_003_600_000_i64, "uid": 1000, "user": "dana" });
    assert_eq!(acts[2], ("disable", &disabled));
    assert_eq!((acts[1].0, acts[1].1["user"].as_str()), ("enable", Some("")));
    assert_eq!(acts[0], ("pull", &serde_json::Value::Null), "a decision has none");
    let text = service.ok(&["records"]);
    assert!(text.contains("disable     administrator     by dana (1000)  until 2023-11-14"), "{text}");
    assert!(text.contains("because: docker hangs  machine machine-1  reported by alice"), "{text}");
    assert!(text.contains("enable      administrator     by user id 0  machine"), "{text}");
}
