//! Bodies in the clear go from socket to socket, and nobody notices but the processor.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use proxy::{limits::Limits, settings::Settings};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
};

use crate::{
    client::Client,
    loopback::Loopback,
    process::Process,
    running::{Running, evil_is_refused, short},
    server::{Answering, Conn, Server, header, ok, say, say_and_die, say_and_wait},
};

const BLOB: &str = "/v2/good/app/blobs/sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const LONG: usize = 3 << 20;

/// Bytes that tell where they are.
fn long(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n / 256 * 31 + n % 251) as u8).collect()
}

fn whole(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A registry with one long blob, parts of it, and short answers.
fn registry<'a>(head: &'a str, conn: &'a mut Conn) -> Answering<'a> {
    let path = head.split(' ').nth(1).unwrap();
    let answer = match (path, header(head, "range")) {
        _ if head.starts_with("HEAD") => format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n").into_bytes(),
        (BLOB, None) => whole("200 OK", "Docker-Content-Digest: sha256:01\r\n", &long(LONG)),
        (BLOB, Some(_)) => {
            let range = format!("Content-Range: bytes {}-{}/{LONG}\r\n", LONG / 2, LONG - 1);
            whole("206 Partial Content", &range, &long(LONG)[LONG / 2..])
        }
        ("/long-error", _) => whole("404 Not Here", "", &long(100 << 10)),
        ("/chunks", _) => {
            let chunk = String::from_utf8(vec![b'c'; 32 << 10]).unwrap();
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n{chunk}\r\n0\r\n\r\n").into_bytes()
        }
        _ => ok("short"),
    };
    say(conn, answer)
}

/// Each way on which both ends are in the clear, and what a request's path begins with there.
async fn ways(server: &Server) -> (Running, Loopback, Vec<(Client, String)>) {
    let (door, connected) = Running::before(server, Limits::default()).await;
    let loopback = Loopback::new(Settings::default(), evil_is_refused(&[&server.name()]));
    let forward = Client::over(TcpStream::connect(door.address).await.unwrap(), &server.name());
    let led = Client::over(loopback.dial(server.port).await, &server.name());
    let absolute = format!("http://{}", server.name());
    let ways = vec![(connected, String::new()), (forward, absolute), (led, String::new())];
    (door, loopback, ways)
}

#[tokio::test]
async fn a_connection_goes_on_behind_a_body_that_was_handed_over() {
    let server = Server::clear(registry).await;
    let (_door, _loopback, ways) = ways(&server).await;
    for (mut client, at) in ways {
        for _ in 0..3 {
            let answer = client.get(&format!("{at}{BLOB}"), "").await;
            assert_eq!((answer.status(), answer.header("docker-content-digest")), (200, Some("sha256:01")));
            assert_eq!(answer.header("content-length"), Some(LONG.to_string().as_str()));
            assert!(answer.body == long(LONG));
            let answer = client.ask("HEAD", &format!("{at}{BLOB}"), "", "").await;
            assert_eq!(answer.header("content-length"), Some(LONG.to_string().as_str()));
            let answer = client.get(&format!("{at}{BLOB}"), "Range: bytes=1572864-\r\n").await;
            assert_eq!(answer.status(), 206);
            assert_eq!(answer.header("content-range"), Some("bytes 1572864-3145727/3145728"));
            assert!(answer.body == long(LONG)[LONG / 2..]);
            let answer = client.get(&format!("{at}/long-error"), "").await;
            assert!(answer.head.starts_with("HTTP/1.1 404 Not Here\r\n") && answer.body == long(100 << 10));
            assert_eq!(client.get(&format!("{at}/chunks"), "").await.body.len(), 32 << 10);
            assert_eq!(client.get(&format!("{at}/short"), "").await.text(), "short");
        }
        let refused = client.get(&format!("{at}/v2/evil/miner/blobs/{}", &BLOB[22..]), "").await;
        assert_eq!(refused.status(), 403, "{refused:?}");
    }
    // Of 54 requests; one that comes at once finds the last one's connection not yet put back.
    assert!(server.connections() <= 12, "{}", server.connections());
}

#[tokio::test]
async fn requests_that_come_early_are_answered_in_their_order() {
    let server = Server::clear(registry).await;
    let (_door, _loopback, ways) = ways(&server).await;
    for (mut client, at) in ways {
        let get = |path: &str| format!("GET {at}{path} HTTP/1.1\r\nHost: {}\r\n\r\n", server.name());
        let requests = [get(BLOB), get("/short"), get(BLOB), get(BLOB), get("/short")].concat();
        client.send(requests).await;
        for expected in [long(LONG), b"short".to_vec(), long(LONG), long(LONG), b"short".to_vec()] {
            assert!(client.answer(false).await.unwrap().body == expected);
        }
    }
}

#[tokio::test]
async fn a_body_streams_from_socket_to_socket() {
    let seen = Arc::new(Notify::new());
    let wait = Arc::clone(&seen);
    let server = Server::clear(move |_, conn| {
        let wait = Arc::clone(&wait);
        Box::pin(async move {
            let (first, rest) = (long(LONG)[..20].to_vec(), long(LONG)[20..].to_vec());
            conn.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n").as_bytes()).await.unwrap();
            conn.write_all(&first).await.unwrap();
            conn.flush().await.unwrap();
            // The rest is not said before the client has the beginning.
            wait.notified().await;
            conn.write_all(&rest).await.unwrap();
            conn.flush().await.is_ok()
        })
    })
    .await;
    let process = Process::start("info", &serde_json::json!({}));
    let before = process.pipes();
    let mut client = Client::clear(process.address, &server.name()).await;
    client.send(format!("GET /layer HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    client.head().await.unwrap();
    let mut body = vec![0; LONG];
    client.exactly(&mut body[..20]).await.unwrap();
    // Through a pipe: that is what takes no copy.
    let start = Instant::now();
    while process.pipes() < before + 2 {
        assert!(start.elapsed().as_secs() < 10, "{} pipes", process.pipes());
        tokio::task::yield_now().await;
    }
    seen.notify_one();
    client.exactly(&mut body[20..]).await.unwrap();
    assert!(body == long(LONG));
}

#[tokio::test]
async fn a_body_that_ends_early_never_looks_whole() {
    let answer = [&b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n"[..], &long(100 << 10)].concat();
    for (limits, waits) in [(Limits::default(), false), (short(), true)] {
        let answer = answer.clone();
        let server = Server::clear(move |_, conn| match waits {
            true => say_and_wait(conn, answer.clone()),
            false => say_and_die(conn, answer.clone()),
        })
        .await;
        let (_door, mut client) = Running::before(&server, limits).await;
        client.send(format!("GET {BLOB} HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
        assert_eq!(header(&client.head().await.unwrap(), "content-length"), Some("3000000"));
        // And nothing follows: the connection is over.
        assert!(client.end().await == long(100 << 10));
    }
}

/// A registry that says half of a long body, tells when its client is gone, and then goes on.
async fn half_a_body() -> (Server, Arc<Notify>) {
    let gone = Arc::new(Notify::new());
    let tell = Arc::clone(&gone);
    let server = Server::clear(move |_, conn| {
        let tell = Arc::clone(&tell);
        Box::pin(async move {
            conn.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n").as_bytes()).await.unwrap();
            conn.write_all(&long(LONG)[..LONG / 2]).await.unwrap();
            conn.flush().await.unwrap();
            let _ = conn.read_to_end(&mut Vec::new()).await;
            tell.notify_one();
            false
        })
    })
    .await;
    (server, gone)
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_registry_connection_along() {
    let (server, gone) = half_a_body().await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    client.send(format!("GET {BLOB} HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    client.head().await.unwrap();
    let mut half = vec![0; LONG / 2];
    client.exactly(&mut half).await.unwrap();
    // The registry is silent, and the door has nothing to write by which it would notice.
    drop(client);
    tokio::time::timeout(std::time::Duration::from_secs(10), gone.notified()).await.expect("the registry is told");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let size = 64 << 20;
    let server = Server::clear(move |_, conn| say(conn, whole("200 OK", "", &vec![7; size]))).await;
    let (_door, mut client) = Running::before(&server, short()).await;
    client.send(format!("GET {BLOB} HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    client.head().await.unwrap();
    let start = Instant::now();
    tokio::time::sleep(short().idle * 2).await;
    let got = client.end().await;
    assert!(got.len() < size && start.elapsed() >= short().idle, "{}", got.len());
}

/// A registry that sends half of a body, and the other half when it is told to.
async fn half_and_wait() -> (Server, Arc<Notify>) {
    let go_on = Arc::new(Notify::new());
    let wait = Arc::clone(&go_on);
    let server = Server::clear(move |_, conn| {
        let wait = Arc::clone(&wait);
        Box::pin(async move {
            conn.write_all(&whole("200 OK", "", &long(LONG))[..LONG / 2]).await.unwrap();
            conn.flush().await.unwrap();
            wait.notified().await;
            conn.write_all(&whole("200 OK", "", &long(LONG))[LONG / 2..]).await.unwrap();
            conn.flush().await.is_ok()
        })
    })
    .await;
    (server, go_on)
}

#[tokio::test]
async fn a_new_policy_leaves_what_is_under_way_and_decides_on_what_follows() {
    let (server, go_on) = half_and_wait().await;
    let (door, mut client) = Running::before(&server, Limits::default()).await;
    client.send(format!("GET {BLOB} HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    let head = client.head().await.unwrap();
    let (stricter, own) = (evil_is_refused(&[&server.name()]), server.name());
    let mut policy = policy::Policy::clone(&stricter.policies[0]);
    policy.deny = [policy::Rule {
        id: "r2".into(),
        pattern: policy::Pattern::parse(&format!("{own}/good/*")).unwrap(),
        scope: policy::Scope::Organization,
        expires_at: None,
        reason: String::new(),
    }]
    .into_iter()
    .collect();
    door.enforced.send(Arc::new(policy::Enforced { policies: vec![Arc::new(policy)], ..stricter })).unwrap();
    go_on.notify_one();
    assert!(client.body(&head).await.unwrap() == long(LONG));
    assert_eq!(client.get(BLOB, "").await.status(), 403);
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn a_door_that_stops_finishes_what_is_under_way() {
    let (server, go_on) = half_and_wait().await;
    let (door, mut client) = Running::before(&server, Limits::default()).await;
    client.send(format!("GET {BLOB} HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    let head = client.head().await.unwrap();
    let stopped = tokio::spawn(door.stop());
    go_on.notify_one();
    assert!(client.body(&head).await.unwrap() == long(LONG));
    assert!(client.end().await.is_empty());
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_registry_that_says_too_much_is_not_asked_again_on_that_connection() {
    let answers = Arc::new(Mutex::new(0));
    let server = Server::clear(move |_, conn| {
        *answers.lock().unwrap() += 1;
        let more = [whole("200 OK", "", &long(LONG)), b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".to_vec()];
        say(conn, more.concat())
    })
    .await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    for _ in 0..5 {
        assert!(client.get(BLOB, "").await.body == long(LONG));
    }
}

#[tokio::test]
async fn a_registry_that_ends_its_connections_is_asked_on_new_ones() {
    for close in ["", "Connection: close\r\n"] {
        let server = Server::clear(move |_, conn| say_and_die(conn, whole("200 OK", close, &long(LONG)))).await;
        let (_door, mut client) = Running::before(&server, Limits::default()).await;
        for n in 0..20 {
            let answer = client.get(BLOB, "").await;
            assert!(answer.status() == 200 && answer.body == long(LONG), "{n}");
        }
    }
}

#[tokio::test]
async fn a_registry_in_the_clear_that_is_broken_is_told() {
    for answer in ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nContent-Le", ""] {
        let server = Server::clear(move |_, conn| say_and_die(conn, answer.as_bytes().to_vec())).await;
        let (_door, mut client) = Running::before(&server, Limits::default()).await;
        client.get(BLOB, "").await.is_trouble(502, "upstream_malformed");
        client.get(BLOB, "").await.is_trouble(502, "upstream_malformed");
    }
    let server = Server::clear(|_, conn| say_and_wait(conn, Vec::new())).await;
    let (_door, mut client) = Running::before(&server, short()).await;
    client.get(BLOB, "").await.is_trouble(504, "upstream_timeout");
}
