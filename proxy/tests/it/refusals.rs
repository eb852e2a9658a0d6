//! What the gate refuses, never reaches a registry, and is explained in all the places that engines print.

use std::sync::Arc;

use policy::{Pattern, Policy, Rule, Scope};
use proxy::limits::Limits;

use crate::{
    running::{Running, evil_is_refused, trusting},
    server::{Server, ok, say},
};

#[tokio::test]
async fn a_refusal_is_one_write_with_its_text_in_head_and_body() {
    let server = Server::clear(|_, conn| say(conn, ok("x"))).await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    client.send(format!("GET /v2/evil/miner/manifests/latest HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    // One read sees all of it: a second packet would wait for an acknowledgement.
    let wire = String::from_utf8(client.read_once().await).unwrap();
    let (head, body) = wire.split_once("\r\n\r\n").unwrap();
    let line = head.lines().next().unwrap();
    assert!(line.starts_with("HTTP/1.1 403 ") && line.contains("evil/miner"), "{line}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["errors"][0]["code"], "DENIED");
    let said = body["errors"][0]["message"].as_str().unwrap();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(line)[2..], words(said)[..]);
    assert!(server.heads().is_empty());
}

#[tokio::test]
async fn refused_and_allowed_requests_share_a_connection() {
    let server = Server::saying(ok("x")).await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    for _ in 0..3 {
        for path in ["/v2/evil/miner/manifests/latest", "/v2/evil/miner/blobs/sha256:00", "/v2/evil/miner/tags/list"] {
            let answer = client.get(path, "").await;
            assert_eq!(answer.status(), 403, "{path}: {answer:?}");
        }
        let answer = client.ask("HEAD", "/v2/evil/miner/manifests/latest", "", "").await;
        assert_eq!(answer.status(), 403);
        assert!(answer.head.lines().next().unwrap().contains("evil/miner"));
        assert_eq!(client.get("/v2/good/app/manifests/latest", "").await.status(), 200);
    }
    assert!(server.heads().iter().all(|head| head.contains("/good/")), "{:?}", server.heads());
}

#[tokio::test]
async fn a_refused_upload_is_answered_though_nobody_wants_its_body() {
    let server = Server::saying(ok("x")).await;
    let enforced = evil_is_refused(&[&server.name()]);
    let door = Running::start(trusting(&server), Limits::default(), enforced).await;
    for size in [10, 100 << 10, 900 << 10] {
        let mut client = door.client(&server).await;
        let name = server.name();
        // Double slashes: no registry must take it for something that it is not.
        client
            .send(format!("PUT //v2/good/app/manifests/1 HTTP/1.1\r\nHost: {name}\r\nContent-Length: {size}\r\n\r\n"))
            .await;
        client.send(vec![b'x'; size]).await;
        assert_eq!(client.answer(false).await.unwrap().status(), 403, "{size}");
    }
    assert!(server.heads().is_empty());
}

#[tokio::test]
async fn a_tag_whose_content_is_denied_by_digest_is_refused_before_any_of_it_comes() {
    // `printf '{}' | sha256sum`
    const BAD: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let server = Server::saying(ok("{}")).await;
    let mut enforced = evil_is_refused(&[&server.name()]);
    let rule = Rule {
        id: "r2".into(),
        pattern: Pattern::parse(&format!("{}/good/app@{BAD}", server.name())).unwrap(),
        scope: Scope::Organization,
        expires_at: None,
        reason: String::new(),
    };
    let policy = Policy { deny: [rule].into_iter().collect(), ..Policy::clone(&enforced.policies[0]) };
    enforced.policies = vec![Arc::new(policy)];
    let door = Running::start(trusting(&server), Limits::default(), enforced).await;
    let mut client = door.client(&server).await;
    let answer = client.get("/v2/good/app/manifests/latest", "").await;
    assert_eq!(answer.status(), 403, "{answer:?}");
    assert!(answer.head.lines().next().unwrap().contains(BAD), "{answer:?}");
    assert_eq!(client.get("/v2/good/other/manifests/latest", "").await.text(), "{}");
}
