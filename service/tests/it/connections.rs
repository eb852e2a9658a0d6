//! Peers that misbehave delay nobody and do not stay.

use std::time::{Duration, Instant};

use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
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

/// A gRPC message that says it has four megabytes, and never ends.
fn endless() -> axum::body::Body {
    let prefix = Bytes::from_static(&[0, 0, 64, 0, 0]);
    let rest = std::iter::repeat_n(Bytes::from(vec![b'A'; 16 << 10]), 1 << 10);
    let frames = std::iter::once(prefix).chain(rest).map(Ok::<_, std::io::Error>);
    axum::body::Body::from_stream(tokio_stream::StreamExt::chain(tokio_stream::iter(frames), tokio_stream::pending()))
}

fn resident_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn endless_anonymous_streams_are_answered_at_once_and_cost_no_memory() {
    let service = Service::acme().await;
    let before = resident_mib(service.pid());
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let io = TokioIo::new(service.connect(&[b"h2"]).await);
        let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        for n in 0..60 {
            let call = ["SignIn", "Watch", "Report"][n % 3];
            let request = http::Request::post(format!("https://x/pullgate.sync.v1.Sync/{call}"))
                .header("content-type", "application/grpc")
                .header("authorization", "Bearer x")
                .body(endless())
                .unwrap();
            let mut sender = sender.clone();
            calls.spawn(async move { (call, sender.send_request(request).await.unwrap()) });
        }
    }
    let answered = async {
        while let Some(call) = calls.join_next().await {
            let (call, response) = call.unwrap();
            let expected = if call == "SignIn" { "11" } else { "16" };
            assert_eq!(response.headers()["grpc-status"], expected, "{call}");
        }
    };
    tokio::time::timeout(Duration::from_secs(8), answered).await.expect("answers before any deadline");
    let grown = resident_mib(service.pid()).saturating_sub(before);
    println!("240 endless anonymous streams: {grown} MiB");
    assert!(grown < 48, "{grown} MiB");
}
