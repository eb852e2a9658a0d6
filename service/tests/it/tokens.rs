//! Access tokens: what they open, until when, and what ends with them.

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proto::{
    document::{Role, Session},
    sealed::{Purpose, open},
    sync::{Kind, SignInRequest},
};
use serde_json::Value;
use tonic::Code;

use crate::support::{PASSWORD, Service, desired, find};

/// Makes a token; the whole token, and its id.
fn made(service: &Service, args: &[&str]) -> (String, String) {
    let value: Value = serde_json::from_str(&service.ok(&[args, &["--json"]].concat())).unwrap();
    let text = |key: &str| value[key].as_str().unwrap().to_owned();
    (text("token"), text("id"))
}

fn organization_token(service: &Service, more: &[&str]) -> (String, String) {
    made(service, &[&["organization", "token", "create", "acme", "--name", "ci"], more].concat())
}

async fn docker_login(service: &Service, user: &str, secret: &str) -> (String, String) {
    let basic = STANDARD.encode(format!("{user}:{secret}"));
    service.http(&format!("GET /v2/ HTTP/1.1\r\nAuthorization: Basic {basic}")).await
}

fn session(service: &Service, envelope: &[u8]) -> proto::sealed::Opened<Session> {
    let now = service::clock::now();
    open(envelope, &service.trusted(), &["machine:machine-1"], now, Purpose::Receive).unwrap()
}

#[tokio::test]
async fn a_token_without_the_scope_signs_nobody_in_and_says_what_it_lacks() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let cases: [(&[&str], bool); 5] = [
        (&[], true),
        (&["--scope", "sign-in"], true),
        (&["--scope", "org:read"], false),
        (&["--scope", "org:read", "--scope", "org:write"], false),
        (&["--scope", "org:read", "--scope", "sign-in"], true),
    ];
    for (n, (scopes, good)) in cases.into_iter().enumerate() {
        let name = format!("t{n}");
        let personal = made(&service, &[&["token", "create", "alice", "--name", &name], scopes].concat()).0;
        let organization =
            made(&service, &[&["organization", "token", "create", "acme", "--name", &name], scopes].concat()).0;
        for (user, token) in [("alice", &personal), ("acme", &organization), ("<token>", &organization)] {
            let answer = client.sign_in(user, token).await;
            let (head, body) = docker_login(&service, user, token).await;
            if good {
                answer.unwrap();
                assert!(head.starts_with("http/1.1 200"), "{head}");
            } else {
                let status = answer.unwrap_err();
                assert_eq!(status.code(), Code::Unauthenticated);
                assert!(status.message().contains("lacks the scope `sign-in`"), "{}", status.message());
                assert!(
                    head.starts_with("http/1.1 401") && body.contains("lacks the scope `sign-in`"),
                    "{head} {body}"
                );
            }
        }
    }
    let refused = service.run(&["token", "create", "alice", "--name", "x", "--scope", "root"], "");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(2) && said.contains("sign-in, org:read, org:write"), "{said}");
}

#[tokio::test]
async fn what_a_token_opened_ends_with_it_at_the_second() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let token = made(&service, &["token", "create", "alice", "--name", "short", "--expires", "3s"]);
    let ends = listed(&service, &["token", "list", "alice"])[0]["expires_at"].as_i64().unwrap();
    let signed_in = client.sign_in("alice", &token.0).await.unwrap();
    let opened = session(&service, &signed_in.session);
    assert_eq!((opened.header.refresh_after, opened.header.expires_at), (ends, ends));
    let mut stream = client.watch(&signed_in.agent_token, vec![]).await.unwrap();
    let state = stream.next().await;
    assert_eq!(find::<Session>(&state, &service.trusted()).unwrap().header.expires_at, ends);
    // A change of the session while it lasts.
    service.ok(&["member", "add", "acme", "alice", "--role", "auditor"]);
    let state = stream.next().await;
    assert_eq!(find::<Session>(&state, &service.trusted()).unwrap().header.expires_at, ends);

    let status = stream.end().await;
    let late = service::clock::now_ms() - ends * 1000;
    assert!((0..1000).contains(&late), "{late} ms after its end");
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("expired"), "{}", status.message());
    for call in [
        client.watch(&signed_in.agent_token, vec![]).await.err().unwrap(),
        client.report(&signed_in.agent_token, Default::default()).await.unwrap_err(),
        client.sign_in("alice", &token.0).await.unwrap_err(),
    ] {
        assert_eq!(call.code(), Code::Unauthenticated);
        assert!(call.message().contains("expired"), "{}", call.message());
    }
    let wrong = client.sign_in("alice", &format!("{}0000", &token.0[..token.0.len() - 4])).await.unwrap_err();
    assert_eq!(wrong.message(), "the user name or the password is wrong");
    assert!(service.ok(&["token", "list", "alice"]).contains("ended "));
    client.sign_in("alice", PASSWORD).await.expect("the account itself goes on");
}

