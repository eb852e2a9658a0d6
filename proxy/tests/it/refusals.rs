//! What the gate refuses, never reaches a registry, and is explained in all the places that engines print.

use proxy::limits::Limits;

use crate::{
    running::{Running, evil_is_refused},
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
    let door = Running::start(crate::running::trusting(&server), Limits::default(), enforced).await;
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
