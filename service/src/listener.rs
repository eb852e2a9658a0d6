//! One port: TLS (or plain HTTP on loopback), HTTP/1.1 and HTTP/2.
//!
//! An own accept loop, because every wait on a peer needs a deadline: a silent or babbling
//! connection costs one slot for a few seconds and delays nobody.

mod activity;
mod places;
mod proxied;

use std::{io, net::SocketAddr, num::NonZeroUsize, time::Duration};

use axum::{Router, body::Body};
use http_body_util::BodyExt as _;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use self::{
    activity::Activity,
    places::{Place, Places},
};
pub use self::{places::Most, proxied::Proxies};

/// Open connections. An agent holds one; more are closed at once, so the backlog never fills.
pub const MAX_CONNECTIONS: usize = 10_000;
/// Of one address: an office may be behind one.
pub const MAX_OF_ADDRESS: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");
/// From accept to the end of the TLS handshake.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);
/// From there to the first whole request head; also between requests of HTTP/1.1.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// A peer of HTTP/2 that does not answer is gone after the sum of both.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a request, and without an authenticated watch stream, a connection ends after this.
const IDLE: Duration = Duration::from_secs(60);
/// From the goodbye to the cut.
const GOODBYE_DEADLINE: Duration = Duration::from_secs(5);
/// Bytes on their way on one call and on one connection, before anybody reads them.
const STREAM_WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 256 << 10;
/// Calls at once on one connection: an agent makes three.
const MAX_STREAMS: u32 = 64;
/// Request head, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// The other end's address; in the extensions of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Marks the answer of a call that may last: an authenticated watch stream.
#[derive(Clone, Copy, Debug)]
pub struct LongLived;

/// What connections may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many.
    pub most: Most,
    /// How long one may be there for nothing.
    pub idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { most: Most { all: MAX_CONNECTIONS, address: MAX_OF_ADDRESS.get() }, idle: IDLE }
    }
}

/// Accepts until told to stop; connections run in `tracker` and end gracefully after `stop`.
pub async fn serve(
    listener: TcpListener,
    proxies: Proxies,
    tls: Option<TlsAcceptor>,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
    tracker: TaskTracker,
) {
    let places = Places::new(bounds.most);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (mut stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        let is_proxy = proxies.include(peer);
        let place = match if is_proxy { places.any() } else { places.take(peer.ip()) } {
            Ok(place) => place,
            Err(open) => {
                refuse(peer, open);
                continue;
            }
        };
        let (tls, router, stop) = (tls.clone(), router.clone(), stop.clone());
        tracker.spawn(async move {
            let (peer, place) = if is_proxy {
                match client(&mut stream, peer, place).await {
                    Some(client) => client,
                    None => return,
                }
            } else {
                (peer, place)
            };
            if let Err(error) = connection(stream, Peer(peer), tls, router, stop, bounds.idle).await {
                tracing::debug!(%peer, error = %proto::chain(&*error), "connection ended");
            }
            drop(place);
        });
    }
}

fn refuse(peer: SocketAddr, open: usize) {
    tracing::warn!(%peer, open, "too many connections; one was closed");
}

/// Whose a connection through a proxy is, with their own place; none: it is closed.
async fn client(stream: &mut TcpStream, proxy: SocketAddr, place: Place) -> Option<(SocketAddr, Place)> {
    let client = match tokio::time::timeout(HANDSHAKE_DEADLINE, proxied::client(stream, proxy)).await {
        Ok(Ok(client)) => client,
        // A health check that only connects.
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return None,
        Ok(Err(error)) => {
            tracing::warn!(%proxy, %error, "a connection of a proxy was closed");
            return None;
        }
        Err(_) => {
            tracing::warn!(%proxy, "a proxy did not say in time whose its connection is; it was closed: let it send the PROXY protocol first");
            return None;
        }
    };
    match place.of(client.ip()) {
        Ok(place) => Some((client, place)),
        Err(open) => {
            refuse(client, open);
            None
        }
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
    idle: Duration,
) -> Result<(), Error> {
    // Answers are small: nothing is gained by waiting for more.
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        return http(stream, builder(), peer, router, stop, idle).await;
    };
    let stream = tokio::select! {
        stream = tokio::time::timeout(HANDSHAKE_DEADLINE, tls.accept(stream)) => stream??,
        () = stop.cancelled() => return Ok(()),
    };
    let builder = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => builder().http2_only(),
        _ => builder().http1_only(),
    };
    http(stream, builder, peer, router, stop, idle).await
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
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEAD as u32);
    builder
}

async fn http<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    io: I,
    builder: Builder<TokioExecutor>,
    peer: Peer,
    router: Router,
    stop: CancellationToken,
    idle: Duration,
) -> Result<(), Error> {
    let activity = Activity::new();
    let service = service_fn({
        let activity = activity.clone();
        move |mut request: hyper::Request<hyper::body::Incoming>| {
            let (router, activity) = (router.clone(), activity.clone());
            activity.asked();
            request.extensions_mut().insert(peer);
            async move {
                let response = router.oneshot(request.map(Body::new)).await?;
                if response.extensions().get::<LongLived>().is_none() {
                    return Ok(response);
                }
                let watching = activity.watch();
                Ok::<_, std::convert::Infallible>(response.map(|body| {
                    // Lives as long as the body.
                    Body::new(body.map_frame(move |frame| {
                        let _ = &watching;
                        frame
                    }))
                }))
            }
        }
    });
    let serving = builder.serve_connection(TokioIo::new(io), service);
    let mut serving = std::pin::pin!(serving);
    let mut alarm = std::pin::pin!(tokio::time::sleep(REQUEST_DEADLINE.min(idle)));
    let mut ending = false;
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = serving.as_mut() => return ended,
            // Covers what the protocols' own deadlines do not: nothing, half a preface, or only pings behind a
            // good handshake, and an answer that nobody reads.
            () = alarm.as_mut() => {
                let ends = activity.ends(REQUEST_DEADLINE, idle);
                let over = ends <= Instant::now();
                // Who never asked needs no goodbye.
                if ending || (over && !activity.was_used()) {
                    return Err("nothing was asked for too long".into());
                }
                ending = over;
                if ending {
                    serving.as_mut().graceful_shutdown();
                }
                alarm.as_mut().reset(if ending { Instant::now() + GOODBYE_DEADLINE } else { ends });
            }
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests;