#[tokio::test]
async fn an_organization_token_is_a_plain_member_and_nobody_in_particular() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let (token, id) = organization_token(&service, &["--team", "builders", "--expires", "90d"]);
    assert!(token.starts_with("pg_oat_"), "{token}");
    for user in ["acme", "<token>"] {
        let signed_in = client.sign_in(user, &token).await.unwrap();
        let opened = session(&service, &signed_in.session);
        assert_eq!(opened.header.subject, "acme/ci");
        let membership = &opened.document.organizations[0];
        assert_eq!((membership.organization.as_str(), membership.role()), ("acme", Role::Member));
        assert_eq!(membership.teams, ["builders"]);
        assert_eq!(opened.header.expires_at - opened.header.issued_at, 7 * 86_400, "sooner than the token");
        let state = client.watch(&signed_in.agent_token, vec![]).await.unwrap().next().await;
        let names: Vec<_> = desired(&state).into_iter().map(|(kind, subject, _)| (kind, subject)).collect();
        assert_eq!(names, [(Kind::Directory, "publishers"), (Kind::Policy, "acme"), (Kind::Session, "acme/ci")]);
    }
    for (user, secret) in [("alice", token.as_str()), ("acme", PASSWORD), ("acme/ci", PASSWORD), ("<token>", PASSWORD)]
    {
        assert_eq!(client.sign_in(user, secret).await.unwrap_err().code(), Code::Unauthenticated, "{user}");
    }
    let rows = listed(&service, &["organization", "token", "list", "acme"]);
    assert_eq!(
        (&rows[0]["id"], &rows[0]["name"], &rows[0]["teams"]),
        (&id.clone().into(), &"ci".into(), &serde_json::json!(["builders"]))
    );
    assert!(!service.ok(&["member", "list", "acme"]).contains("acme/ci"), "it is no person");
    let fails = |args: &[&str], expected: &str| {
        let said = service.fails(args, "");
        assert!(said.contains(expected), "{args:?}: {said}");
    };
    fails(&["organization", "token", "create", "acme", "--name", "ci"], "has a token `ci` already");
    fails(&["token", "revoke", &id], &format!("organization token revoke acme {id}"));
    service.ok(&["organization", "add", "beta"]);
    fails(&["organization", "token", "revoke", "beta", &id], "no such token");
}

#[tokio::test]
async fn revoking_a_token_ends_its_machines_within_a_second_and_its_name_is_free_again() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let mut alice = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    for round in 0..2 {
        let (token, id) = organization_token(&service, &[]);
        let agent_token = client.sign_in("acme", &token).await.unwrap().agent_token;
        let mut stream = client.watch(&agent_token, vec![]).await.unwrap();
        stream.next().await;
        let shown = if round == 0 { id.as_str() } else { token.as_str() };
        service.ok(&["organization", "token", "revoke", "acme", shown]);
        let start = Instant::now();
        assert_eq!(stream.end().await.code(), Code::Unauthenticated);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!(client.sign_in("acme", &token).await.unwrap_err().code(), Code::Unauthenticated);
        let mut again = client.watch(&agent_token, vec![]).await.unwrap();
        assert_eq!(again.end().await.code(), Code::Unauthenticated);
        client.watch(&alice, vec![]).await.unwrap().next().await;
    }
    let (token, id) = made(&service, &["token", "create", "alice", "--name", "laptop"]);
    alice = client.sign_in("alice", &token).await.unwrap().agent_token;
    let mut stream = client.watch(&alice, vec![]).await.unwrap();
    stream.next().await;
    service.ok(&["token", "revoke", &id]);
    let start = Instant::now();
    assert_eq!(stream.end().await.code(), Code::Unauthenticated);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_day_of_the_last_use_is_listed() {
    let mut service = Service::acme().await;
    let (token, _) = made(&service, &["token", "create", "alice", "--name", "laptop"]);
    assert!(service.ok(&["token", "list", "alice"]).contains("never used"));
    service.client().await.sign_in("alice", &token).await.unwrap();
    let day = service::clock::now() / 86_400 * 86_400;
    // What is not written yet is written at the stop.
    service.stop().await;
    let used = listed(&service, &["token", "list", "alice"])[0]["last_used_at"].as_i64().unwrap();
    assert!(used == day || used == day + 86_400, "{used}");
}

