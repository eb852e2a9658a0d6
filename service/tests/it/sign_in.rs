//! `SignIn`: who gets in, and who does not.

use proto::{
    document::{Role, Session},
    sealed::{Purpose, open},
    sync::SignInRequest,
};
use tonic::Code;

use crate::support::{PASSWORD, Service};

#[tokio::test]
async fn the_right_password_gives_a_session_for_this_machine() {
    let service = Service::acme().await;
    let signed_in = service.client().await.sign_in("Alice", PASSWORD).await.unwrap();
    let now = service::clock::now();
    let session =
        open::<Session>(&signed_in.session, &service.trusted(), &["machine:machine-1"], now, Purpose::Receive).unwrap();
    assert_eq!(session.header.subject, "alice");
    let now_ms = u64::try_from(service::clock::now_ms()).unwrap();
    assert!(session.header.generation.abs_diff(now_ms) < 60_000, "above what a restored backup forgot");
    assert_eq!((session.document.machine_id.as_str(), session.document.uid), ("machine-1", 1000));
    assert_eq!(session.document.organizations[0].organization, "acme");
    assert_eq!(session.document.organizations[0].role(), Role::Member);
    assert_eq!(session.header.expires_at - session.header.issued_at, 7 * 86_400);
    assert!(!service.log().contains(PASSWORD));
    assert!(!service.log().contains(&signed_in.agent_token));
}

#[tokio::test]
async fn each_sign_in_gives_a_session_above_every_earlier_one_of_any_user() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    service.add_member("acme", "bob", "member");
    let mut last = 0;
    for user in ["alice", "bob", "alice", "alice", "bob"] {
        let session = client.sign_in(user, PASSWORD).await.unwrap().session;
        let opened = open::<Session>(
            &session,
            &service.trusted(),
            &["machine:machine-1"],
            service::clock::now(),
            Purpose::Receive,
        );
        let generation = opened.unwrap().header.generation;
        assert!(generation > last, "{user}: {generation} is not above {last}");
        last = generation;
    }
}

#[tokio::test]
async fn wrong_passwords_and_unknown_users_get_the_same_answer() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let mut answers = Vec::new();
    for (user, secret) in [("alice", "wrong"), ("nobody", PASSWORD), ("alice", ""), ("", PASSWORD)] {
        let status = client.sign_in(user, secret).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{user}");
        answers.push(status.message().to_owned());
    }
    answers.dedup();
    assert_eq!(answers, ["the user name or the password is wrong"]);
}

#[tokio::test]
async fn an_access_token_signs_in_until_it_is_revoked() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let made: serde_json::Value =
        serde_json::from_str(&service.ok(&["token", "create", "alice", "--name", "laptop", "--json"])).unwrap();
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("pg_pat_"), "{token}");
    client.sign_in("alice", token).await.unwrap();
    assert!(service.ok(&["token", "list", "alice"]).contains("laptop"));
    service.ok(&["token", "revoke", made["id"].as_str().unwrap()]);
    assert_eq!(client.sign_in("alice", token).await.unwrap_err().code(), Code::Unauthenticated);
    client.sign_in("alice", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn guessing_is_limited_and_says_when_to_try_again() {
    let service = Service::acme().await;
    service.add_member("acme", "bob", "member");
    let mut client = service.client().await;
    let mut limited = None;
    for _ in 0..20 {
        let status = client.sign_in("alice", "a wrong guess").await.unwrap_err();
        if status.code() == Code::ResourceExhausted {
            limited = Some(status);
            break;
        }
        assert_eq!(status.code(), Code::Unauthenticated);
    }
    let limited = limited.expect("guesses are limited");
    let wait: u64 = limited.metadata().get("retry-after").unwrap().to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(client.sign_in("alice", PASSWORD).await.unwrap_err().code(), Code::ResourceExhausted);
    client.sign_in("bob", PASSWORD).await.expect("another user is not concerned");
}

#[tokio::test]
async fn malformed_and_oversized_requests_are_refused() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let good = SignInRequest {
        username: "alice".to_owned(),
        secret: PASSWORD.to_owned(),
        machine_id: "m".to_owned(),
        uid: 1,
        agent_version: "1".to_owned(),
        realm: 0,
    };
    for machine_id in ["", "a b", "any\"", &"x".repeat(129)] {
        let request = SignInRequest { machine_id: machine_id.to_owned(), ..good.clone() };
        assert_eq!(client.0.sign_in(request).await.unwrap_err().code(), Code::InvalidArgument, "{machine_id}");
    }
    let request = SignInRequest { agent_version: "x".repeat(64 << 10), ..good.clone() };
    client.0.sign_in(request).await.expect_err("more than anybody may send before signing in");
    client.0.sign_in(good).await.unwrap();
}
