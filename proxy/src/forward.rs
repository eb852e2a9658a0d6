//! The forward proxy: CONNECT, and requests in absolute form.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tracing::{debug, info};

use crate::{
    answer::{self, Trouble},
    authority::Authority,
    body::Body,
    clear,
    handover::{Client, Handover},
    intercept,
    io::Ahead,
    peer::{self, Peer},
    relay,
    shared::Shared,
    slots::Slot,
};

/// Serves a client of the proxy.
pub async fn serve(shared: Arc<Shared>, stream: TcpStream, slot: Slot) {
    let peer = peer::of(&stream);
    let answer = |request, handover| {
        let (shared, slot) = (Arc::clone(&shared), Arc::clone(&slot));
        async move {
            match admit(&shared, peer) {
                Ok(()) => answer(shared, request, slot, handover).await,
                Err(trouble) => answer::trouble(&trouble),
            }
        }
    };
    clear::serve(&shared, Ahead::with(Bytes::new(), stream), answer).await;
}

/// INVARIANT: the door is the engine's way, and the engine is root. What the door may reach and they may not,
/// other users of the machine do not reach through it: an upstream proxy, and by its password.
fn admit(shared: &Shared, peer: Peer) -> Result<(), Trouble> {
    let has_password = || shared.settings.upstream_proxy.as_ref().is_some_and(|proxy| proxy.authorization.is_some());
    match peer {
        Peer::Engine => Ok(()),
        Peer::Unknown if !has_password() => Ok(()),
        Peer::Unknown | Peer::Other(_) | Peer::Gone => {
            info!(?peer, "somebody else than the engine is turned away");
            Err(Trouble::Stranger)
        }
    }
}

async fn answer(
    shared: Arc<Shared>,
    mut request: Request<Incoming>,
    slot: Slot,
    handover: Arc<Handover>,
) -> Response<Body> {
    if *request.method() == Method::CONNECT {
        return connect(shared, request, slot).unwrap_or_else(|trouble| answer::trouble(&trouble));
    }
    match relay::absolute_target(request.uri()) {
        Ok(mut target) => {
            target.mirror = shared.upstream.dialer().is_mirror(&target.authority).await;
            // From here on it is a request as one inside a connection to that host.
            let authority = request.uri().authority().cloned();
            let own = http::HeaderValue::from_str(authority.as_ref().map_or("", |authority| authority.as_str()));
            if let (false, Ok(own)) = (request.headers().contains_key(header::HOST), own) {
                request.headers_mut().insert(header::HOST, own);
            }
            relay::answer(&shared, &target, request, Some(&handover)).await
        }
        Err(trouble) => answer::trouble(&trouble),
    }
}

/// Always 200 where there is a host: an engine that is refused a CONNECT tries again in the clear.
fn connect(shared: Arc<Shared>, request: Request<Incoming>, slot: Slot) -> Result<Response<Body>, Trouble> {
    let authority = host(request.uri())?;
    // Go's own code cannot send this, so that it is the engine's `git` for a build context: it does
    // not trust our authority, and fetches no images.
    let agent = request.headers().get(header::USER_AGENT);
    let git = agent.is_some_and(|agent| agent.as_bytes().starts_with(b"git/"));
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        let _slot = slot;
        let upgraded = match hyper::upgrade::on(request).await {
            Ok(upgraded) => upgraded,
            Err(error) => return debug!(error = %proto::chain(&error), "a client left after CONNECT"),
        };
        // It is what was given to hyper, so that this cannot fail.
        let Ok(parts) = upgraded.downcast::<TokioIo<Client>>() else { return };
        let (client, unseen) = parts.io.into_inner().into_parts();
        let first = [parts.read_buf, unseen].concat().into();
        intercept::connected(shared, authority, git, client, first).await;
    });
    Ok(Response::new(Body::own(Bytes::new())))
}

fn host(uri: &Uri) -> Result<Authority, Trouble> {
    let authority = uri.authority().and_then(|authority| Authority::parse(authority.as_str(), None).ok());
    authority.ok_or(Trouble::Request { why: "CONNECT needs `host:port`" })
}
