//! Docker Hub credentials: one service checks them at another, and at servers that misbehave.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proto::{
    document::{AgentToken, Role, Session},
    sealed::{Purpose, open},
    sync::{Realm, SignInRequest, SignInResponse},
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::{
    fake::{Asked, Fake, Reply, json as answer},
    support::{PASSWORD, Service},
};

async fn sign_in(service: &Service, user: &str, secret: &str) -> Result<SignInResponse, Status> {
    let request = SignInRequest {
        username: user.to_owned(),
        secret: secret.to_owned(),
        machine_id: "machine-1".to_owned(),
        uid: 1000,
        agent_version: "test".to_owned(),
        realm: Realm::DockerHub.into(),
    };
    Ok(service.client().await.0.sign_in(request).await?.into_inner())
}

/// The user and the organizations of the session.
fn session(service: &Service, signed_in: &SignInResponse) -> (String, Vec<(String, Role)>) {
    let now = service::clock::now();
    let opened =
        open::<Session>(&signed_in.session, &service.trusted(), &["machine:machine-1"], now, Purpose::Receive).unwrap();
    let organizations = opened.document.organizations.iter().map(|m| (m.organization.clone(), m.role())).collect();
    (opened.header.subject, organizations)
}

fn acts(service: &Service) -> Vec<String> {
    let lines = service.ok(&["audit", "--json", "--limit", "1000"]);
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut acts: Vec<String> = lines
        .filter(|line| line["actor"] == "docker-hub")
        .map(|line| {
            format!(
                "{} {} {}",
                line["act"].as_str().unwrap(),
                line["organization"].as_str().unwrap(),
                line["target"].as_str().unwrap()
            )
        })
        .collect();
    acts.reverse();
    acts
}

/// Docker Hub, played by a pullgate service: organization `acmehub`, its member `alice`.
pub async fn hub() -> Service {
    let mut hub = Service::empty();
    hub.ok(&["organization", "add", "acmehub"]);
    hub.add_member("acmehub", "alice", "member");
    hub.start(&[]).await;
    hub
}

/// A service that asks there; members of `acmehub` are members of `acme`.
pub async fn asking(hub_url: &str, ca: Option<&str>) -> Service {
    let mut service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    service.ok(&["organization", "link", "acme", "--docker-hub", "acmehub"]);
    let mut options = vec!["--docker-hub-url", hub_url];
    if let Some(ca) = ca {
        options.extend(["--docker-hub-ca-file", ca]);
    }
    service.start(&options).await;
    service
}

pub async fn pair() -> (Service, Service) {
    let hub = hub().await;
    let ca = hub.data_dir().join("ca.pem");
    let service = asking(&format!("https://{}", hub.address()), Some(ca.to_str().unwrap())).await;
    (hub, service)
}

#[tokio::test]
async fn members_of_the_linked_organization_are_members_as_docker_hub_says_each_time() {
    let (hub, service) = pair().await;
    let signed_in = sign_in(&service, "Alice", PASSWORD).await.unwrap();
    assert_eq!(session(&service, &signed_in), ("alice".to_owned(), vec![("acme".to_owned(), Role::Member)]));
    let token = URL_SAFE_NO_PAD.decode(&signed_in.agent_token).unwrap();
    let token =
        open::<AgentToken>(&token, &service.trusted(), &["service"], service::clock::now(), Purpose::Receive).unwrap();
    assert_eq!(token.header.expires_at - token.header.issued_at, 3600, "Docker Hub is asked again");
    let expected = ["account.add  alice", "member.add acme alice"];
    assert_eq!(acts(&service), expected);

    sign_in(&service, "alice", PASSWORD).await.unwrap();
    assert_eq!(acts(&service), expected, "nothing moved, nothing is written");

    hub.ok(&["member", "add", "acmehub", "alice", "--role", "owner"]);
    let signed_in = sign_in(&service, "alice", PASSWORD).await.unwrap();
    assert_eq!(session(&service, &signed_in).1, [("acme".to_owned(), Role::Owner)]);

    hub.ok(&["member", "remove", "acmehub", "alice"]);
    let signed_in = sign_in(&service, "alice", PASSWORD).await.unwrap();
    assert_eq!(session(&service, &signed_in).1, [], "who left there left here");
    assert_eq!(acts(&service)[2..], ["member.role acme alice", "member.remove acme alice"]);
    assert!(!service.log().contains(PASSWORD) && !service.ok(&["audit", "--json"]).contains(PASSWORD));
}

