//! Uploads: whole, in pieces, announced, answered early.

use proxy::limits::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    running::{Running, short},
    server::{Answering, Conn, Server, header, ok, say_and_linger},
};

/// Reads the body of an upload, and says how long it was.
fn count<'a>(head: &'a str, conn: &'a mut Conn) -> Answering<'a> {
    Box::pin(async move {
        let mut total = 0;
        if let Some(length) = header(head, "content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            conn.read_exact(&mut body).await.unwrap();
            total = body.len();
        } else if header(head, "transfer-encoding") == Some("chunked") {
            loop {
                let mut line = String::new();
                tokio::io::AsyncBufReadExt::read_line(conn, &mut line).await.unwrap();
                let size = usize::from_str_radix(line.trim(), 16).unwrap();
                let mut chunk = vec![0; size + 2];
                conn.read_exact(&mut chunk).await.unwrap();
                total += size;
                if size == 0 {
                    break;
                }
            }
        }
        conn.write_all(&ok(&total.to_string())).await.unwrap();
        conn.flush().await.is_ok()
    })
}

#[tokio::test]
async fn uploads_arrive_whole() {
    let server = Server::tls(count).await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    let answer = client.ask("PUT", "/v2/good/manifests/1", "Content-Length: 5\r\n", "12345").await;
    assert_eq!(answer.text(), "5");
    assert_eq!(header(&server.heads()[0], "content-length"), Some("5"));
    let chunks = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let answer = client.ask("PATCH", "/v2/good/blobs/uploads/1", "Transfer-Encoding: chunked\r\n", chunks).await;
    assert_eq!(answer.text(), "11");
    let answer = client.ask("POST", "/v2/good/blobs/uploads/", "Content-Length: 0\r\n", "").await;
    assert_eq!(answer.text(), "0");
    assert_eq!(header(&server.heads()[2], "content-length"), Some("0"));
    let answer = client.ask("DELETE", "/v2/good/blobs/uploads/1", "", "").await;
    assert_eq!(answer.text(), "0");
}

#[tokio::test]
async fn an_announced_upload_is_asked_for() {
    let server = Server::tls(count).await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    let head = format!(
        "PUT /v2/good/blobs/uploads/1 HTTP/1.1\r\nHost: {}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
        server.name()
    );
    client.send(head).await;
    assert!(client.head().await.unwrap().starts_with("HTTP/1.1 100 "));
    client.send("abc").await;
    assert_eq!(client.answer(false).await.unwrap().text(), "3");
}

#[tokio::test]
async fn an_upload_that_is_answered_early_is_still_answered() {
    // A registry that wants a token says so at once, and does not read on.
    let answer =
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let server = Server::tls(|_, conn| say_and_linger(conn, answer.as_bytes().to_vec())).await;
    let (door, _) = Running::before(&server, Limits::default()).await;
    for size in [10, 100 << 10, 900 << 10] {
        let mut client = door.client(&server).await;
        let head = format!(
            "PATCH /v2/good/blobs/uploads/1 HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
            server.name(),
            size * 2
        );
        client.send(head).await;
        client.send(vec![b'x'; size]).await;
        let got = client.answer(false).await.unwrap();
        assert_eq!(got.status(), 401, "{size}");
    }
}

#[tokio::test]
async fn a_client_that_stops_in_the_middle_is_told_and_let_go() {
    let server = Server::tls(count).await;
    let (_door, mut client) = Running::before(&server, short()).await;
    let head = format!("PATCH /x HTTP/1.1\r\nHost: {}\r\nContent-Length: 10\r\n\r\nabc", server.name());
    client.send(head).await;
    client.answer(false).await.unwrap().is_trouble(408, "upload_stopped");
    assert!(client.end().await.is_empty());
}
