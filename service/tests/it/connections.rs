//! Peers that misbehave delay nobody and do not stay.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{PASSWORD, Service};

/// The start of a TLS ClientHello whose rest never comes.
const HALF_HELLO: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];

#[tokio::test]
async fn silent_and_babbling_connections_delay_nobody() {
    let service = Service::acme().await;
    let mut silent = Vec::new();
    for n in 0..300 {
        let mut stream = TcpStream::connect(service.address()).await.unwrap();
        match n % 4 {
            0 => {}
            1 => stream.write_all(HALF_HELLO).await.unwrap(),
            2 => stream.write_all(&[0xff; 1000]).await.unwrap(),
            _ => stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap(),
        }
        silent.push(stream);
    }
    let start = Instant::now();
    let (head, _) = service.http("GET /healthz HTTP/1.1").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    service.client().await.sign_in("alice", PASSWORD).await.unwrap();
    let took = start.elapsed();
    println!("health check and sign-in beside 300 bad connections: {} ms", took.as_millis());
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_closed_before_and_after_the_handshake() {
    let service = Service::acme().await;
    let closed = async |mut stream: Box<dyn tokio::io::AsyncRead + Unpin + Send>, within: u64| {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(within), stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "still open after {within} s");
    };
    let mut half = TcpStream::connect(service.address()).await.unwrap();
    half.write_all(HALF_HELLO).await.unwrap();
    let h2 = service.connect(&[b"h2"]).await;
    let mut half_preface = service.connect(&[b"h2"]).await;
    half_preface.write_all(b"PRI * HT").await.unwrap();
    half_preface.flush().await.unwrap();
    let http1 = service.connect(&[b"http/1.1"]).await;
    let mut half_head = service.connect(&[b"http/1.1"]).await;
    half_head.write_all(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    half_head.flush().await.unwrap();
    let raw = TcpStream::connect(service.address()).await.unwrap();
    tokio::join!(
        closed(Box::new(raw), 9),
        closed(Box::new(half), 9),
        closed(Box::new(h2), 14),
        closed(Box::new(half_preface), 14),
        closed(Box::new(http1), 14),
        closed(Box::new(half_head), 14),
    );
}

#[tokio::test]
async fn ten_thousand_requests_on_one_connection_are_answered() {
    let service = Service::acme().await;
    let (mut reader, mut writer) = tokio::io::split(service.connect(&[b"http/1.1"]).await);
    let writing = tokio::spawn(async move {
        let requests = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
        for _ in 0..100 {
            writer.write_all(requests.as_bytes()).await.unwrap();
        }
        writer.flush().await.unwrap();
        writer
    });
    let (mut answers, mut rest, mut buffer) = (0, Vec::new(), vec![0; 64 << 10]);
    while answers < 10_000 {
        let read = tokio::time::timeout(Duration::from_secs(20), reader.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "closed after {answers} answers");
        rest.extend_from_slice(&buffer[..read]);
        answers += rest.windows(4).filter(|four| *four == b"\nok\n").count();
        // What is left may end in the middle of an answer's last bytes.
        let keep = rest.len().min(3);
        let ends_whole = rest.ends_with(b"\nok\n");
        rest = if ends_whole { Vec::new() } else { rest.split_off(rest.len() - keep) };
    }
    assert_eq!(answers, 10_000);
    drop(writing.await.unwrap());
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let service = Service::acme().await;
    let (head, _) = service.http(&format!("GET /v2/ HTTP/1.1\r\nX-Long: {}", "x".repeat(64 << 10))).await;
    assert!(head.is_empty() || head.starts_with("http/1.1 4"), "{head}");
    let (head, _) = service.http("GET /healthz HTTP/1.1").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
}
