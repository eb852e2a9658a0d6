//! `Watch`: the complete desired state, once at the start and at each change.

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proto::{
    document::{AgentToken, Directory, Header, Policy, Session},
    keys::SigningKey,
    sealed,
    sync::{Held, Kind, WatchResponse},
};
use sha2::{Digest as _, Sha256};
use tonic::Code;

use crate::support::{Client, PASSWORD, Service, Stream, desired, find};

async fn signed_in(service: &Service) -> (Client, String, Stream) {
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let stream = client.watch(&token, vec![]).await.unwrap();
    (client, token, stream)
}

#[tokio::test]
async fn the_first_state_is_complete_and_belongs_together() {
    let service = Service::acme().await;
    let (_client, _token, mut stream) = signed_in(&service).await;
    let state = stream.next().await;
    let names = [(Kind::Directory, "publishers"), (Kind::Policy, "acme"), (Kind::Session, "alice")];
    assert_eq!(named(&state), names);
    assert_eq!(state.envelopes.len(), 3);
    for (held, envelope) in state.desired.iter().zip(&state.envelopes) {
        assert_eq!(held.sha256, Sha256::digest(envelope).to_vec());
    }
    let trusted = service.trusted();
    let directory = find::<Directory>(&state, &trusted).unwrap();
    let policy = find::<Policy>(&state, &trusted).unwrap();
    let session = find::<Session>(&state, &trusted).unwrap();
    assert_eq!(policy.document.directory_sha256, directory.payload_sha256);
    assert_eq!((policy.header.audience.as_str(), session.header.audience.as_str()), ("any", "machine:machine-1"));
    assert!((state.server_time - service::clock::now()).abs() < 60);
}

