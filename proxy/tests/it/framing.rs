//! Where one answer ends and the next begins, the client and the registry see alike: whatever a registry says
//! about the length of a body, whichever way the body takes.

use proxy::{limits::Limits, settings::Settings};
use tokio::net::TcpStream;

use crate::{
    client::Client,
    loopback::Loopback,
    running::{Running, evil_is_refused, short},
    server::{Server, header, ok, say, say_and_die, say_and_wait},
};

const LONG: usize = 100 << 10;

fn long() -> String {
    "x".repeat(LONG)
}

/// What a registry says, and what its client has of it.
struct Case {
    says: String,
    /// It ends the connection behind that.
    ends: bool,
    status: u16,
    /// Length of the body; none: it breaks off.
    body: Option<usize>,
}

fn case(says: String, status: u16, body: Option<usize>) -> Case {
    Case { says, ends: false, status, body }
}

fn ending(says: String, status: u16, body: Option<usize>) -> Case {
    Case { ends: true, ..case(says, status, body) }
}

fn cases() -> Vec<Case> {
    let long = long();
    let chunk = format!("{LONG:x}\r\n{long}\r\n0\r\n");
    vec![
        case(format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n{long}"), 200, Some(LONG)),
        case(
            format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\nContent-Length: {LONG}\r\n\r\n{long}"),
            200,
            Some(LONG),
        ),
        case(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}\r\n"), 200, Some(LONG)),
        // Both: chunks count (RFC 9112, 6.3), and the length goes no further.
        case(
            format!("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}\r\n"),
            200,
            Some(LONG),
        ),
        case(
            format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: {LONG}\r\n\r\n5\r\nshort\r\n0\r\n\r\n"
            ),
            200,
            Some(5),
        ),
        case(
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}X-Trailer: 1\r\n\r\n"),
            200,
            Some(LONG),
        ),
        // No body, whatever they say of one.
        case(format!("HTTP/1.1 204 No Content\r\nContent-Length: {LONG}\r\n\r\n"), 204, Some(0)),
        case(format!("HTTP/1.1 304 Not Modified\r\nContent-Length: {LONG}\r\n\r\n"), 304, Some(0)),
        // Told before the answer.
        case(
            format!(
                "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n{long}"
            ),
            200,
            Some(LONG),
        ),
        case(
            format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 206 Partial\r\nContent-Length: {LONG}\r\n\r\n{long}"),
            206,
            Some(LONG),
        ),
        case(
            format!(
                "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nContent-Length: {LONG}\r\n\r\n{long}"
            ),
            200,
            Some(LONG),
        ),
        ending(
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {LONG}\r\n\r\n{long}"),
            200,
            Some(LONG),
        ),
        ending(format!("HTTP/1.0 200 OK\r\nContent-Length: {LONG}\r\n\r\n{long}"), 200, Some(LONG)),
        ending(format!("HTTP/1.0 200 OK\r\n\r\n{long}"), 200, Some(LONG)),
        ending(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{long}", LONG + 1), 200, None),
        ending(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{long}", u64::MAX - 2), 200, None),
        ending(
            format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\nContent-Length: {}\r\n\r\n{long}", LONG + 1),
            502,
            Some(0),
        ),
        ending(format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}, {LONG}\r\n\r\n{long}"), 200, Some(LONG)),
        ending(format!("HTTP/1.1 200 OK\r\nContent-Length: +{LONG}\r\n\r\n{long}"), 502, Some(0)),
        ending(format!("HTTP/1.1 101 Switching Protocols\r\nContent-Length: {LONG}\r\n\r\n{long}"), 502, Some(0)),
        // More than was announced, in what is read at once with the head.
        case(
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
                &long[..20_000]
            ),
            0,
            Some(20_000),
        ),
    ]
}

