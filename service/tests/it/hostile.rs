//! Bytes that are hardly HTTP, over real sockets: each ends in a refusal or a closed connection, and the next caller is
//! served as if nothing had been.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{PATIENCE, Service};

/// What was answered until the end of the connection.
async fn exchange(service: &Service, protocol: &[u8], bytes: &[u8]) -> String {
    let mut stream = service.connect(&[protocol]).await;
    // The server may have seen enough before the end of a request.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "{}: no end", String::from_utf8_lossy(&bytes[..bytes.len().min(200)]));
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn what_is_hardly_http_is_refused_and_hurts_nobody_else() {
    let service = Service::acme().await;
    let post = "POST /v2/auth/token HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
    let get = "GET /api/v1/me HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
    let mut cases: Vec<Vec<u8>> = [
        format!("{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}x"),
        format!("{post}Content-Length: -1\r\n\r\n"),
        format!("{post}Content-Length: +2\r\n\r\n{{}}"),
        format!("{post}Content-Length: 99999999999999999999999\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{{}}\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
        format!("{post}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{{}}"),
        format!("{post}Content-Length: 2\r\n\r\n[]"),
        format!("{get}Na me: x\r\n\r\n"),
        format!("{get} folded\r\n\r\n"),
        format!("{get}X: {}\r\n\r\n", "a".repeat(1 << 20)),
        format!("{get}{}\r\n", "X: a\r\n".repeat(5000)),
        format!("{get}Cookie: {}\r\n\r\n", "__Host-pullgate=x; ".repeat(400)),
        format!("{get}Authorization: Bearer {}\r\n\r\n", "a".repeat(8000)),
        format!("{get}Authorization: Basic {}\r\n\r\n", "!".repeat(8000)),
        format!("GET /{} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "a".repeat(1 << 17)),
        "GET /api/v1/me HTTP/9.9\r\nHost: h\r\n\r\n".to_owned(),
        "GET /api/v1/me\r\n\r\n".to_owned(),
        "GET  /api/v1/me HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(),
        "G\u{e9}T /api/v1/me HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(),
        "get /api/v1/me HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".to_owned(),
        "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n".to_owned(),
        "OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".to_owned(),
        "GET http://127.0.0.1:1/api/v1/me HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /api/v1/me HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n\r\n".to_owned(),
        "GET /v2/../api/v1/me HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".to_owned(),
        "GET //api//v1//me HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".to_owned(),
    ]
    .map(String::into_bytes)
    .into();
    cases.push([get.as_bytes(), b"X: a\0b\r\n\r\n"].concat());
    cases.push([get.as_bytes(), b"Authorization: Bearer \xff\xfe\r\n\r\n"].concat());
    cases.push(b"GET /api/v1/\xff HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".to_vec());
    cases.push(vec![0; 4096]);
    for case in cases {
        let what = String::from_utf8_lossy(&case[..case.len().min(120)]).into_owned();
        let answer = exchange(&service, b"http/1.1", &case).await;
        let status: u16 = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        assert!(status == 0 || (400..500).contains(&status), "{what}: {answer}");
    }
    for garbage in
        [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff"[..], b"GET / HTTP/1.1\r\n\r\n"]
    {
        exchange(&service, b"h2", garbage).await;
    }
    let (head, body) = service.http("GET /healthz HTTP/1.1").await;
    assert!(head.starts_with("http/1.1 200") && body == "ok\n", "{head}");
    let log = service.log();
    assert!(!log.contains("panicked") && !log.contains(" ERROR "), "{log}");
}

#[tokio::test]
async fn no_answer_lets_a_page_of_another_site_read_it() {
    let service = Service::acme().await;
    for path in ["/healthz", "/api/v1/openapi.json", "/api/v1/me", "/v2/orgs/acme", "/v2/", "/nothing"] {
        let head = format!(
            "GET {path} HTTP/1.1\r\nOrigin: https://evil.example\r\nCookie: __Host-pullgate={}",
            "x".repeat(43)
        );
        let (head, _) = service.http(&head).await;
        assert!(!head.contains("access-control-"), "{path}: {head}");
        for header in
            ["x-content-type-options: nosniff", "cross-origin-resource-policy: same-origin", "x-frame-options: deny"]
        {
            assert!(head.contains(header), "{path}: {head}");
        }
        assert!(!head.contains("set-cookie"), "{path}: {head}");
    }
}
