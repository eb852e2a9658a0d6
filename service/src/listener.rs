//! One port: TLS (or plain HTTP on loopback), HTTP/1.1 and HTTP/2.
//!
//! An own accept loop, because every wait on a peer needs a deadline: a silent or babbling
//! connection costs one slot for a few seconds and delays nobody.

use std::{io, net::SocketAddr, sync::Arc, sync::atomic::AtomicBool, sync::atomic::Ordering, time::Duration};

use axum::Router;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

/// Open connections. An agent holds one; more are closed at once, so the backlog never fills.
pub const MAX_CONNECTIONS: usize = 10_000;
/// From accept to the end of the TLS handshake.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);
/// From there to the first whole request head; also between requests of HTTP/1.1.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// A peer of HTTP/2 that does not answer is gone after the sum of both.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Calls at once on one connection: an agent makes three.
const MAX_STREAMS: u32 = 64;
/// Request head, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// The other end's address; in the extensions of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Accepts until told to stop; connections run in `tracker` and end gracefully after `stop`.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: CancellationToken,
    tracker: TaskTracker,
) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            tracing::warn!(%peer, limit = MAX_CONNECTIONS, "too many connections; one was closed");
            continue;
        };
        let (tls, router, stop) = (tls.clone(), router.clone(), stop.clone());
        tracker.spawn(async move {
            if let Err(error) = connection(stream, Peer(peer), tls, router, stop).await {
                tracing::debug!(%peer, error = %proto::chain(&*error), "connection ended");
            }
            drop(slot);
        });
    }
}

/// Out of descriptors: let connections end before asking again.
async fn pause_after(error: &io::Error) {
    let one_peer = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    );
    if !one_peer {
        tracing::warn!(%error, "no connection can be accepted; trying again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

async fn connection(
    stream: TcpStream,
    peer: Peer,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: CancellationToken,
) -> Result<(), Error> {
    // Answers are small: nothing is gained by waiting for more.
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        return http(stream, builder(), peer, router, stop).await;
    };
    let stream = tokio::select! {
        stream = tokio::time::timeout(HANDSHAKE_DEADLINE, tls.accept(stream)) => stream??,
        () = stop.cancelled() => return Ok(()),
    };
    let builder = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => builder().http2_only(),
        _ => builder().http1_only(),
    };
    http(stream, builder, peer, router, stop).await
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_DEADLINE)
        .max_buf_size(MAX_HEAD)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD as u32);
    builder
}

async fn http<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    io: I,
    builder: Builder<TokioExecutor>,
    peer: Peer,
    router: Router,
    stop: CancellationToken,
) -> Result<(), Error> {
    let asked = Arc::new(AtomicBool::new(false));
    let service = service_fn({
        let asked = Arc::clone(&asked);
        move |mut request: hyper::Request<hyper::body::Incoming>| {
            asked.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(peer);
            router.clone().oneshot(request.map(axum::body::Body::new))
        }
    });
    let serving = builder.serve_connection(TokioIo::new(io), service);
    let mut serving = std::pin::pin!(serving);
    let silence = tokio::time::sleep(REQUEST_DEADLINE);
    let mut silence = std::pin::pin!(silence);
    let (mut silent, mut stopping) = (true, false);
    loop {
        tokio::select! {
            ended = serving.as_mut() => return ended,
            // Covers what the protocols' own deadlines do not: nothing, or half a preface, behind a good handshake.
            () = silence.as_mut(), if silent => {
                silent = false;
                if !asked.load(Ordering::Relaxed) {
                    return Err("no request came in time".into());
                }
            }
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}
