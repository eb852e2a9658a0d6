//! One answer to everybody, in the form that each kind of caller reads.

use std::{
    convert::Infallible,
    future::poll_fn,
    io, net,
    os::unix::net as unix,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode, body::Incoming, ext::ReasonPhrase, header, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use proto::authz;
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    task::JoinSet,
    time::{Duration, timeout, timeout_at},
};

/// For one caller: its request and the answer are a few lines.
const CALL: Duration = Duration::from_secs(2);
/// Callers at the same time; more wait in the queue.
const CALLERS: usize = 256;
/// Longest reason phrase; a longer one, or another alphabet, is left out.
const MAX_PHRASE: usize = 400;

type Answer = Response<Full<Bytes>>;

/// Tells an engine why, until `end`.
pub(super) async fn engine(socket: unix::UnixListener, end: Instant, why: Arc<str>) -> anyhow::Result<()> {
    socket.set_nonblocking(true)?;
    let listener = UnixListener::from_std(socket)?;
    until(end, move |context| listener.poll_accept(context), move |request| of_the_plugin(request.uri().path(), &why))
        .await;
    Ok(())
}

/// Tells who would fetch by the registry door why, until `end`.
pub(super) async fn door(socket: net::TcpListener, end: Instant, why: Arc<str>) -> anyhow::Result<()> {
    socket.set_nonblocking(true)?;
    let listener = TcpListener::from_std(socket)?;
    until(end, move |context| listener.poll_accept(context), move |_| of_the_door(&why)).await;
    Ok(())
}

/// Answers whoever comes, whatever a socket says of where from.
async fn until<S, P>(
    end: Instant,
    accept: impl Fn(&mut Context<'_>) -> Poll<io::Result<(S, P)>>,
    answer: impl Fn(&Request<Incoming>) -> Answer + Clone + Send + Sync + 'static,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut callers = JoinSet::new();
    while let Ok(accepted) = timeout_at(end.into(), poll_fn(&accept)).await {
        if let Ok((stream, _)) = accepted {
            callers.spawn(call(stream, answer.clone()));
        }
        make_room(&mut callers).await;
    }
    while callers.join_next().await.is_some() {}
}

async fn make_room(callers: &mut JoinSet<()>) {
    while callers.try_join_next().is_some() {}
    if callers.len() >= CALLERS {
        callers.join_next().await;
    }
}

/// One connection, to the end of one answer.
async fn call<S>(stream: S, answer: impl Fn(&Request<Incoming>) -> Answer)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let told = service_fn(|request| {
        let answer = answer(&request);
        async move {
            // To its end: an engine that is cut off in the middle of its question asks again, and hears nothing.
            let _ = http_body_util::BodyExt::collect(request.into_body()).await;
            Ok::<_, Infallible>(answer)
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(CALL).keep_alive(false);
    // Whoever is too slow, or no client, has been told as much as can be.
    let _ = timeout(CALL, http.serve_connection(TokioIo::new(stream), told)).await;
}

/// An engine comes up with it, and says it to whoever asks the engine for anything.
pub(super) fn of_the_plugin(path: &str, why: &str) -> Answer {
    if path == authz::ACTIVATE {
        return json(StatusCode::OK, authz::ACTIVATED.to_owned());
    }
    // Not a refusal: nothing was judged, and no proof may take it for one.
    json(StatusCode::INTERNAL_SERVER_ERROR, json!({ "Err": why }).to_string())
}

/// As a registry says it; and for who asks for a tunnel, and reads no body, in the status line.
pub(super) fn of_the_door(why: &str) -> Answer {
    let body = json!({ "errors": [{ "code": "UNAVAILABLE", "message": why }] });
    let mut answer = json(StatusCode::SERVICE_UNAVAILABLE, body.to_string());
    if let Ok(phrase) = ReasonPhrase::try_from(why.as_bytes())
        && why.len() <= MAX_PHRASE
    {
        answer.extensions_mut().insert(phrase);
    }
    answer
}

fn json(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    answer
}
