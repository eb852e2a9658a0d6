//! One request: checked, decided, passed on, and the answer back. Everything streams but manifests,
//! which are read whole where the gate wants to learn from them.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header, response, uri::PathAndQuery};
use http_body::Body as _;
use hyper::{body::Incoming, ext::ReasonPhrase};
use tokio::sync::Notify;
use tracing::{debug, info};

use crate::{
    answer::{self, Trouble},
    authority::Authority,
    body::{Body, Moved, Watched},
    gate::{Answer, Asked, Learn},
    handover::Handover,
    shared::Shared,
    slots::Line,
    upstream::{Found, Raw, Target},
};

mod headers;
mod manifest;

/// Answers a request of a connection that leads to `target`; where that is in the clear, bodies that only pass by
/// may be handed over.
pub async fn answer(
    shared: &Shared,
    target: &Target,
    request: Request<Incoming>,
    handover: Option<&Arc<Handover>>,
) -> Response<Body> {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let response = relay(shared, target, request, handover).await.unwrap_or_else(|trouble| {
        info!(host = %target.authority, error = %trouble, "not passed on");
        answer::trouble(&trouble)
    });
    // Never the query: redirected requests carry their authorization in there.
    debug!(host = %target.authority, %method, path, status = response.status().as_u16(), "answered");
    response
}