#[tokio::test]
async fn only_what_the_agent_does_not_hold_is_sent() {
    let service = Service::acme().await;
    let (mut client, token, mut stream) = signed_in(&service).await;
    let state = stream.next().await;
    let again = client.watch(&token, state.desired.clone()).await.unwrap().next().await;
    assert_eq!(again.desired, state.desired);
    assert!(again.envelopes.is_empty());

    let mut held = state.desired.clone();
    held[1].sha256 = vec![0; 32];
    held.push(Held { kind: 99, subject: "unknown".to_owned(), generation: 1, sha256: vec![1; 5] });
    let behind = client.watch(&token, held).await.unwrap().next().await;
    assert_eq!(behind.envelopes, state.envelopes[1..2]);

    let many = vec![Held::default(); 5000];
    let Err(status) = client.watch(&token, many).await else { panic!("a list without end is taken") };
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_change_by_a_command_arrives_within_250_ms() {
    let service = Service::acme().await;
    let trusted = service.trusted();
    let (_client, _token, mut stream) = signed_in(&service).await;
    stream.next().await;
    let (mut took, mut last) = (Vec::new(), 0);
    for n in 0..9 {
        let start = Instant::now();
        let changed =
            service.command(&["policy", "set", "acme", "--message", &format!("change {n}")]).output().unwrap();
        let (state, elapsed) = (stream.next().await, start.elapsed());
        assert!(changed.status.success());
        let policy = find::<Policy>(&state, &trusted).unwrap();
        assert_eq!(policy.document.contact.unwrap().message, format!("change {n}"));
        assert!(policy.header.generation > last);
        last = policy.header.generation;
        assert_eq!(state.envelopes.len(), 1, "what did not change is not sent again");
        took.push(elapsed);
    }
    took.sort_unstable();
    println!(
        "command started to state received: median {} ms, all {:?}",
        took[took.len() / 2].as_millis(),
        took.iter().map(Duration::as_millis).collect::<Vec<_>>()
    );
    assert!(took[took.len() / 2] < Duration::from_millis(250));
}

#[tokio::test]
async fn rules_and_badges_arrive() {
    let service = Service::acme().await;
    let trusted = service.trusted();
    let (_client, _token, mut stream) = signed_in(&service).await;
    stream.next().await;
    service.ok(&["allowlist", "add", "acme", "evil/miner", "--user", "alice", "--expires", "2099-01-01T00:00:00Z"]);
    let policy = find::<Policy>(&stream.next().await, &trusted).unwrap().document;
    assert_eq!((policy.allow.len(), policy.deny.len()), (1, 0));
    assert_eq!((policy.allow[0].pattern.as_str(), policy.allow[0].expires_at), ("evil/miner", 4_070_908_800));
    service.ok(&["denylist", "add", "acme", "alpine:3.*", "--team", "ops"]);
    assert_eq!(find::<Policy>(&stream.next().await, &trusted).unwrap().document.deny.len(), 1);
    service.ok(&["allowlist", "remove", "acme", "evil/miner"]);
    assert_eq!(find::<Policy>(&stream.next().await, &trusted).unwrap().document.allow.len(), 0);

    service.ok(&["publisher", "set", "bitnami", "verified-publisher"]);
    let state = stream.next().await;
    let directory = find::<Directory>(&state, &trusted).unwrap();
    assert_eq!(directory.document.publishers[0].namespace, "bitnami");
    let policy = find::<Policy>(&state, &trusted).expect("a new directory comes with the policies that name it");
    assert_eq!(policy.document.directory_sha256, directory.payload_sha256);
}

#[tokio::test]
async fn a_removed_member_loses_the_organization_and_a_new_one_gets_it() {
    let service = Service::acme().await;
    let trusted = service.trusted();
    let (_client, _token, mut stream) = signed_in(&service).await;
    let first = session_generation(&stream.next().await);
    service.ok(&["member", "remove", "acme", "alice"]);
    let state = stream.next().await;
    assert_eq!(named(&state), [(Kind::Session, "alice")]);
    let second = session_generation(&state);
    assert!(second > first);
    assert!(find::<Session>(&state, &trusted).unwrap().document.organizations.is_empty());

    service.ok(&["member", "add", "acme", "alice", "--role", "owner", "--team", "ops"]);
    let state = stream.next().await;
    assert_eq!(desired(&state).len(), 3);
    assert!(find::<Policy>(&state, &trusted).is_some(), "what it had to forget is sent again");
    let session = find::<Session>(&state, &trusted).unwrap();
    assert!(session.header.generation > second);
    assert_eq!(session.document.organizations[0].teams, ["ops"]);
}

/// What a state desires, without generations.
fn named(state: &WatchResponse) -> Vec<(Kind, &str)> {
    desired(state).into_iter().map(|(kind, subject, _)| (kind, subject)).collect()
}

fn session_generation(state: &WatchResponse) -> u64 {
    desired(state).into_iter().find(|(kind, ..)| *kind == Kind::Session).unwrap().2
}

#[tokio::test]
async fn a_stream_from_before_another_sign_in_never_goes_back_to_the_older_session() {
    let service = Service::acme().await;
    let (mut client, _token, mut stream) = signed_in(&service).await;
    let before = session_generation(&stream.next().await);
    client.sign_in("alice", PASSWORD).await.unwrap();
    service.ok(&["policy", "set", "acme", "--message", "changed"]);
    let state = stream.next().await;
    assert!(session_generation(&state) > before, "the plugin took the newer one and refuses the older");
}

#[tokio::test]
async fn machines_that_are_ahead_after_a_restored_backup_are_passed_and_lies_are_not_followed() {
    let service = Service::acme().await;
    let (mut client, token, mut stream) = signed_in(&service).await;
    let state = stream.next().await;
    let ahead = |by: u64| -> Vec<Held> {
        let held = state.desired.iter().cloned();
        held.map(|held| Held { generation: held.generation.saturating_add(by), sha256: vec![0; 32], ..held }).collect()
    };
    let mut lied = client.watch(&token, ahead(u64::MAX)).await.unwrap();
    let unmoved = lied.next().await;
    assert_eq!(unmoved.desired, state.desired);

    // Two hours: more than has passed, as if this clock were behind.
    let claims = ahead(7_200_000);
    let mut stream = client.watch(&token, claims.clone()).await.unwrap();
    let mut state = stream.next().await;
    assert!(session_generation(&state) > claims[2].generation);
    while state.desired.iter().zip(&claims).any(|(now, claimed)| now.generation <= claimed.generation) {
        state = stream.next().await;
    }
    assert_eq!(service.log().matches("was a backup restored").count(), 3, "once for each document");
}

#[tokio::test]
async fn a_message_longer_than_a_watch_needs_is_refused() {
    let service = Service::acme().await;
    let (mut client, token, _stream) = signed_in(&service).await;
    let held = vec![Held { subject: "x".repeat(2 << 20), ..Held::default() }];
    let Err(status) = client.watch(&token, held).await else { panic!("two megabytes were taken") };
    assert_eq!(status.code(), Code::OutOfRange);
}

#[tokio::test]
async fn other_organizations_are_not_shown() {
    let service = Service::acme().await;
    service.ok(&["organization", "add", "beta"]);
    service.add_member("beta", "bob", "owner");
    let (_client, _token, mut stream) = signed_in(&service).await;
    assert!(desired(&stream.next().await).iter().all(|(_, subject, _)| *subject != "beta"));
}

#[tokio::test]
async fn a_changed_password_a_revoked_token_and_a_removed_account_end_the_stream() {
    let service = Service::acme().await;
    let made = service.ok(&["token", "create", "alice", "--name", "ci", "--json"]);
    let id = serde_json::from_str::<serde_json::Value>(&made).unwrap()["id"].as_str().unwrap().to_owned();
    let new = "a new password";
    let mut password = PASSWORD;
    let acts: [(&[&str], &str); 3] = [
        (&["account", "password", "alice", "--password-stdin"], new),
        (&["token", "revoke", &id], ""),
        (&["account", "remove", "alice"], ""),
    ];
    for (act, stdin) in acts {
        let mut client = service.client().await;
        let token = client.sign_in("alice", password).await.unwrap().agent_token;
        let mut stream = client.watch(&token, vec![]).await.unwrap();
        stream.next().await;
        service.ok_with(act, stdin);
        assert_eq!(stream.end().await.code(), Code::Unauthenticated, "{act:?}");
        let mut again = client.watch(&token, vec![]).await.unwrap();
        assert_eq!(again.end().await.code(), Code::Unauthenticated, "{act:?}: the token stays useless");
        let report = client.report(&token, Default::default()).await.unwrap_err();
        assert_eq!(report.code(), Code::Unauthenticated, "{act:?}");
        password = new;
    }
    let removed = service.client().await.sign_in("alice", new).await.unwrap_err();
    assert_eq!(removed.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_restart_keeps_generations_bytes_and_tokens() {
    let mut service = Service::acme().await;
    service.ok(&["policy", "set", "acme", "--enabled", "true"]);
    let (_client, token, mut stream) = signed_in(&service).await;
    let before = stream.next().await;
    let took = service.stop().await;
    assert!(took < Duration::from_secs(4), "open streams do not hold the stop up: {took:?}");
    assert_eq!(stream.end().await.code(), Code::Unavailable);

    service.start(&[]).await;
    let mut client = service.client().await;
    let after = client.watch(&token, vec![]).await.unwrap().next().await;
    assert_eq!(after.desired, before.desired);
    assert_eq!(after.envelopes, before.envelopes);
}

#[tokio::test]
async fn documents_are_sealed_anew_before_they_are_stale() {
    let mut service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    service.add_member("acme", "alice", "member");
    service.start(&["--refresh-after", "2s", "--policy-validity", "1h", "--session-validity", "1h"]).await;
    let trusted = service.trusted();
    let (_client, _token, mut stream) = signed_in(&service).await;
    let (mut policies, mut sessions) = (Vec::new(), Vec::new());
    while policies.len() < 3 || sessions.len() < 3 {
        let state = stream.next().await;
        policies.extend(find::<Policy>(&state, &trusted).map(|policy| policy.header.generation));
        sessions.extend(find::<Session>(&state, &trusted).map(|session| session.header.generation));
        assert!(!state.envelopes.is_empty());
    }
    assert!(policies.is_sorted() && sessions.is_sorted(), "{policies:?} {sessions:?}");
}

#[tokio::test]
async fn forged_and_foreign_agent_tokens_are_refused() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let good = client.sign_in("alice", PASSWORD).await.unwrap();
    let now = service::clock::now();
    let token = AgentToken {
        header: Some(Header {
            subject: "alice".to_owned(),
            audience: "service".to_owned(),
            generation: 1,
            issued_at: now,
            refresh_after: now + 1000,
            expires_at: now + 1000,
        }),
        machine_id: "machine-1".to_owned(),
        uid: 1000,
        credential_epoch: 1,
        credential_expires_at: 0,
    };
    let mut altered = URL_SAFE_NO_PAD.decode(&good.agent_token).unwrap();
    altered[20] ^= 1;
    let forged = [
        ("another service's", URL_SAFE_NO_PAD.encode(sealed::seal(&token, &SigningKey::from_seed(&[9; 32])))),
        ("altered", URL_SAFE_NO_PAD.encode(altered)),
        ("a session", URL_SAFE_NO_PAD.encode(&good.session)),
        ("text", "let-me-in".to_owned()),
        ("nothing", String::new()),
    ];
    for (what, token) in forged {
        let Err(status) = client.watch(&token, vec![]).await else { panic!("{what}") };
        assert_eq!(status.code(), Code::Unauthenticated, "{what}");
        let status = client.report(&token, Default::default()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{what}");
    }
    let without = client.0.watch(proto::sync::WatchRequest::default()).await.unwrap_err();
    assert_eq!(without.code(), Code::Unauthenticated);
    client.watch(&good.agent_token, vec![]).await.unwrap().next().await;
}
