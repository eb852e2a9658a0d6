//! The way to registries: resolved, connected, verified, pooled.

use std::sync::Arc;

use http::{Method, Request, Response, header};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{self, Client, connect::capture_connection},
    rt::{TokioExecutor, TokioTimer},
};

use crate::{
    answer::Trouble,
    authority::Authority,
    body::{Body, BodyError, Moved},
    limits::{self, Limits},
    settings::Settings,
};

mod connect;
mod crowd;
mod dial;
mod direct;
mod error;
mod records;
mod trust;

pub use crowd::Member;
pub use dial::Dialer;
use direct::Direct;
pub use direct::{Found, Raw};
pub use error::ConnectError;
pub use trust::TrustError;

use connect::{Connector, Mode};
use crowd::Crowd;
use trust::Trust;

/// Clients for registries.
#[derive(Debug)]
pub struct Upstream {
    dialer: Arc<Dialer>,
    forward: Client<Connector, Body>,
    loopback: Client<Connector, Body>,
    direct: Direct,
    limits: Limits,
}

/// Where a request goes.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server.
    pub authority: Authority,
    /// Whether the client speaks TLS.
    pub tls: bool,
    /// What it asks for came over the loopback listener: such registries are insecure by definition.
    pub loopback: bool,
    /// It stands for Docker Hub, as far as was known when the connection began.
    pub mirror: bool,
}

impl Upstream {
    /// With what the administrator settled. `own`: the door's addresses, which are never dialled.
    ///
    /// # Errors
    /// When there are no usable roots of trust.
    pub fn new(settings: Arc<Settings>, own: Vec<std::net::SocketAddr>, limits: Limits) -> Result<Self, TrustError> {
        let trust = Arc::new(Trust::load(Arc::clone(&settings))?);
        let dialer = Arc::new(Dialer::new(settings, own, limits.clone()));
        let crowd = Crowd::default();
        let client = |mode| {
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(limits.upstream_idle)
                .pool_max_idle_per_host(limits::IDLE_PER_HOST)
                .http1_max_buf_size(limits::ANSWER_HEAD)
                .set_host(false)
                .build(Connector::new(Arc::clone(&dialer), Arc::clone(&trust), crowd.clone(), mode))
        };
        let (forward, loopback) = (client(Mode::Forward), client(Mode::Loopback));
        let direct = Direct::new(limits.upstream_idle);
        Ok(Self { dialer, forward, loopback, direct, limits })
    }

    /// Whether there would be somebody to believe.
    ///
    /// # Errors
    /// When there are no usable roots of trust.
    pub fn check(settings: &Settings) -> Result<(), TrustError> {
        Trust::load(Arc::new(settings.clone())).map(|_| ())
    }

    /// Opens connections.
    #[must_use]
    pub fn dialer(&self) -> &Dialer {
        &self.dialer
    }

    /// Sends a request whose URI is absolute; `moved` tells when its body moves.
    ///
    /// # Errors
    /// [`Trouble`]: what to answer instead.
    pub async fn send(
        &self,
        mut request: Request<Body>,
        target: &Target,
        moved: &Moved,
    ) -> Result<Response<Incoming>, Trouble> {
        if !target.tls && !target.loopback {
            self.dialer.authorize_clear(&mut request, target.authority.host());
        }
        let again = again(&request);
        let mut answer = self.once(request, target, moved).await;
        // A kept connection that the registry closed at this very moment: the next one is new, or tells more.
        if let (Err(Failure::Closed(_)), Some(again)) = (&answer, again) {
            answer = self.once(again, target, moved).await;
        }
        answer.map_err(|failure| failure.trouble(&target.authority))
    }

    /// Sends a request in the clear that has no body, so that the answer's body can be taken out of its socket.
    ///
    /// # Errors
    /// [`Trouble`]: what to answer instead.
    pub async fn send_direct(&self, mut request: Request<Body>, target: &Target) -> Result<Response<Found>, Trouble> {
        if !target.loopback {
            self.dialer.authorize_clear(&mut request, target.authority.host());
        }
        let again = again(&request);
        let mut answer = self.direct.send(&self.dialer, request, target, false).await;
        if let (Err(Failure::Closed(_)), Some(again)) = (&answer, again) {
            answer = self.direct.send(&self.dialer, again, target, true).await;
        }
        answer.map_err(|failure| failure.trouble(&target.authority))
    }

    async fn once(
        &self,
        mut request: Request<Body>,
        target: &Target,
        moved: &Moved,
    ) -> Result<Response<Incoming>, Failure> {
        let client = if target.loopback { &self.loopback } else { &self.forward };
        let sends = !matches!(*request.method(), Method::GET | Method::HEAD);
        let most = if sends { self.limits.push_head } else { self.limits.head };
        let mut connection = capture_connection(&mut request);
        let mut answer = client.request(request);
        // A connection has time limits of its own; the one for the answer counts from there on.
        tokio::select! {
            biased;
            answer = &mut answer => return answer.map_err(Failure::from),
            _ = connection.wait_for_connection_metadata() => moved.touch(),
        }
        tokio::select! {
            biased;
            answer = answer => answer.map_err(Failure::from),
            () = moved.quiet(most) => Err(Failure::Late),
        }
    }
}

/// A copy of a request that may be sent twice: it changes nothing, and has no body.
fn again(request: &Request<Body>) -> Option<Request<Body>> {
    use http_body::Body as _;
    let harmless = matches!(*request.method(), Method::GET | Method::HEAD) && request.body().is_end_stream();
    harmless.then(|| {
        let mut copy = Request::new(Body::own(bytes::Bytes::new()));
        copy.method_mut().clone_from(request.method());
        copy.uri_mut().clone_from(request.uri());
        copy.headers_mut().clone_from(request.headers());
        copy
    })
}

const ENDED: &str = "the connection ended before it";

/// Why there is no answer.
enum Failure {
    Connect(ConnectError),
    Upload,
    Closed(String),
    Malformed(String),
    Late,
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

impl From<legacy::Error> for Failure {
    fn from(error: legacy::Error) -> Self {
        Self::of(&error)
    }
}

impl Failure {
    fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(source) = cause {
            if let Some(error) = source.downcast_ref::<ConnectError>() {
                return Self::Connect(error.clone());
            }
            if source.downcast_ref::<BodyError>().is_some() {
                return Self::Upload;
            }
            if let Some(error) = source.downcast_ref::<hyper::Error>() {
                if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
                    return Self::Closed(ENDED.to_owned());
                }
                if error.is_parse() || error.is_parse_too_large() {
                    return Self::Malformed(error.to_string());
                }
            }
            if let Some(error) = source.downcast_ref::<std::io::Error>()
                && !error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
            {
                // What rustls says of a connection that just ends is for programmers.
                let ended = error.kind() == std::io::ErrorKind::UnexpectedEof;
                return Self::Closed(if ended { ENDED.to_owned() } else { error.to_string() });
            }
            cause = source.source();
        }
        Self::Malformed(proto::chain(error))
    }

    fn trouble(self, authority: &Authority) -> Trouble {
        let host = authority.to_string();
        match self {
            Self::Connect(error) => error.trouble(host),
            Self::Upload => Trouble::Upload,
            Self::Closed(why) | Self::Malformed(why) => Trouble::Malformed { host, why },
            Self::Late => Trouble::Timeout { host, what: "answer" },
        }
    }
}

/// Value of `Proxy-Authorization`, where it belongs to a request itself.
fn set_proxy_authorization(request: &mut Request<Body>, value: &http::HeaderValue) {
    request.headers_mut().insert(header::PROXY_AUTHORIZATION, value.clone());
}
