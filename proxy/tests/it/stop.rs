//! At the end (SIGTERM): who was accepted is answered, also when the request comes late; what does not end is cut.

use std::time::{Duration, Instant};

use proxy::limits::Limits;
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use crate::{
    client::{Client, accept},
    process::{Process, trusting},
    running::{Running, nothing},
    server::{Server, ok},
};

#[tokio::test]
async fn who_was_accepted_and_has_not_asked_yet_is_answered() {
    let server = Server::saying(ok("x")).await;
    let (door, mut connected) = Running::before(&server, Limits::default()).await;
    let mut fresh = Client::over(tokio::net::TcpStream::connect(door.address).await.unwrap(), &server.name());
    // Accepted one after the other: whoever came before this one is in.
    assert_eq!(door.client(&server).await.get("/x", "").await.text(), "x");
    let stopping = tokio::spawn(door.stop());
    tokio::task::yield_now().await;
    let answer = connected.get("/x", "").await;
    assert_eq!((answer.text(), answer.header("connection")), ("x", Some("close")));
    assert!(connected.end().await.is_empty());
    let host = format!("nobody.example:{}", server.port);
    fresh.send(format!("GET https://{host}/x HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
    fresh.answer(false).await.unwrap().is_trouble(400, "bad_request");
    stopping.await.unwrap();
}

#[tokio::test]
async fn who_never_asks_delays_the_end_for_a_moment_only() {
    let server = Server::saying(ok("x")).await;
    let (door, _silent) = Running::before(&server, Limits::default()).await;
    let start = Instant::now();
    door.stop().await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_idle_tunnel_ends_and_one_in_use_is_cut_at_the_limit() {
    let limits =
        Limits { drain: Duration::from_millis(700), tunnel_quiet: Duration::from_millis(100), ..Limits::default() };
    for in_use in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let door = Running::start(proxy::settings::Settings::default(), limits.clone(), nothing()).await;
        let mut client = Client::clear(door.address, &host).await;
        client.send("hello").await;
        let (mut upstream, _) = accept(&listener).await;
        let talks = tokio::spawn(async move {
            while upstream.write_all(b"x").await.is_ok() && in_use {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            upstream
        });
        assert!(!client.read_once().await.is_empty());
        let start = Instant::now();
        door.stop().await;
        let took = start.elapsed();
        match in_use {
            true => assert!(took >= limits.drain && took < limits.drain * 3, "{took:?}"),
            false => assert!(took < limits.drain, "{took:?}"),
        }
        talks.abort();
    }
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_cut_so_that_nobody_takes_it_for_whole() {
    let server = Server::tls(|_, conn| {
        Box::pin(async move {
            conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf").await.unwrap();
            conn.flush().await.unwrap();
            std::future::pending().await
        })
    })
    .await;
    let process = Process::start("info", &trusting(&server));
    let mut client = Client::tls(process.address, &server.name(), &process.roots).await;
    client.send(format!("GET /x HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    let head = client.head().await.unwrap();
    let stopped = tokio::task::spawn_blocking(|| process.stop());
    client.body(&head).await.unwrap_err();
    let (well, log) = stopped.await.unwrap();
    assert!(well && log.contains("connections are cut"), "{log}");
}
