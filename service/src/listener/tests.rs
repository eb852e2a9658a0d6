//! Tests of [`super`], over real sockets with short times.

use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const IDLE: Duration = Duration::from_millis(300);

/// `/watch` answers with a stream that lasts; everything else at once.
async fn serve_with(most: Most) -> (SocketAddr, TaskTracker) {
    serve_behind(Proxies::default(), most).await
}

async fn serve_behind(proxies: Proxies, most: Most) -> (SocketAddr, TaskTracker) {
    let router = Router::new().fallback(|request: axum::extract::Request| async move {
        match request.uri().path() {
            "/watch" => {
                let mut response =
                    Response::new(Body::from_stream(tokio_stream::pending::<Result<Bytes, io::Error>>()));
                response.extensions_mut().insert(LongLived);
                response
            }
            "/peer" => {
                let Peer(peer) = *request.extensions().get().unwrap();
                Response::new(Body::from(peer.to_string()))
            }
            "/unread" => Response::new(Body::from(vec![0; 1 << 20])),
            _ => Response::new(Body::empty()),
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, tracker) = (listener.local_addr().unwrap(), TaskTracker::new());
    let bounds = Bounds { most, idle: IDLE };
    tokio::spawn(serve(listener, proxies, None, router, bounds, CancellationToken::new(), tracker.clone()));
    (address, tracker)
}

fn plenty() -> Most {
    Most { all: 100, address: 100 }
}

/// Waits until the service has no connection any more.
async fn ends(tracker: &TaskTracker) -> bool {
    tracker.close();
    tokio::time::timeout(IDLE + GOODBYE_DEADLINE + Duration::from_secs(5), tracker.wait()).await.is_ok()
}

type Sender = hyper::client::conn::http2::SendRequest<Empty<Bytes>>;
type Connection = tokio::task::JoinHandle<hyper::Result<()>>;

async fn connect(address: SocketAddr) -> (Sender, Connection) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        // Pings all the time: they keep nothing open.
        .keep_alive_interval(Duration::from_millis(50))
        .keep_alive_while_idle(true)
        .initial_stream_window_size(1024)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    (sender, tokio::spawn(connection))
}

async fn get(sender: &mut Sender, path: &str) -> Response<hyper::body::Incoming> {
    sender.ready().await.unwrap();
    sender.send_request(Request::get(format!("http://localhost{path}")).body(Empty::new()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_connection_with_only_pings_or_an_unread_answer_is_closed() {
    for path in ["/", "/unread"] {
        let (address, tracker) = serve_with(plenty()).await;
        let (mut sender, _connection) = connect(address).await;
        let answer = get(&mut sender, path).await;
        assert!(ends(&tracker).await, "{path}: still open");
        drop(answer);
    }
}

#[tokio::test]
async fn an_open_watch_keeps_the_connection_until_it_ends() {
    let (address, tracker) = serve_with(plenty()).await;
    let (mut sender, mut connection) = connect(address).await;
    let answer = get(&mut sender, "/watch").await;
    let early = tokio::time::timeout(IDLE * 4, &mut connection).await;
    assert!(early.is_err(), "closed although a stream was open");
    drop(answer);
    assert!(ends(&tracker).await, "still open after the stream's end");
}

#[tokio::test]
async fn more_connections_than_an_address_may_have_are_closed_at_once() {
    let (address, _tracker) = serve_with(Most { address: 2, ..plenty() }).await;
    let (mut first, _one) = connect(address).await;
    let (mut second, _two) = connect(address).await;
    let _kept = (get(&mut first, "/watch").await, get(&mut second, "/watch").await);
    let mut third = TcpStream::connect(address).await.unwrap();
    let read = tokio::time::timeout(Duration::from_secs(5), third.read(&mut [0; 1])).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
}

/// What comes back for a request behind `header`; empty: the connection was closed.
async fn answer(address: SocketAddr, header: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{header}GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // One that is closed with unread bytes is reset.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap().rsplit("\r\n\r\n").next().unwrap().to_owned()
}

#[tokio::test]
async fn a_named_proxy_says_whose_a_connection_is_and_nobody_else() {
    let header = "PROXY TCP4 192.0.2.7 10.0.0.9 49153 443\r\n";
    let proxies = Proxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let (behind, _tracker) = serve_behind(proxies, plenty()).await;
    assert_eq!(answer(behind, header).await, "192.0.2.7:49153");
    assert_eq!(answer(behind, "").await, "", "a proxy that does not say it");
    let (plain, _tracker) = serve_with(plenty()).await;
    assert!(answer(plain, "").await.starts_with("127.0.0.1:"));
    assert_ne!(answer(plain, header).await, "192.0.2.7:49153", "whoever says it of themselves");
}

#[tokio::test]
async fn who_is_behind_a_proxy_has_a_limit_of_their_own() {
    let proxies = Proxies::new(vec!["127.0.0.1/32".parse().unwrap()]);
    let (address, _tracker) = serve_behind(proxies, Most { address: 1, ..plenty() }).await;
    let header = |last: u8| format!("PROXY TCP4 192.0.2.{last} 10.0.0.9 49153 443\r\n");
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(format!("{}GET /watch HTTP/1.1\r\nHost: a\r\n\r\n", header(1)).as_bytes()).await.unwrap();
    assert!(first.read(&mut [0; 64]).await.unwrap() > 0, "it is open");
    assert_eq!(answer(address, &header(1)).await, "");
    assert_eq!(answer(address, &header(2)).await, "192.0.2.2:49153");
}
