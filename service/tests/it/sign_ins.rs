//! `sign-ins`: what is written down of who tried to sign in, and how long sessions last.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proto::document::Session;
use serde_json::Value;

use crate::support::{PASSWORD, Service, find, wait_until};

fn rows(service: &Service) -> Vec<Value> {
    let text = service.ok(&["sign-ins", "--limit", "1000", "--json"]);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn count(rows: &[Value], outcome: &str) -> i64 {
    rows.iter().filter(|row| row["outcome"] == outcome).map(|row| row["count"].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn sign_ins_and_refusals_are_listed_newest_first_without_what_was_typed() {
    let mut service = Service::acme().await;
    let mut client = service.client().await;
    let read_only = service.ok(&["token", "create", "alice", "--name", "api", "--scope", "org:read"]);
    client.sign_in("alice", PASSWORD).await.unwrap();
    client.sign_in("alice", "a wrong guess").await.unwrap_err();
    client.sign_in("my-password-in-the-wrong-field", "x").await.unwrap_err();
    client.sign_in("alice", read_only.trim()).await.unwrap_err();
    let basic = STANDARD.encode(format!("alice:{PASSWORD}"));
    service.http(&format!("GET /v2/ HTTP/1.1\r\nAuthorization: Basic {basic}")).await;
    let rows = wait_until("five rows", async || Some(rows(&service)).filter(|rows| rows.len() == 5)).await;
    let ids: Vec<_> = rows.iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
    let has = |account: &str, via: &str, credential: &str, outcome: &str, machine: &str| {
        let row = rows.iter().find(|row| row["outcome"] == outcome && row["via"] == via && row["account"] == account);
        let row = row.unwrap_or_else(|| panic!("{account} {via} {outcome}: {rows:?}"));
        assert_eq!(
            (&row["credential"], &row["machine_id"], &row["peer"], &row["count"]),
            (&credential.into(), &machine.into(), &"127.0.0.1".into(), &1.into())
        );
    };
    has("alice", "agent", "password", "accepted", "machine-1");
    has("alice", "agent", "password", "wrong", "");
    has("", "agent", "password", "wrong", "");
    has("alice", "agent", "personal-token", "scope", "machine-1");
    has("alice", "docker-login", "password", "accepted", "");
    let text = service.ok(&["sign-ins"]);
    assert!(text.lines().count() == 5 && text.contains("(no account)") && text.contains("machine machine-1"), "{text}");
    service.stop().await;
    let everything = [text, service.log(), service.ok(&["audit"])].concat();
    assert!(!everything.contains("wrong-field"), "{everything}");
}

#[tokio::test]
async fn a_thousand_wrong_attempts_are_few_rows_and_none_is_lost() {
    let mut service = Service::acme().await;
    let mut client = service.client().await;
    for n in 0..1000 {
        let user = ["alice", "nobody", "my password"][n % 3];
        client.sign_in(user, "a wrong guess").await.unwrap_err();
    }
    service.stop().await;
    let rows = rows(&service);
    assert_eq!(count(&rows, "wrong") + count(&rows, "limited"), 1000, "{rows:?}");
    assert!(count(&rows, "limited") > 900, "{rows:?}");
    // Two names and two outcomes, and each minute that began meanwhile.
    assert!(rows.len() <= 12, "{rows:?}");
    assert!(rows.iter().all(|row| row["account"] == "alice" || row["account"] == ""), "{rows:?}");
}

#[tokio::test]
async fn the_shortest_session_of_all_organizations_reaches_online_machines_at_once() {
    let service = Service::acme().await;
    let trusted = service.trusted();
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let mut stream = client.watch(&token, vec![]).await.unwrap();
    let lasts = |state: &proto::sync::WatchResponse| {
        let header = find::<Session>(state, &trusted).expect("a new session").header;
        (header.refresh_after - header.issued_at, header.expires_at - header.issued_at)
    };
    assert_eq!(lasts(&stream.next().await), (86_400, 7 * 86_400));
    service.ok(&["policy", "set", "acme", "--session-fresh", "12h", "--session-valid", "3d"]);
    assert_eq!(lasts(&stream.next().await), (12 * 3600, 3 * 86_400));
    service.ok(&["organization", "add", "beta"]);
    service.ok(&["policy", "set", "beta", "--session-valid", "1d"]);
    service.ok(&["member", "add", "beta", "alice", "--role", "member"]);
    assert_eq!(lasts(&stream.next().await), (12 * 3600, 86_400));
    service.ok(&["member", "remove", "beta", "alice"]);
    assert_eq!(lasts(&stream.next().await), (12 * 3600, 3 * 86_400));
    let shown: Value = serde_json::from_str(&service.ok(&["policy", "show", "acme", "--json"])).unwrap();
    assert_eq!((&shown["session_fresh"], &shown["session_valid"]), (&43_200.into(), &259_200.into()));
    assert!(service.ok(&["policy", "show", "acme"]).contains("sessions             fresh 12h, valid 3d"));
    let trail = service.ok(&["audit", "--json"]);
    assert!(trail.contains(r#""session_valid":{"from":null,"to":259200}"#), "{trail}");
    let said = service.fails(&["policy", "set", "acme", "--session-fresh", "4d"], "");
    assert!(said.contains("fresh for 4d and valid for 3d"), "{said}");
    for bad in ["59s", "31d"] {
        let refused = service.run(&["policy", "set", "acme", "--session-valid", bad], "");
        assert!(refused.status.code() == Some(2), "{bad}");
    }
    service.ok(&["policy", "set", "acme", "--session-default"]);
    assert_eq!(lasts(&stream.next().await), (86_400, 7 * 86_400));
    assert!(service.ok(&["policy", "show", "acme"]).contains("sessions             as the service is set"));
}
