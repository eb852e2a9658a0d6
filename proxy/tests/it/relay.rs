//! What goes through, goes through as it is.

use std::sync::{Arc, Mutex};

use proxy::limits::Limits;
use tokio::{io::AsyncWriteExt as _, sync::Notify};

use crate::{
    running::Running,
    server::{Server, header, ok, say},
};

#[tokio::test]
async fn an_allowed_request_arrives_with_all_its_headers_and_one_host() {
    for tls in [true, false] {
        let server = match tls {
            true => Server::saying(ok("body")).await,
            false => Server::clear(|_, conn| say(conn, ok("body"))).await,
        };
        let (_door, mut client) = Running::before(&server, Limits::default()).await;
        let accepts = "Accept: application/vnd.docker.distribution.manifest.v2+json\r\nAccept: application/json\r\n";
        let answer = client
            .get(
                "/v2/good/app/blobs/sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                &format!(
                    "{accepts}Authorization: Bearer t0ken\r\nProxy-Authorization: Basic x\r\nConnection: keep-alive, \
                     X-One\r\nX-One: 1\r\nUpgrade: h2c\r\nUser-Agent: docker/28\r\n"
                ),
            )
            .await;
        assert_eq!((answer.status(), answer.text()), (200, "body"));
        let heads = server.heads();
        let [head] = heads.as_slice() else { panic!("{heads:?}") };
        assert!(head.starts_with("GET /v2/good/app/blobs/sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef HTTP/1.1\r\n"), "{head}");
        assert_eq!(head.matches("accept: ").count(), 2, "{head}");
        assert_eq!(header(head, "host"), Some(server.name().as_str()));
        assert_eq!(header(head, "authorization"), Some("Bearer t0ken"));
        assert_eq!(header(head, "user-agent"), Some("docker/28"));
        for gone in ["proxy-authorization", "connection", "x-one", "upgrade", "via", "x-forwarded-for"] {
            assert_eq!(header(head, gone), None, "{head}");
        }
    }
}

#[tokio::test]
async fn answers_arrive_as_they_are() {
    let server = Server::tls(|head, conn| {
        let answer = match head.split(' ').nth(1).unwrap() {
            "/v2/" => "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"https://a/t\"\r\nContent-Length: 2\r\n\r\n{}",
            "/cdn/1" => "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://cdn.example/x?sig=a%2Fb\r\nContent-Length: 0\r\n\r\n",
            "/cdn/2" => "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/20\r\nContent-Length: 5\r\n\r\n56789",
            "/cdn/3" => "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 1234\r\n\r\n",
            "/cdn/4" => "HTTP/1.1 204 No Content\r\n\r\n",
            "/cdn/5" => "HTTP/1.1 200 Fine By Me\r\nContent-Length: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nx",
            "/cdn/6" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
            "/cdn/7" => "HTTP/1.1 200 OK\r\nContent-Length: 4321\r\nDocker-Content-Digest: sha256:00\r\n\r\n",
            "/cdn/8" => "HTTP/1.1 200 OK\r\n\r\n",
            "/cdn/9" => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "/cdn/10" => "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
            path => panic!("{path}"),
        };
        say(conn, answer.as_bytes().to_vec())
    })
    .await;
    // All on one connection: after each of them, the next is understood.
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    let answer = client.get("/v2/", "").await;
    assert_eq!((answer.status(), answer.header("www-authenticate")), (401, Some("Bearer realm=\"https://a/t\"")));
    let answer = client.get("/cdn/1", "").await;
    assert_eq!((answer.status(), answer.header("location")), (307, Some("https://cdn.example/x?sig=a%2Fb")));
    let answer = client.get("/cdn/2", "Range: bytes=5-9\r\n").await;
    assert_eq!((answer.status(), answer.header("content-range")), (206, Some("bytes 5-9/20")));
    assert_eq!(answer.text(), "56789");
    assert_eq!(header(server.heads().last().unwrap(), "range"), Some("bytes=5-9"));
    let answer = client.get("/cdn/3", "").await;
    assert_eq!((answer.status(), answer.header("etag")), (304, Some("\"x\"")));
    let answer = client.get("/cdn/4", "").await;
    assert_eq!((answer.status(), answer.header("content-length")), (204, None));
    let answer = client.get("/cdn/5", "").await;
    assert!(answer.head.starts_with("HTTP/1.1 200 Fine By Me\r\n"), "{answer:?}");
    assert_eq!(answer.head.matches("set-cookie: ").count(), 2);
    assert_eq!(client.get("/cdn/6", "").await.text(), "hello world");
    let answer = client.ask("HEAD", "/cdn/7", "", "").await;
    assert_eq!(answer.header("content-length"), Some("4321"));
    assert_eq!(answer.header("docker-content-digest"), Some("sha256:00"));
    // Of nothing, it does not say that it is empty.
    let answer = client.ask("HEAD", "/cdn/8", "", "").await;
    assert_eq!((answer.status(), answer.header("content-length")), (200, None), "{answer:?}");
    let answer = client.ask("HEAD", "/cdn/9", "", "").await;
    assert_eq!((answer.status(), answer.header("content-length")), (200, Some("0")));
    let answer = client.get("/cdn/10", "").await;
    assert_eq!((answer.status(), answer.header("retry-after")), (429, Some("7")));
}

