//! Every connection that is not the common call: a complete HTTP/1.1 server with slots and deadlines.

use std::{convert::Infallible, io, os::unix::net::UnixStream as StdStream, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body as _, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use proto::authz::MAX_MESSAGE_BYTES;
use tokio::{
    io::AsyncReadExt as _,
    net::UnixStream,
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, mpsc},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{DRAIN, Handover, Question};
use crate::authorize::Authorizer;

/// Open connections; below the usual limit of 1024 descriptors. Beyond it the kernel's backlog is the queue.
const SLOTS: u32 = 512;
/// The engine writes its message at once.
const HEADER_DEADLINE: Duration = Duration::from_secs(5);
/// For a message of 8 MiB.
const MESSAGE_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of large messages in memory at once; others wait for their turn, and their deadline.
const LARGE_BYTES: usize = 2 * MAX_MESSAGE_BYTES;
/// Messages up to this do not wait.
const SMALL: usize = 128 << 10;
/// A larger message is not read to its end.
const MAX_DISCARDED_BYTES: usize = 64 << 20;

const TOO_LARGE: &str =
    "this request is larger than the 8 MiB that pullgate reads, and what it does not read it refuses";
const TOO_SLOW: &str = "this request did not reach pullgate whole within 10 seconds, and what it cannot read it refuses.\n\
                        Run the command again";

/// Serves until the fast thread is gone and every connection is done, at most [`DRAIN`] beyond `stopping`.
pub(super) async fn serve(
    mut handed_over: mpsc::Receiver<Handover>,
    authorizer: Arc<Authorizer>,
    stopping: &CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(SLOTS as usize));
    let large = Arc::new(Semaphore::new(LARGE_BYTES));
    let all = async {
        while let Some(Handover { stream, read }) = handed_over.recv().await {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
            match asynchronous(stream) {
                Ok(stream) => {
                    drop(tokio::spawn(connection(stream, read, Arc::clone(&authorizer), Arc::clone(&large), slot)));
                }
                Err(error) => warn!(%error, "cannot serve a connection"),
            }
        }
        let _ = slots.acquire_many(SLOTS).await;
    };
    let too_late = async {
        stopping.cancelled().await;
        sleep(DRAIN).await;
    };
    tokio::select! {
        () = all => {}
        () = too_late => warn!("connections were still open at the end"),
    }
}

fn asynchronous(stream: StdStream) -> io::Result<UnixStream> {
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

async fn connection(
    stream: UnixStream,
    read: Vec<u8>,
    authorizer: Arc<Authorizer>,
    large: Arc<Semaphore>,
    slot: OwnedSemaphorePermit,
) {
    let from = stream.peer_cred().ok().and_then(|peer| peer.pid());
    let (reader, writer) = stream.into_split();
    let stream = tokio::io::join(io::Cursor::new(read).chain(reader), writer);
    let answer = service_fn(move |request| {
        let (authorizer, large) = (Arc::clone(&authorizer), Arc::clone(&large));
        async move { Ok::<_, Infallible>(respond(&authorizer, &large, request, from).await) }
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
    drop(slot);
}

async fn respond(
    authorizer: &Authorizer,
    large: &Semaphore,
    request: Request<Incoming>,
    from: Option<i32>,
) -> Response<Full<Bytes>> {
    let question = match request.method() {
        &Method::POST => Question::at(request.uri().path()),
        _ => None,
    };
    let Some(question) = question else {
        let text = br#"{"Err":"this socket answers Docker Engine's authorization requests only"}"#;
        return json(StatusCode::NOT_FOUND, Bytes::from_static(text));
    };
    let mut room = None;
    let wanted = question == Question::Request || (question == Question::Response && authorizer.wants_reports());
    let answer = match (question, read(wanted, request.into_body(), large, &mut room).await) {
        (Question::Request, Message::TooLarge) => authorizer.refuse(TOO_LARGE),
        (Question::Request, Message::Cut) => authorizer.refuse(TOO_SLOW),
        (question, Message::Whole(message)) => question.answer(authorizer, &message, from).await,
        (question, Message::TooLarge | Message::Cut) => question.answer(authorizer, &[], from).await,
    };
    json(StatusCode::OK, answer)
}

fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

enum Message {
    Whole(Vec<u8>),
    TooLarge,
    Cut,
}

/// Reads a message to its end, so that the engine is not interrupted while it writes. Only one that
/// is `wanted` is kept.
///
/// `room` is what it takes of the memory for large messages, given back after the answer.
async fn read<'a>(
    wanted: bool,
    mut body: Incoming,
    large: &'a Semaphore,
    room: &mut Option<SemaphorePermit<'a>>,
) -> Message {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if !wanted || announced > MAX_MESSAGE_BYTES {
        return discard(body).await;
    }
    let mut message = Vec::with_capacity(announced.min(SMALL));
    let whole = async {
        // Without an announced length it could be of any.
        let size = if body.size_hint().exact().is_some() { announced } else { MAX_MESSAGE_BYTES };
        if size > SMALL {
            let size = u32::try_from(size).unwrap_or(u32::MAX);
            *room = large.acquire_many(size).await.ok();
            message.reserve_exact(announced);
        }
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return Message::Cut };
            let Ok(data) = frame.into_data() else { continue };
            if message.len().saturating_add(data.len()) > MAX_MESSAGE_BYTES {
                return Message::TooLarge;
            }
            message.extend_from_slice(&data);
        }
        Message::Whole(std::mem::take(&mut message))
    };
    match timeout(MESSAGE_DEADLINE, whole).await {
        Ok(Message::TooLarge) => discard(body).await,
        Ok(message) => message,
        Err(_) => Message::Cut,
    }
}

async fn discard(mut body: Incoming) -> Message {
    let mut left = MAX_DISCARDED_BYTES;
    let all = async {
        while let Some(Ok(frame)) = body.frame().await {
            let size = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(size) else { return };
            left = rest;
        }
    };
    let _ = timeout(MESSAGE_DEADLINE, all).await;
    Message::TooLarge
}
