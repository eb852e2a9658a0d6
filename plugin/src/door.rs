//! The engine's socket: HTTP/1.1, one request a connection.
//!
//! `Connection: close` is on purpose: an idle kept connection would race with the end of this
//! process, and the engine repeats a request that was in flight then *without its body*.
//! One dial a call costs some microseconds.
//!
//! A few threads, each with its own single-threaded runtime and its own place in the kernel's
//! accept queue: a message of 8 MiB on one does not delay another, and no request changes threads.

use std::{
    convert::Infallible,
    io,
    os::unix::net::UnixListener as StdListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, Response, StatusCode, body::Body as _, body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use proto::authz::{ACTIVATE, ACTIVATED, ALLOWED, AUTHZ_REQ, AUTHZ_RES, MAX_MESSAGE_BYTES};
use tokio::{net::UnixListener, sync::Semaphore, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::authorize::Authorizer;

/// Threads that answer.
const MAX_THREADS: usize = 4;
/// Open connections a thread; the engine makes one a call, so this many calls wait for their
/// message to arrive. Beyond it the kernel's backlog is the queue.
const SLOTS: usize = 256;
/// The engine writes its message at once.
const HEADER_DEADLINE: Duration = Duration::from_secs(5);
/// For a message of 8 MiB.
const MESSAGE_DEADLINE: Duration = Duration::from_secs(10);
/// A larger message is not read to its end.
const MAX_DISCARDED_BYTES: usize = 64 << 20;
/// At the end: exit once no connection was open for this long,
const QUIET: Duration = Duration::from_millis(50);
/// and at the latest after this.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);

const TOO_LARGE: &str = "this request is larger than the 8 MiB that pullgate reads, and what it does not read it refuses";
const TOO_SLOW: &str = "this request did not reach pullgate whole within 10 seconds, and what it cannot read it refuses.\n\
                        Run the command again";

/// The running threads.
#[derive(Debug)]
pub struct Door {
    threads: Vec<thread::JoinHandle<io::Result<()>>>,
}

impl Door {
    /// Starts answering on `listener` until `stop`.
    ///
    /// # Errors
    /// When the system gives no thread or no descriptor.
    pub fn open(listener: &StdListener, authorizer: &Arc<Authorizer>, stop: &CancellationToken) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let count = thread::available_parallelism().map_or(1, usize::from).clamp(1, MAX_THREADS);
        let mut threads = Vec::new();
        for number in 0..count {
            let listener = listener.try_clone()?;
            let (authorizer, stop) = (Arc::clone(authorizer), stop.clone());
            let body = move || {
                // A thread that ends, ends the process: half a door is not told apart from a whole one.
                let _end = stop.clone().drop_guard();
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async {
                    serve(UnixListener::from_std(listener)?, authorizer, stop).await;
                    Ok(())
                })
            };
            threads.push(thread::Builder::new().name(format!("door-{number}")).stack_size(512 << 10).spawn(body)?);
        }
        Ok(Self { threads })
    }

    /// Waits until every accepted call was answered.
    ///
    /// # Errors
    /// When a thread did not end as asked.
    pub fn join(self) -> io::Result<()> {
        let mut result = Ok(());
        for thread in self.threads {
            let ended = thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread of the engine's socket panicked")));
            result = result.and(ended);
        }
        result
    }
}

async fn serve(listener: UnixListener, authorizer: Arc<Authorizer>, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(SLOTS));
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let accepted = tokio::select! {
            biased;
            accepted = accept(&listener, &slots) => accepted,
            () = stop.cancelled() => break,
        };
        let Some((stream, slot)) = accepted else { continue };
        let authorizer = Arc::clone(&authorizer);
        let gone = Open::new(&open);
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let authorizer = Arc::clone(&authorizer);
                async move { Ok::<_, Infallible>(respond(&authorizer, request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .keep_alive(false)
                .half_close(true)
                .auto_date_header(false)
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_DEADLINE)
                .serve_connection(TokioIo::new(stream), answer);
            // Bounds the writing of the answer as well: a caller that does not read loses its place.
            match timeout(HEADER_DEADLINE + MESSAGE_DEADLINE * 2, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!(%error, "a connection ended early"),
                Err(_) => debug!("a connection was too slow"),
            }
            drop((slot, gone));
        });
    }
    drain(listener, &open).await;
}

async fn accept(
    listener: &UnixListener,
    slots: &Arc<Semaphore>,
) -> Option<(tokio::net::UnixStream, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            // Out of descriptors or an aborted call: connections end soon, then there is room again.
            warn!(%error, "cannot accept a connection");
            tokio::time::sleep(Duration::from_millis(20)).await;
            None
        }
    }
}

/// Answers what was accepted; the listener's own copy is closed first, so that a successor gets the rest.
async fn drain(listener: UnixListener, open: &AtomicUsize) {
    drop(listener);
    let quiet = async {
        loop {
            tokio::time::sleep(QUIET).await;
            if open.load(Ordering::Acquire) == 0 {
                return;
            }
        }
    };
    if timeout(DRAIN_DEADLINE, quiet).await.is_err() {
        warn!(open = open.load(Ordering::Acquire), "connections were still open at the end");
    }
}

/// Counts one open connection.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

async fn respond(authorizer: &Authorizer, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let fixed = |text: &'static str| json(StatusCode::OK, Bytes::from_static(text.as_bytes()));
    match (request.method(), request.uri().path()) {
        (&Method::POST, AUTHZ_REQ) => {
            let answer = match read(request.into_body()).await {
                Message::Whole(message) => authorizer.answer(&message),
                Message::TooLarge => authorizer.refuse(TOO_LARGE),
                Message::Cut => authorizer.refuse(TOO_SLOW),
            };
            json(StatusCode::OK, answer)
        }
        // A refusal after the fact undoes nothing, so there is none. The message is read so that the
        // engine is not interrupted while it writes.
        (&Method::POST, AUTHZ_RES) => {
            let _ = timeout(MESSAGE_DEADLINE, discard(request.into_body())).await;
            fixed(ALLOWED)
        }
        (&Method::POST, ACTIVATE) => fixed(ACTIVATED),
        _ => json(
            StatusCode::NOT_FOUND,
            Bytes::from_static(br#"{"Err":"this socket answers Docker Engine's authorization requests only"}"#),
        ),
    }
}

fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    response
}

enum Message {
    Whole(Vec<u8>),
    TooLarge,
    Cut,
}

async fn read(mut body: Incoming) -> Message {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > MAX_MESSAGE_BYTES {
        return after_discarding(body).await;
    }
    let mut message = Vec::with_capacity(announced);
    let whole = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return Message::Cut };
            let Ok(data) = frame.into_data() else { continue };
            if message.len() + data.len() > MAX_MESSAGE_BYTES {
                return Message::TooLarge;
            }
            message.extend_from_slice(&data);
        }
        Message::Whole(std::mem::take(&mut message))
    };
    match timeout(MESSAGE_DEADLINE, whole).await {
        Ok(Message::TooLarge) => after_discarding(body).await,
        Ok(message) => message,
        Err(_) => Message::Cut,
    }
}

async fn after_discarding(body: Incoming) -> Message {
    let _ = timeout(MESSAGE_DEADLINE, discard(body)).await;
    Message::TooLarge
}

async fn discard(mut body: Incoming) {
    let mut left = MAX_DISCARDED_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = left.checked_sub(size) else { return };
        left = rest;
    }
}