async fn relay(
    shared: &Shared,
    target: &Target,
    request: Request<Incoming>,
    handover: Option<&Arc<Handover>>,
) -> Result<Response<Body>, Trouble> {
    let handover = handover.filter(|_| passes_by(target, &request));
    let registry = registry(target, &request)?;
    let moved = Moved::now();
    let (mut parts, body) = request.into_parts();
    let asked_for =
        parts.uri.path_and_query().cloned().filter(|target| target.as_str().starts_with('/')).ok_or(NO_PATH)?;
    let asked = Asked {
        host: &registry,
        method: &parts.method,
        target: asked_for.as_str(),
        headers: &parts.headers,
        led: target.loopback,
        mirror: target.mirror || shared.upstream.dialer().knows_mirror(&target.authority),
    };
    let body = Watched::upload(body, shared.limits.idle, moved.clone());
    let learn = match shared.gate.ask(asked).await {
        Answer::Pass(learn) => learn,
        Answer::Refuse(refusal) => return Ok(answer::refusal(&refusal)),
    };
    let method = parts.method.clone();
    headers::request(&mut parts.headers);
    if learn.reads_body() {
        // Go offers gzip by itself, and takes what comes without. Of a part nothing could be told.
        parts.headers.remove(header::ACCEPT_ENCODING);
        parts.headers.remove(header::RANGE);
    }
    parts.uri = absolute(target, asked_for).ok_or(NO_PATH)?;
    parts.version = http::Version::HTTP_11;
    parts.extensions = http::Extensions::new();
    let body = Body::passed(body);
    if matches!(method, Method::POST | Method::PUT | Method::PATCH) && body.is_end_stream() {
        // The client library says nothing of a body that is not there, and some servers answer 411.
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let mut request = Request::from_parts(parts, body);
    if let Some(handover) = handover.filter(|_| !learn.reads_body()) {
        // So that what is left of the client's request does not hold its connection.
        *request.body_mut() = Body::own(Bytes::new());
        let response = shared.upstream.send_direct(request, target).await?;
        return match response.into_parts() {
            (head, Found::Pieces(body)) => back(shared, target, &method, Response::from_parts(head, body), learn).await,
            (head, Found::Raw(raw)) => over(shared, target, Response::from_parts(head, raw), learn, handover),
        };
    }
    moved.touch();
    let response = shared.upstream.send(request, target, &moved).await?;
    back(shared, target, &method, response, learn).await
}

/// Whether nobody here wants to see the answer's body, so that it may go from socket to socket.
fn passes_by(target: &Target, request: &Request<Incoming>) -> bool {
    let closes = request.headers().get_all(header::CONNECTION).iter().any(|line| {
        line.as_bytes().split(|byte| *byte == b',').any(|word| word.trim_ascii().eq_ignore_ascii_case(b"close"))
    });
    // A connection that ends behind this answer is left to who knows how.
    !target.tls
        && !closes
        && *request.method() == Method::GET
        && request.version() == http::Version::HTTP_11
        && request.body().is_end_stream()
}

/// The registry's answer, whose body is handed over.
fn over(
    shared: &Shared,
    target: &Target,
    response: Response<Raw>,
    mut learn: Learn,
    handover: &Arc<Handover>,
) -> Result<Response<Body>, Trouble> {
    learn.head(&response);
    let (parts, raw) = response.into_parts();
    let parts = head(target, parts, false)?;
    if let Err(refusal) = shared.gate.confirm(&learn) {
        return Ok(answer::refusal(&refusal));
    }
    let body = Body::handed_over(Arc::clone(handover), raw.length());
    handover.offer(raw);
    Ok(Response::from_parts(parts, body))
}

/// The head of an answer, as the client gets it.
fn head(target: &Target, mut parts: response::Parts, bodiless: bool) -> Result<response::Parts, Trouble> {
    if parts.status.is_informational() {
        // No upgrade was asked for.
        let why = format!("it says {}", parts.status.as_u16());
        return Err(Trouble::Malformed { host: target.authority.to_string(), why });
    }
    headers::response(&mut parts.headers, bodiless);
    parts.version = http::Version::HTTP_11;
    let reason = parts.extensions.remove::<ReasonPhrase>();
    parts.extensions = http::Extensions::new();
    if let Some(reason) = reason {
        parts.extensions.insert(reason);
    }
    Ok(parts)
}

/// The registry's answer, as the client gets it.
async fn back(
    shared: &Shared,
    target: &Target,
    method: &Method,
    response: Response<Incoming>,
    mut learn: Learn,
) -> Result<Response<Body>, Trouble> {
    let is_manifest = learn.head(&response);
    let (parts, body) = response.into_parts();
    let bodiless = *method == Method::HEAD || parts.status == StatusCode::NOT_MODIFIED;
    let parts = head(target, parts, bodiless)?;
    let body = Watched::new(body, shared.limits.idle);
    let body = match is_manifest && !bodiless {
        true => manifest::read(shared, target, body, &mut learn).await?,
        false => Body::passed(body),
    };
    if let Err(refusal) = shared.gate.confirm(&learn) {
        return Ok(answer::refusal(&refusal));
    }
    Ok(Response::from_parts(parts, body))
}

const NO_PATH: Trouble = Trouble::Request { why: "it asks for no path" };

/// The registry as the engine names it. Everything that could be read as another host is refused.
fn registry(target: &Target, request: &Request<Incoming>) -> Result<String, Trouble> {
    if *request.method() == Method::CONNECT {
        return Err(Trouble::Request { why: "CONNECT is not accepted inside a connection" });
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().filter(|_| hosts.next().is_none());
    let host = host.ok_or(Trouble::Request { why: "it has not exactly one Host header" })?;
    let host = host.to_str().map_err(|_| Trouble::Request { why: "its Host header is no host" })?;
    let port = if target.tls { 443 } else { 80 };
    let read = |text: &str| {
        Authority::parse(text, Some(port)).map_err(|_| Trouble::Request { why: "it is for no host that can be" })
    };
    let named = read(host)?;
    let written = request.uri().authority().map_or(host, |authority| authority.as_str());
    if read(written)? != named {
        return Err(Trouble::Request { why: "its Host header and its target differ" });
    }
    // Under TLS the default port is none for a policy either.
    let name = match !target.tls && Authority::names_port(written) {
        true => named.to_string(),
        false => named.registry(port),
    };
    if !target.loopback {
        // INVARIANT: what is decided on is what is asked, and what is asked is where the connection leads.
        return match named == target.authority {
            true => Ok(name),
            false => Err(Trouble::Misdirected { connection: target.authority.to_string() }),
        };
    }
    // The address is what counts; the name is only how the engine calls it.
    let own_name = named.host().is_loopback() && named.port() == target.authority.port();
    Ok(if own_name { name } else { target.authority.registry(port) })
}

fn absolute(target: &Target, path: PathAndQuery) -> Option<Uri> {
    let scheme = if target.tls { http::uri::Scheme::HTTPS } else { http::uri::Scheme::HTTP };
    Uri::builder().scheme(scheme).authority(target.authority.to_string()).path_and_query(path).build().ok()
}

/// A request in absolute form, as a proxy gets it: where it leads to. Whether that is a mirror is not looked at.
///
/// # Errors
/// [`Trouble`]: not for a proxy, or for one that speaks TLS itself.
pub fn absolute_target(uri: &Uri) -> Result<Target, Trouble> {
    let authority = uri.authority().ok_or(Trouble::Request { why: "this is a proxy, and no host is named" })?;
    if uri.scheme() != Some(&http::uri::Scheme::HTTP) {
        return Err(Trouble::Request { why: "other schemes than http need CONNECT" });
    }
    let authority = Authority::parse(authority.as_str(), Some(80))
        .map_err(|_| Trouble::Request { why: "it is for no host that can be" })?;
    Ok(Target { authority, tls: false, loopback: false, mirror: false })
}

/// Serves requests of one connection that leads to `target` until it ends.
pub async fn serve<S>(shared: Arc<Shared>, target: Target, stream: S)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (target, asked) = (Arc::new(target), Arc::new(Notify::new()));
    let line = Line::open(&shared.slots);
    let service = hyper::service::service_fn({
        let (shared, line, asked) = (Arc::clone(&shared), Arc::clone(&line), Arc::clone(&asked));
        move |request| {
            asked.notify_one();
            let (shared, target, busy) = (Arc::clone(&shared), Arc::clone(&target), line.begin());
            async move {
                let answer = answer(&shared, &target, request, None).await;
                Ok::<_, std::convert::Infallible>(answer.map(|body| body.of(busy)))
            }
        }
    });
    let connection = shared.http().serve_connection(hyper_util::rt::TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = line.unused(&shared.limits) => return,
        () = shared.ending(&asked) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        debug!(error = %proto::chain(&error), "a connection broke");
    }
}