#[tokio::test]
async fn a_body_streams() {
    let seen = Arc::new(Notify::new());
    let wait = Arc::clone(&seen);
    let server = Server::tls(move |_, conn| {
        let wait = Arc::clone(&wait);
        Box::pin(async move {
            conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst").await.unwrap();
            conn.flush().await.unwrap();
            // The rest is not said before the client has the first half.
            wait.notified().await;
            conn.write_all(b"other").await.unwrap();
            conn.flush().await.unwrap();
            true
        })
    })
    .await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    client.send(format!("GET /layer HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    client.head().await.unwrap();
    let mut half = [0; 5];
    client.exactly(&mut half).await.unwrap();
    assert_eq!(&half, b"first");
    seen.notify_one();
    client.exactly(&mut half).await.unwrap();
    assert_eq!(&half, b"other");
}

#[tokio::test]
async fn a_thousand_redirects_are_a_thousand_answers() {
    let count = Arc::new(Mutex::new(0));
    let server = Server::tls({
        let count = Arc::clone(&count);
        move |head, conn| {
            *count.lock().unwrap() += 1;
            let next: u32 = head.split([' ', '/']).nth(2).unwrap().parse::<u32>().unwrap() + 1;
            say(conn, format!("HTTP/1.1 302 Found\r\nLocation: /{next}\r\nContent-Length: 0\r\n\r\n").into_bytes())
        }
    })
    .await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    let mut path = "/0".to_owned();
    for _ in 0..1000 {
        let answer = client.get(&path, "").await;
        assert_eq!(answer.status(), 302);
        path = answer.header("location").unwrap().to_owned();
    }
    assert_eq!((path.as_str(), *count.lock().unwrap()), ("/1000", 1000));
    assert_eq!(server.connections(), 1, "one connection carries them all");
}

#[tokio::test]
async fn requests_in_absolute_form_are_passed_on() {
    let server = Server::clear(|_, conn| say(conn, ok("clear"))).await;
    let (door, _) = Running::before(&server, Limits::default()).await;
    let mut client =
        crate::client::Client::over(tokio::net::TcpStream::connect(door.address).await.unwrap(), &server.name());
    for _ in 0..2 {
        let answer = client.get(&format!("http://{}/cdn/x?y", server.name()), "").await;
        assert_eq!((answer.status(), answer.text()), (200, "clear"));
        assert!(server.heads().last().unwrap().starts_with("GET /cdn/x?y HTTP/1.1\r\n"));
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_registry_closed_is_no_error() {
    // It does not say so, and ends each connection after one answer.
    let server = Server::tls(|_, conn| crate::server::say_and_die(conn, ok("x"))).await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    for n in 0..50 {
        assert_eq!(client.get("/x", "").await.status(), 200, "{n}");
    }
}