/// Each answer is followed by a request whose answer is known.
#[tokio::test]
async fn what_follows_an_answer_is_the_answer_to_what_was_asked_next() {
    for (at, case) in cases().into_iter().enumerate() {
        let Case { says, ends, status, body } = case;
        let shown: String = says.chars().take(120).collect();
        let server = Server::clear(move |head, conn| match (head.contains("/next "), ends) {
            (true, _) => say(conn, ok("next")),
            (false, true) => say_and_die(conn, says.clone().into_bytes()),
            (false, false) => say(conn, says.clone().into_bytes()),
        })
        .await;
        let (door, connected) = Running::before(&server, Limits::default()).await;
        let loopback = Loopback::new(Settings::default(), evil_is_refused(&[&server.name()]));
        let forward = Client::over(TcpStream::connect(door.address).await.unwrap(), &server.name());
        let led = Client::over(loopback.dial(server.port).await, &server.name());
        let absolute = format!("http://{}", server.name());
        for (mut client, at_host) in [(connected, ""), (forward, absolute.as_str()), (led, "")] {
            println!("{at}: {shown:?} {at_host}");
            client.send(format!("GET {at_host}/first HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
            let head = client.head().await.expect("an answer");
            let said: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
            assert!(said == status || (status == 0 && [200, 502].contains(&said)), "{head}");
            assert!(
                header(&head, "content-length").is_none() || header(&head, "transfer-encoding").is_none(),
                "{head}"
            );
            if [204, 304].contains(&said) {
                assert_eq!(client.get(&format!("{at_host}/next"), "").await.text(), "next");
                continue;
            }
            let Some(_) = body else {
                // Whatever is announced, less comes.
                assert!(client.end().await.len() <= LONG);
                continue;
            };
            match (body, client.body(&head).await) {
                (Some(length), Ok(body)) if said < 500 => assert_eq!(body.len(), length),
                (Some(_), Ok(_)) => assert_eq!(said, 502),
                (expected, got) => panic!("{expected:?} {:?}", got.map(|body| body.len())),
            }
            assert_eq!(client.get(&format!("{at_host}/next"), "").await.text(), "next");
        }
    }
}

const POSTED: &str = "GET /v2/evil/miner/manifests/1 HTTP/1.1\r\n\r\n";

/// The next requests are there while the body still flows; the door's own answers among them are in their places.
#[tokio::test]
async fn requests_behind_a_body_are_decided_each_by_itself() {
    let server = Server::clear(|head, conn| {
        let (long_one, posted) = (head.contains("/long "), head.starts_with("POST"));
        Box::pin(async move {
            if posted {
                tokio::io::AsyncReadExt::read_exact(conn, &mut [0; POSTED.len()]).await.unwrap();
            }
            let body = if long_one { long() } else { "short".to_owned() };
            say(conn, ok(&body)).await
        })
    })
    .await;
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{more}\r\n", server.name());
    let evil = "/v2/evil/miner/manifests/latest";
    let other = "GET /long HTTP/1.1\r\nHost: other.example\r\n\r\n".to_owned();
    let (name, length) = (server.name(), POSTED.len());
    let posts = format!("POST /short HTTP/1.1\r\nHost: {name}\r\nContent-Length: {length}\r\n\r\n{POSTED}");
    for (last, status) in [(other, 421), (get("/long", "Connection: close\r\n"), 200)] {
        let (_door, mut client) = Running::before(&server, Limits::default()).await;
        let before = server.heads().len();
        let requests =
            [get("/long", ""), get(evil, ""), get("/long", ""), posts.clone(), get("/long", ""), last, get("/x", "")];
        client.send(requests.concat()).await;
        for (expected, length) in [(200, LONG), (403, 0), (200, LONG), (200, 5), (200, LONG), (status, LONG)] {
            let answer = client.answer(false).await.unwrap();
            assert_eq!(answer.status(), expected, "{}", answer.head);
            assert!(expected != 200 || answer.body.len() == length, "{}", answer.head);
        }
        assert!(client.end().await.is_empty(), "closed, and nothing behind it was answered");
        let heads = server.heads().split_off(before);
        assert!(!heads.iter().any(|head| head.contains("evil") || head.contains("other.example")), "{heads:?}");
        assert_eq!(heads.len(), if status == 200 { 5 } else { 4 }, "{heads:?}");
    }
}

/// Whoever has said all it will say is not waited for, on either side.
#[tokio::test]
async fn a_half_closed_side_ends_a_body_at_once() {
    let server = Server::clear(|_, conn| {
        say_and_wait(conn, format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\nthe beginning").into_bytes())
    })
    .await;
    let (door, _) = Running::before(&server, Limits::default()).await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let request = format!("GET http://{0}/x HTTP/1.1\r\nHost: {0}\r\n\r\n", server.name());
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    while !got.ends_with(b"the beginning") {
        assert!(tokio::io::AsyncReadExt::read_buf(&mut stream, &mut got).await.unwrap() > 0);
    }
    tokio::io::AsyncWriteExt::shutdown(&mut stream).await.unwrap();
    let mut client = Client::over(stream, &server.name());
    assert!(client.end().await.is_empty());
}

/// A byte now and then is not silence, and silence is, however much came before.
#[tokio::test]
async fn a_registry_may_be_slow_and_not_silent() {
    let idle = short().idle;
    let server = Server::clear(move |_, conn| {
        Box::pin(async move {
            use tokio::io::AsyncWriteExt as _;
            conn.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n").as_bytes()).await.unwrap();
            for _ in 0..4 {
                conn.write_all(b"x").await.unwrap();
                conn.flush().await.unwrap();
                tokio::time::sleep(idle / 2).await;
            }
            let _ = tokio::io::AsyncReadExt::read_to_end(conn, &mut Vec::new()).await;
            false
        })
    })
    .await;
    let (_door, mut client) = Running::before(&server, short()).await;
    client.send(format!("GET /x HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    client.head().await.unwrap();
    let start = std::time::Instant::now();
    assert_eq!(client.end().await, b"xxxx");
    assert!(start.elapsed() >= idle * 2, "{:?}", start.elapsed());
}

/// What a client says of its connection is between it and the door.
#[tokio::test]
async fn a_connection_that_would_be_another_stays_what_it_is() {
    let server = Server::clear(|head, conn| match head.contains("/long ") {
        true => say(conn, ok(&long())),
        false => say(conn, ok("next")),
    })
    .await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    for headers in [
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Expect: 100-continue\r\n",
        "TE: trailers, chunked\r\nConnection: TE\r\n",
        "Content-Length: 0\r\n",
        "Transfer-Encoding: chunked\r\n",
    ] {
        let body = if headers.contains("Transfer") { "0\r\n\r\n" } else { "" };
        println!("{headers:?}");
        client.send(format!("GET /long HTTP/1.1\r\nHost: {}\r\n{headers}\r\n{body}", server.name())).await;
        let mut answer = client.answer(false).await.unwrap();
        if answer.status() == 100 {
            answer = client.answer(false).await.unwrap();
        }
        assert_eq!((answer.status(), answer.body.len()), (200, LONG), "{headers}");
        assert_eq!(client.get("/next", "").await.text(), "next", "{headers}");
    }
    for head in server.heads() {
        assert!(!head.to_ascii_lowercase().contains("upgrade") && !head.contains("Expect"), "{head}");
    }
}