#[tokio::test]
async fn wrong_and_unfit_secrets_are_refused_and_make_no_account() {
    let (hub, service) = pair().await;
    let refused = async |user: &str, secret: &str| {
        let status = sign_in(&service, user, secret).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{user}: {status}");
        status.message().to_owned()
    };
    assert_eq!(refused("alice", "wrong").await, "the user name or the password is wrong");
    assert_eq!(refused("nobody", PASSWORD).await, "the user name or the password is wrong");
    let token = |args: &[&str]| hub.ok(args).trim().to_owned();
    let narrow = token(&["token", "create", "alice", "--name", "a"]);
    assert!(refused("alice", &narrow).await.contains("does not let this token read"));
    let oat = token(&["organization", "token", "create", "acmehub", "--name", "ci", "--scope", "org:read"]);
    assert!(refused("acmehub", &oat).await.contains("personal access token"));
    assert!(refused("acmehub", "dckr_oat_abc").await.contains("personal access token"));
    // Known there, and a member of nothing that is linked here.
    hub.ok(&["organization", "add", "other"]);
    hub.add_member("other", "bob", "owner");
    assert!(refused("bob", PASSWORD).await.contains("no organization of theirs"));
    assert_eq!(acts(&service), [""; 0]);

    let wide = token(&["token", "create", "alice", "--name", "b", "--scope", "org:read"]);
    sign_in(&service, "alice", &wide).await.unwrap();
}

#[tokio::test]
async fn a_name_of_another_origin_is_not_taken_over() {
    let (hub, service) = pair().await;
    service
        .ok_with(&["member", "add", "acme", "alice", "--role", "owner", "--password-stdin"], "a password of her own");
    let status = sign_in(&service, "alice", PASSWORD).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("`alice` is an account of this service here"), "{}", status.message());
    service.client().await.sign_in("alice", "a password of her own").await.unwrap();

    hub.add_member("acmehub", "bob", "member");
    sign_in(&service, "bob", PASSWORD).await.unwrap();
    let status = service.client().await.sign_in("bob", PASSWORD).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "Docker Hub's password opens nothing without Docker Hub");
}

#[tokio::test]
async fn what_an_administrator_said_stays() {
    let (hub, service) = pair().await;
    sign_in(&service, "alice", PASSWORD).await.unwrap();
    service.ok(&["member", "add", "acme", "alice", "--role", "auditor"]);
    hub.ok(&["member", "add", "acmehub", "alice", "--role", "owner"]);
    let signed_in = sign_in(&service, "alice", PASSWORD).await.unwrap();
    assert_eq!(session(&service, &signed_in).1, [("acme".to_owned(), Role::Auditor)]);
    hub.ok(&["member", "remove", "acmehub", "alice"]);
    let signed_in = sign_in(&service, "alice", PASSWORD).await.unwrap();
    assert_eq!(session(&service, &signed_in).1, [("acme".to_owned(), Role::Auditor)]);
}

#[tokio::test]
async fn a_service_that_cannot_ask_says_so_and_the_account_stays_as_it_is() {
    let (mut hub, service) = pair().await;
    sign_in(&service, "alice", PASSWORD).await.unwrap();
    hub.stop().await;
    let status = sign_in(&service, "alice", PASSWORD).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(service.ok(&["member", "list", "acme"]).contains("alice"));
    assert!(service.log().contains("cannot be reached"), "{}", service.log());

    // Whose certificate nobody knows is not asked.
    let stranger = self::hub().await;
    let service = asking(&format!("https://{}", stranger.address()), None).await;
    assert_eq!(sign_in(&service, "alice", PASSWORD).await.unwrap_err().code(), Code::Unavailable);
    let plain = Service::acme().await;
    let status = sign_in(&plain, "alice", PASSWORD).await.unwrap_err();
    assert!(status.message().contains("does not take Docker Hub credentials"), "{status}");
}

