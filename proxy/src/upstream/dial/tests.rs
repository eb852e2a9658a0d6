use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

fn dialer(own: Vec<SocketAddr>) -> Dialer {
    Dialer::new(Arc::default(), own, Limits::default())
}

fn authority(text: &str) -> Authority {
    Authority::parse(text, Some(443)).unwrap()
}

#[tokio::test]
async fn the_door_does_not_dial_itself_by_any_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let dialled = dialer(vec![own]).tcp(&authority(&format!("{host}:{}", own.port()))).await;
        assert!(matches!(dialled, Err(ConnectError::Loop)), "{host}");
    }
    assert!(dialer(Vec::new()).tcp(&Authority::of(own)).await.is_ok());
}

#[tokio::test]
async fn names_that_are_never_resolved_keep_threads_free_for_documents() {
    let dialer = dialer(Vec::new());
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let ended = Arc::new(std::sync::Mutex::new(ended));
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for _ in 0..limits::LOOKUPS + 20 {
        let (ended, asked) = (Arc::clone(&ended), Arc::clone(&asked));
        let stuck = dialer.look_up(move || {
            asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let _ = ended.lock().unwrap().recv();
            Ok(())
        });
        // Whoever asked has given up.
        assert!(timeout(Duration::from_millis(5), stuck).await.is_err());
    }
    assert_eq!(dialer.lookups.available_permits(), 0, "none is free before it ends");
    const { assert!(limits::LOOKUPS < limits::BLOCKING_THREADS) };
    assert!(asked.load(std::sync::atomic::Ordering::Relaxed) <= limits::LOOKUPS, "nor is one asked for");
    drop(end);
    timeout(Duration::from_secs(20), dialer.look_up(|| Ok(()))).await.expect("free again").unwrap();
}

#[tokio::test]
async fn an_address_that_refuses_does_not_hide_one_that_answers() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = race(vec![closed, open.local_addr().unwrap()]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), open.local_addr().unwrap());
    assert!(matches!(race(vec![closed]).await, Err(ConnectError::Tcp(_))));
    assert!(matches!(race(vec![]).await, Err(ConnectError::Tcp(_))));
}

/// A proxy that reads a head, says `answer` and, behind it, what the server says first.
async fn proxy(answer: &'static [u8]) -> (ProxyUrl, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = ProxyUrl {
        authority: Authority::of(listener.local_addr().unwrap()),
        authorization: Some(http::HeaderValue::from_static("Basic abc")),
    };
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.set_nodelay(true).unwrap();
        // In two pieces, in the middle of the end.
        let (first, rest) = answer.split_at(answer.len() / 2);
        stream.write_all(first).await.unwrap();
        tokio::task::yield_now().await;
        stream.write_all(rest).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    (url, task)
}

async fn led(answer: &'static [u8]) -> (Result<TcpStream, ConnectError>, String) {
    let (url, task) = proxy(answer).await;
    let stream = TcpStream::connect(url.authority.to_string()).await.unwrap();
    let led = proxied::connect(stream, &url, &authority("reg.example:5000")).await;
    (led, task.await.unwrap())
}

#[tokio::test]
async fn nothing_of_the_server_is_lost_behind_the_proxys_answer() {
    let (stream, head) = led(b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\nHELLO").await;
    let mut rest = String::new();
    stream.unwrap().read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "HELLO");
    assert_eq!(
        head,
        "CONNECT reg.example:5000 HTTP/1.1\r\nHost: reg.example:5000\r\nProxy-Authorization: Basic abc\r\n\r\n"
    );
}

#[tokio::test]
async fn what_the_proxy_refuses_is_told() {
    for (answer, part) in [
        (&b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"[..], "another user or password"),
        (b"HTTP/1.0 503 no\r\n\r\n", "it says 503"),
        (b"SSH-2.0-x\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200", "cannot be read"),
    ] {
        let error = led(answer).await.0.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
