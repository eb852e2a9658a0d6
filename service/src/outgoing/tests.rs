use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// A server that reads one request and answers with these bytes; then it keeps silent.
async fn answers(bytes: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&bytes).await;
                let _ = stream.read(&mut request).await;
            });
        }
    });
    base
}

fn client() -> Outgoing {
    Outgoing { deadline: Duration::from_millis(300), ..Outgoing::new(None, Encryption::ExceptLoopback).unwrap() }
}

#[tokio::test]
async fn an_answer_comes_whole_whatever_it_says() {
    let base = answers(b"HTTP/1.1 401 Unauthorized\r\nX-A: b\r\nContent-Length: 2\r\n\r\nno".to_vec()).await;
    let answer = client().get(&base, Some("token")).await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["x-a"], answer.body.as_slice()),
        (401, &"b".parse().unwrap(), &b"no"[..])
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = elsewhere.local_addr().unwrap();
    for status in [301, 302, 303, 307, 308] {
        let head = format!("HTTP/1.1 {status} Moved\r\nLocation: http://{to}/\r\nContent-Length: 0\r\n\r\n");
        let base = answers(head.into_bytes()).await;
        let error = client().post(&base, Zeroizing::new(b"{\"secret\":1}".to_vec())).await.err().unwrap();
        assert!(matches!(error, OutgoingError::Redirect { .. }), "{error}");
    }
    let knocked = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(knocked.is_err(), "nobody went there");
}

#[tokio::test]
async fn an_endless_answer_and_a_silent_server_cost_little() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(endless.len() + MAX_ANSWER + 1, b'x');
    let error = client().get(&answers(endless).await, None).await.err().unwrap();
    assert!(matches!(error, OutgoingError::TooLarge { .. }), "{error}");

    for silent in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"] {
        let error = client().get(&answers(silent.into()).await, None).await.err().unwrap();
        assert!(matches!(error, OutgoingError::Slow { .. }), "{silent:?}: {error}");
    }
}

#[tokio::test]
async fn nobody_there_and_no_http_say_so_and_show_no_secret() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let error = client().get(&format!("{base}/?code=hunter2"), Some("hunter2")).await.err().unwrap();
    assert!(matches!(error, OutgoingError::Connect { .. }), "{error}");
    assert!(!proto::chain(&error).contains("hunter2"), "{}", proto::chain(&error));

    let error = client().get(&answers(b"SSH-2.0-x\r\n".to_vec()).await, None).await.err().unwrap();
    assert!(matches!(error, OutgoingError::Call { .. }), "{error}");
    let error = client().get("http://192.0.2.1/", None).await.err().unwrap();
    assert!(matches!(error, OutgoingError::Url(UrlError::Insecure(_))), "{error}");
}

#[test]
fn a_file_without_a_certificate_is_no_ca_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.pem");
    assert!(matches!(Outgoing::new(Some(&path), Encryption::Required), Err(RootsError::Read { .. })));
    for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(Outgoing::new(Some(&path), Encryption::Required), Err(RootsError::Damaged { .. })), "{text}");
    }
}