/// Docker Hub as a function of what is asked; organizations in pages of one.
fn hub_like(asked: &Asked, url: &str) -> Reply {
    let claim = URL_SAFE_NO_PAD.encode(r#"{"https://hub.docker.com":{"username":"Alice","source":"docker_pat|1"}}"#);
    match asked.line.as_str() {
        "POST /v2/auth/token" => answer(200, &json!({ "access_token": format!("h.{claim}.s") })),
        "GET /v2/user/orgs?page=1&page_size=100" => {
            let next = format!("{url}/v2/user/orgs?page=2&page_size=100");
            answer(200, &json!({ "count": 2, "next": next, "previous": null, "results": [{ "orgname": "x" }] }))
        }
        "GET /v2/user/orgs?page=2&page_size=100" => {
            let rows = json!([{ "orgname": "AcmeHub", "user_role": "Editor" }]);
            answer(200, &json!({ "count": 2, "next": null, "previous": null, "results": rows }))
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_address_of_e_mail_signs_in_under_the_name_that_docker_hub_says() {
    let hub = Fake::start(hub_like).await;
    let service = asking(&hub.url, None).await;
    let signed_in = sign_in(&service, "alice@acme.example", "dckr_pat_x").await.unwrap();
    assert_eq!(session(&service, &signed_in), ("alice".to_owned(), vec![("acme".to_owned(), Role::Member)]));
    let asked = hub.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert_eq!(asked[0].body, r#"{"identifier":"alice@acme.example","secret":"dckr_pat_x"}"#);
    assert!(asked[1].head.to_ascii_lowercase().contains("authorization: bearer h."), "{}", asked[1].head);

    let silent = |asked: &Asked, url: &str| match asked.line.as_str() {
        "POST /v2/auth/token" => answer(200, &json!({ "access_token": "opaque" })),
        _ => hub_like(asked, url),
    };
    let hub = Fake::start(silent).await;
    let service = asking(&hub.url, None).await;
    let status = sign_in(&service, "alice@acme.example", "dckr_pat_x").await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("sign in with the user name"), "{status}");
    let signed_in = sign_in(&service, "alice", "dckr_pat_x").await.unwrap();
    assert_eq!(session(&service, &signed_in).0, "alice");
}

#[tokio::test]
async fn nonsense_is_never_taken_for_a_yes_or_a_no() {
    let trap = Fake::start(|_, _| Reply::Silence).await;
    let elsewhere = trap.url.clone();
    type Hub = Box<dyn Fn(&Asked, &str) -> Reply + Send + Sync>;
    let html = "<html>captive portal</html>";
    let login = |reply: Box<dyn Fn() -> Reply + Send + Sync>| -> Hub {
        Box::new(move |asked, url| if asked.line.starts_with("POST") { reply() } else { hub_like(asked, url) })
    };
    let list = |reply: Box<dyn Fn(&str) -> Reply + Send + Sync>| -> Hub {
        Box::new(move |asked, url| if asked.line.starts_with("GET") { reply(url) } else { hub_like(asked, url) })
    };
    let to = elsewhere.clone();
    let next = elsewhere.clone();
    let cases: Vec<(&str, Hub)> = vec![
        (
            "a page instead of JSON",
            login(Box::new(move || Reply::Http(200, "Content-Type: text/html\r\n".into(), html.into()))),
        ),
        ("a refusal that is no Docker Hub's", login(Box::new(move || Reply::Http(401, String::new(), html.into())))),
        ("no token", login(Box::new(|| answer(200, &json!({ "token": "x" }))))),
        ("a token with a line break", login(Box::new(|| answer(200, &json!({ "access_token": "a\r\nX: b" }))))),
        ("an error", login(Box::new(|| answer(500, &json!({}))))),
        ("not found", login(Box::new(|| answer(404, &json!({ "message": "not found" }))))),
        ("a redirect", login(Box::new(move || Reply::Http(307, format!("Location: {to}/\r\n"), String::new())))),
        ("a huge answer", login(Box::new(|| Reply::Http(200, String::new(), "x".repeat(1 << 20))))),
        ("an error behind the token", list(Box::new(|_| answer(503, &json!({}))))),
        ("a token that is not taken", list(Box::new(|_| answer(401, &json!({}))))),
        (
            "a list without an end",
            list(Box::new(|url| {
                answer(200, &json!({ "next": format!("{url}/v2/user/orgs?page=1&page_size=100"), "results": [] }))
            })),
        ),
        (
            "a next page elsewhere",
            list(Box::new(move |_| answer(200, &json!({ "next": format!("{next}/v2/user/orgs"), "results": [] })))),
        ),
        ("a list that is none", list(Box::new(|_| answer(200, &json!({ "results": "x" }))))),
    ];
    for (name, reply) in cases {
        let hub = Fake::start(reply).await;
        let service = asking(&hub.url, None).await;
        let status = sign_in(&service, "alice", "dckr_pat_hunter2").await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{name}: {status}");
        assert!(!service.log().contains("hunter2"), "{name}: {}", service.log());
        assert_eq!(acts(&service), [""; 0], "{name}");
    }
    assert_eq!(trap.asked().len(), 0, "no credential goes elsewhere");
}

#[tokio::test]
async fn two_factor_accounts_and_limits_are_passed_on_in_words() {
    let replies = |status: u16, head: &'static str, body: Value| {
        move |_: &Asked, _: &str| Reply::Http(status, head.to_owned(), body.to_string())
    };
    let detail = "Require secondary authentication on MFA enabled account";
    let hub = Fake::start(replies(401, "", json!({ "detail": detail, "login_2fa_token": "t" }))).await;
    let service = asking(&hub.url, None).await;
    let status = sign_in(&service, "alice", "x").await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("personal access token"), "{status}");

    let hub = Fake::start(replies(429, "X-Retry-After: 77\r\n", json!({ "detail": "Rate limit exceeded" }))).await;
    let service = asking(&hub.url, None).await;
    let status = sign_in(&service, "alice", "x").await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(status.metadata().get("retry-after").unwrap(), "77");
    assert!(status.message().contains("Docker Hub limits how often it is asked"), "{status}");
}

#[tokio::test]
async fn a_silent_docker_hub_delays_one_sign_in_and_nobody_else() {
    let hub = Fake::start(|_, _| Reply::Silence).await;
    let service = asking(&hub.url, None).await;
    service.add_member("acme", "carol", "member");
    let (waiting, other) = tokio::join!(sign_in(&service, "alice", "x"), async {
        let mut client = service.client().await;
        let started = std::time::Instant::now();
        client.sign_in("carol", PASSWORD).await.unwrap();
        started.elapsed()
    });
    let status = waiting.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(other < std::time::Duration::from_secs(8), "{other:?}");
}

#[tokio::test]
async fn an_unlinked_organization_loses_its_members_of_docker_hub() {
    let (_hub, service) = pair().await;
    sign_in(&service, "alice", PASSWORD).await.unwrap();
    service.ok(&["organization", "link", "acme", "--no-docker-hub"]);
    assert!(!service.ok(&["member", "list", "acme"]).contains("alice"));
    let signed_in = sign_in(&service, "alice", PASSWORD).await.unwrap();
    assert_eq!(session(&service, &signed_in).1, []);
}

#[tokio::test]
async fn what_is_shown_to_docker_hub_is_in_no_log_and_no_file() {
    let mut hub = Service::empty();
    hub.ok(&["organization", "add", "acmehub"]);
    hub.add_member("acmehub", "alice", "member");
    hub.start_with(&[], &[("PULLGATE_LOG", "trace")]).await;
    let scopes = ["--scope", "sign-in", "--scope", "org:read"];
    let token = hub.ok(&[&["token", "create", "alice", "--name", "x"], &scopes[..]].concat());
    let ca = hub.data_dir().join("ca.pem");
    let mut service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    service.ok(&["organization", "link", "acme", "--docker-hub", "acmehub"]);
    let url = format!("https://{}", hub.address());
    let options = ["--docker-hub-url", &url, "--docker-hub-ca-file", ca.to_str().unwrap()];
    service.start_with(&options, &[("PULLGATE_LOG", "trace")]).await;
    for secret in [PASSWORD, token.trim()] {
        sign_in(&service, "alice", secret).await.unwrap();
    }
    sign_in(&service, "alice", "a wrong guess of somebody").await.unwrap_err();
    for service in [&mut hub, &mut service] {
        service.stop().await;
        let mut everything = service.log().into_bytes();
        assert!(everything.len() > 10_000, "the finest log says something");
        everything.extend(service.stored());
        let holds = |text: &str| everything.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        assert!(holds("alice"), "it was looked at");
        // What Docker Hub gives for it opens its API for ten minutes: it begins with `ey`, as JSON in base64 does.
        let jwt = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","#);
        for secret in [PASSWORD, "a wrong guess of somebody", token.trim().rsplit('_').next().unwrap(), &jwt] {
            assert!(!holds(secret), "a secret of {} characters is there", secret.len());
        }
    }
}

#[tokio::test]
async fn an_administrator_who_ends_what_docker_hub_said_is_told_and_it_is_written_down() {
    let (_hub, service) = pair().await;
    let again = async || drop(sign_in(&service, "alice", PASSWORD).await.unwrap());
    let said = |args: &[&str]| {
        let output = service.run(args, "");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    again().await;
    let note = said(&["member", "remove", "acme", "alice"]);
    assert!(note.contains("Docker Hub made them one, and does so again"), "{note}");
    again().await;
    let note = said(&["account", "remove", "alice"]);
    assert!(note.contains("Docker Hub made them a member"), "{note}");
    again().await;
    assert_eq!(said(&["organization", "link", "acme", "--no-docker-hub"]), "");
    let audit = service.ok(&["audit", "--json"]);
    let newest: Vec<Value> = audit.lines().take(2).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&newest[0]["act"], &newest[0]["detail"]["memberships_ended"]),
        (&json!("organization.link"), &json!(1))
    );
    assert_eq!((&newest[1]["act"], &newest[1]["target"]), (&json!("member.remove"), &json!("alice")));
}

#[tokio::test]
async fn a_stranger_does_not_keep_docker_hub_saying_no_to_everybody() {
    let fake = Fake::start(|_, _| Reply::Http(429, "X-Retry-After: 1\r\n".to_owned(), "{}".to_owned())).await;
    let service = asking(&fake.url, None).await;
    for _ in 0..30 {
        let status = sign_in(&service, "alice", "a guess").await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    }
    assert!(fake.asked().len() <= 11, "{}", fake.asked().len());
}
