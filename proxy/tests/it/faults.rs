//! Registries that are broken, slow, or somebody else: each ends in a clear error, none in a hang.

use std::time::Instant;

use proxy::{limits::Limits, settings::Settings};
use tokio::net::TcpListener;

use crate::{
    client::Client,
    running::{Running, evil_is_refused, short, trusting},
    server::{Server, ok, say, say_and_die, say_and_wait},
};

#[tokio::test]
async fn what_is_no_answer_is_told() {
    let long = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n\r\n", "x".repeat(300 << 10));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(500));
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "",
        &long,
        &many,
    ] {
        let answer = answer.as_bytes().to_vec();
        let shown: String = String::from_utf8_lossy(&answer).chars().take(80).collect();
        let server = Server::tls(move |_, conn| say_and_die(conn, answer.clone())).await;
        let (_door, mut client) = Running::before(&server, Limits::default()).await;
        println!("{shown:?}");
        let got = client.get("/cdn/1", "").await;
        got.is_trouble(502, "upstream_malformed");
        // And the client's connection is as good as before.
        assert_eq!(client.get("/cdn/1", "").await.status(), 502, "{shown}");
    }
}

#[tokio::test]
async fn a_registry_that_does_not_answer_is_given_up() {
    let server = Server::tls(|_, conn| say_and_wait(conn, Vec::new())).await;
    let (_door, mut client) = Running::before(&server, short()).await;
    let start = Instant::now();
    client.get("/cdn/1", "").await.is_trouble(504, "upstream_timeout");
    assert!(start.elapsed() >= short().head);
}

#[tokio::test]
async fn a_registry_that_accepts_and_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    let door = Running::start(Settings::default(), short(), evil_is_refused(&[&host])).await;
    let mut client = Client::tls(door.address, &host, &door.roots).await;
    client.get("/v2/", "").await.is_trouble(504, "upstream_timeout");
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_told() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for host in [format!("localhost:{port}"), "nowhere.invalid:443".to_owned()] {
        let door = Running::start(Settings::default(), Limits::default(), evil_is_refused(&[&host])).await;
        let mut client = Client::tls(door.address, &host, &door.roots).await;
        client.get("/v2/", "").await.is_trouble(502, "upstream_unreachable");
        let mut client = Client::clear(door.address, &host).await;
        client.get("/v2/", "").await.is_trouble(502, "upstream_unreachable");
    }
}

#[tokio::test]
async fn a_half_closed_registry_answers_what_it_was_asked() {
    // It reads no more, but what it says is whole.
    let server = Server::clear(|_, conn| say_and_die(conn, b"HTTP/1.1 200 OK\r\n\r\nto the end".to_vec())).await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    assert_eq!(client.get("/x", "").await.text(), "to the end");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let server = Server::saying(ok("x")).await;
    let governed = || evil_is_refused(&[&server.name()]);
    let door = Running::start(Settings::default(), Limits::default(), governed()).await;
    let answer = door.client(&server).await.get("/v2/", "Authorization: Basic secret\r\n").await;
    answer.is_trouble(502, "upstream_certificate");
    assert!(server.heads().is_empty(), "no credential has left");

    let others = Server::for_others().await;
    let door = Running::start(trusting(&others), Limits::default(), evil_is_refused(&[&others.name()])).await;
    door.client(&others).await.get("/v2/", "").await.is_trouble(502, "upstream_certificate");
}

#[tokio::test]
async fn a_certificate_in_certs_d_counts_for_its_host() {
    let server = Server::saying(ok("x")).await;
    let certs = tempfile::tempdir().unwrap();
    let dir = certs.path().join(server.name());
    std::fs::create_dir(&dir).unwrap();
    std::fs::copy(&server.ca, dir.join("ca.crt")).unwrap();
    let settings = Settings { certs_dir: certs.path().to_owned(), ..Settings::default() };
    let door = Running::start(settings, Limits::default(), evil_is_refused(&[&server.name()])).await;
    assert_eq!(door.client(&server).await.get("/v2/", "").await.text(), "x");
    // A broken one is an error, as in the engine.
    std::fs::write(dir.join("other.crt"), "no certificate").unwrap();
    let mut fresh = door.client(&server).await;
    let answer = fresh.get("/v2/", "Connection: close\r\n").await;
    assert!([200, 502].contains(&answer.status()), "a pooled connection is still good");
}

#[tokio::test]
async fn a_registry_without_tls_is_told_and_asked_in_the_clear_only_where_that_is_settled() {
    let server = Server::clear(|_, conn| say(conn, ok("clear"))).await;
    let governed = || evil_is_refused(&[&server.name()]);
    let door = Running::start(Settings::default(), Limits::default(), governed()).await;
    let mut client = Client::tls(door.address, &server.name(), &door.roots).await;
    client.get("/v2/", "").await.is_trouble(502, "upstream_tls");

    let authority = proxy::authority::Authority::parse(&server.name(), None).unwrap();
    let settings = Settings { insecure: [authority].into(), ..Settings::default() };
    let door = Running::start(settings, Limits::default(), governed()).await;
    let mut client = Client::tls(door.address, &server.name(), &door.roots).await;
    assert_eq!(client.get("/v2/", "").await.text(), "clear");
}

#[tokio::test]
async fn an_insecure_registry_is_not_verified() {
    let server = Server::for_others().await;
    let authority = proxy::authority::Authority::parse(&server.name(), None).unwrap();
    let settings = Settings { insecure: [authority].into(), ..Settings::default() };
    let door = Running::start(settings, Limits::default(), evil_is_refused(&[&server.name()])).await;
    assert_eq!(door.client(&server).await.get("/v2/", "").await.text(), "x");
}

#[tokio::test]
async fn too_many_connections_are_turned_away_and_the_others_are_served() {
    let server = Server::saying(ok("x")).await;
    let limits = Limits { connections: 2, ..Limits::default() };
    let (door, mut one) = Running::before(&server, limits).await;
    let two = door.client(&server).await;
    let stream = tokio::net::TcpStream::connect(door.address).await.unwrap();
    let turned_away = String::from_utf8(Client::over(stream, "x:1").end().await).unwrap();
    assert!(turned_away.starts_with("HTTP/1.1 503 ") && turned_away.contains("(overloaded)"), "{turned_away}");
    assert_eq!(one.get("/x", "").await.status(), 200);
    drop(two);
}
