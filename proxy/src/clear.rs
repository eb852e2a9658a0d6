//! HTTP with a client in the clear. Bodies that only pass by go from socket to socket: the HTTP library reads
//! and writes heads, is then left for as long as a body takes, and begins anew behind it.

use std::{
    convert::Infallible,
    future::{pending, poll_fn},
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::Notify};
use tracing::debug;

use crate::{
    body::{Body, Moved},
    handover::{Client, Handover},
    io::Ahead,
    shared::Shared,
    slots::{Busy, Line},
    tunnel,
    upstream::Raw,
};

/// Serves requests of one connection until it ends. An answer may offer its body to the [`Handover`].
pub async fn serve<A, F>(shared: &Shared, mut client: Ahead, answer: A)
where
    A: Fn(Request<Incoming>, Arc<Handover>) -> F,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let line = Line::open(&shared.slots);
    let asked = Notify::new();
    loop {
        let handed_over = until_handover(shared, &line, client, &asked, &answer).await;
        let Some(HandedOver { stream, read, raw, _work }) = handed_over else { return };
        match carry(shared, &stream, &raw).await {
            Ok(()) => raw.give_back(),
            // The client was told how long the body is: by the end of its connection it knows that this was not all.
            Err(error) => return debug!(%error, "a body broke off"),
        }
        if shared.stop.is_cancelled() {
            return;
        }
        client = Ahead::with(read, stream);
    }
}

/// What the HTTP library gave back behind the head of an answer.
struct HandedOver {
    /// The client.
    stream: TcpStream,
    /// What was read of its next requests.
    read: Bytes,
    /// The answer's body.
    raw: Raw,
    /// The connection is at work without a break.
    _work: Busy,
}

/// Serves requests until a body is handed over.
async fn until_handover<A, F>(
    shared: &Shared,
    line: &Arc<Line>,
    client: Ahead,
    asked: &Notify,
    answer: &A,
) -> Option<HandedOver>
where
    A: Fn(Request<Incoming>, Arc<Handover>) -> F,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let handover = Arc::new(Handover::default());
    let service = service_fn(|request| {
        asked.notify_one();
        let (busy, response) = (line.begin(), answer(request, Arc::clone(&handover)));
        async move { Ok::<_, Infallible>(response.await.map(|body| body.of(busy))) }
    });
    let io = TokioIo::new(Client::new(client, shared.limits.idle, Arc::clone(&handover)));
    let mut connection = shared.http().serve_connection(io, service).with_upgrades();
    let mut stop = pin!(shared.ending(asked));
    let mut unused = pin!(line.unused(&shared.limits));
    let mut stopping = false;
    let raw = poll_fn(|cx| {
        if !stopping && stop.as_mut().poll(cx).is_ready() {
            stopping = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        if unused.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(Ok(())));
        }
        match Pin::new(&mut connection).poll(cx) {
            Poll::Ready(served) => Poll::Ready(Err(served)),
            Poll::Pending => handover.take().map_or(Poll::Pending, |raw| Poll::Ready(Ok(raw))),
        }
    })
    .await;
    match raw {
        Ok(raw) => {
            let _work = line.begin();
            // Only a connection that was upgraded has no parts, and that one has no body.
            let parts = connection.into_parts()?;
            let (stream, unseen) = parts.io.into_inner().into_parts();
            let mut read = BytesMut::from(parts.read_buf);
            read.extend_from_slice(&unseen);
            Some(HandedOver { stream, read: read.freeze(), raw, _work })
        }
        Err(served) => {
            if let Err(error) = served {
                debug!(error = %proto::chain(&error), "a connection broke");
            }
            None
        }
    }
}

/// The whole body, as long as something moves and the client stays.
async fn carry(shared: &Shared, client: &TcpStream, raw: &Raw) -> io::Result<()> {
    let moved = Moved::now();
    let touch = || moved.touch();
    let carried = async {
        tunnel::write_all(client, raw.first(), touch).await?;
        tunnel::exactly(raw.stream(), client, raw.left(), touch).await
    };
    tokio::select! {
        carried = carried => carried,
        () = moved.quiet(shared.limits.idle) => Err(io::ErrorKind::TimedOut.into()),
        () = gone(client) => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Waits for the end of what the client says: who waits for an answer does not end it. The next request may
/// come early, and then an end is noticed when the body is written.
async fn gone(client: &TcpStream) {
    if client.peek(&mut [0]).await.is_ok_and(|seen| seen > 0) {
        pending::<()>().await;
    }
}
