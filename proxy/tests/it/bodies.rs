//! Bodies that end before their end never look whole.

use proxy::limits::Limits;

use crate::{
    running::{Running, short},
    server::{Server, say_and_die, say_and_wait},
};

/// What the client has of an answer that the registry did not finish.
async fn broken(limits: Limits, answer: &'static str, wait: bool) -> Result<Vec<u8>, String> {
    let server = Server::tls(move |_, conn| match wait {
        true => say_and_wait(conn, answer.as_bytes().to_vec()),
        false => say_and_die(conn, answer.as_bytes().to_vec()),
    })
    .await;
    let (_door, mut client) = Running::before(&server, limits).await;
    client.send(format!("GET /layer HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    let head = client.head().await.expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    client.body(&head).await
}

const SHORT_LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this";
const NO_LAST_CHUNK: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n";
const HALF_A_CHUNK: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99\r\nonly this";
const TO_THE_END: &str = "HTTP/1.1 200 OK\r\n\r\nonly this";
const BAD_CHUNK: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\nxyz\r\n";

#[tokio::test]
async fn a_registry_that_dies_in_the_middle_leaves_a_broken_body() {
    // The last one has no length, and TLS was not ended: it may have been cut.
    for answer in [SHORT_LENGTH, NO_LAST_CHUNK, HALF_A_CHUNK, TO_THE_END, BAD_CHUNK] {
        let got = broken(Limits::default(), answer, false).await;
        assert!(got.is_err(), "{answer}: {got:?}");
    }
}

#[tokio::test]
async fn a_registry_that_falls_silent_leaves_a_broken_body() {
    for answer in [SHORT_LENGTH, NO_LAST_CHUNK, HALF_A_CHUNK, TO_THE_END] {
        let got = broken(short(), answer, true).await;
        assert!(got.is_err(), "{answer}: {got:?}");
    }
}