#[tokio::test]
async fn no_secret_is_in_the_database_the_log_or_the_trails() {
    let mut service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    service.add_member("acme", "alice", "member");
    service.start_with(&[], &[("PULLGATE_LOG", "trace")]).await;
    let personal = made(&service, &["token", "create", "alice", "--name", "laptop"]).0;
    let organization = organization_token(&service, &[]).0;
    let mut client = service.client().await;
    let mut shown = vec![PASSWORD.to_owned(), "a wrong guess of somebody".to_owned()];
    for (user, secret) in [("alice", PASSWORD), ("alice", &personal), ("acme", &organization), ("<token>", &personal)] {
        shown.push(client.sign_in(user, secret).await.unwrap().agent_token);
        shown.push(STANDARD.encode(format!("{user}:{secret}")));
        assert!(docker_login(&service, user, secret).await.0.starts_with("http/1.1 200"), "{user}");
    }
    client.sign_in("alice", &shown[1]).await.unwrap_err();
    shown.extend([&personal, &organization].map(|token| token.rsplit('_').next().unwrap().to_owned()));
    let memory = std::fs::read(format!("/proc/{}/cmdline", service.pid())).unwrap();
    service.stop().await;
    let mut everything = [memory, service.log().into_bytes()].concat();
    assert!(everything.len() > 10_000, "the finest log says something");
    for args in [&["sign-ins", "--json"][..], &["audit", "--json"], &["token", "list", "alice"]] {
        everything.extend(service.ok(args).into_bytes());
    }
    everything.extend(service.stored());
    let holds = |text: &str| everything.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(holds("alice") && holds("$argon2id$"), "it was looked at");
    for secret in shown {
        assert!(!holds(&secret), "a secret of {} characters is there", secret.len());
    }
}

#[tokio::test]
async fn realms_and_origins_are_kept_apart() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    service.ok(&["member", "add", "acme", "dana", "--role", "member", "--oidc"]);
    let request = |username: &str, realm: i32| SignInRequest {
        username: username.to_owned(),
        secret: PASSWORD.to_owned(),
        machine_id: "machine-1".to_owned(),
        uid: 1000,
        agent_version: "test".to_owned(),
        realm,
    };
    client.0.sign_in(request("alice", 1)).await.unwrap();
    let status = client.0.sign_in(request("alice", 2)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("does not take Docker Hub credentials"), "{}", status.message());
    let status = client.0.sign_in(request("alice", 3)).await.unwrap_err();
    assert!(status.code() == Code::InvalidArgument && status.message().contains("`realm` 3"), "{}", status.message());
    let status = client.0.sign_in(request("dana", 1)).await.unwrap_err();
    assert_eq!(status.message(), "the user name or the password is wrong");
    for (args, expected) in [
        (&["account", "password", "dana", "--password-stdin"][..], "an account of the identity provider"),
        (&["member", "add", "acme", "alice", "--role", "member", "--oidc"], "an account of this service"),
        (&["member", "add", "acme", "dana", "--role", "member", "--password-stdin"], "has no password here"),
        (&["member", "add", "acme", "erin", "--role", "member"], "--oidc"),
    ] {
        let said = service.fails(args, PASSWORD);
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    service.ok(&["member", "add", "acme", "dana", "--role", "auditor", "--oidc"]);
    let members = listed(&service, &["member", "list", "acme"]);
    assert_eq!((&members[1]["user"], &members[1]["origin"]), (&"dana".into(), &"oidc".into()));
}

fn listed(service: &Service, args: &[&str]) -> Vec<Value> {
    let text = service.ok(&[args, &["--json"]].concat());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
