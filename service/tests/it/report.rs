//! `Report`: records arrive at least once and are kept once.

use proto::sync::{Record, ReportRequest};
use tonic::Code;

use crate::support::{PASSWORD, Service};

fn record(n: u32) -> Record {
    Record {
        id: format!("01J9ZK3V3N{n:016}"),
        at_ms: 1_800_000_000_000 + i64::from(n),
        machine_id: "machine-1".to_owned(),
        action: "pull".to_owned(),
        image: "docker.io/evil/miner:latest".to_owned(),
        allowed: false,
        reason: "category".to_owned(),
        category: "community".to_owned(),
        organization: "acme".to_owned(),
        generation: 3,
        users: vec!["alice".to_owned()],
        ..Record::default()
    }
}

fn report(records: Vec<Record>) -> ReportRequest {
    ReportRequest { records, dropped: 0 }
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
    let text = service.ok(&["records", "--limit", "1"]);
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
