//! The calls that the service itself makes: to Docker Hub and to an identity provider, and only
//! to what an administrator named. One client for all of them.
//!
//! TLS with the system's roots and perhaps one more file of them; plain HTTP goes to a loopback
//! address or nowhere. No redirect is followed: it would carry a credential to somebody who was
//! not named. Every call ends in time, and an answer has a size. There is no proxy setting.

mod roots;
mod url;
mod wait;

use std::{path::Path, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use zeroize::Zeroizing;

pub use self::{
    roots::RootsError,
    url::{Base, Encryption, UrlError},
    wait::wait,
};

/// Name, TCP and TLS.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// The whole call. A machine waits longer for its sign-in.
const CALL_DEADLINE: Duration = Duration::from_secs(10);
/// Longest answer, in bytes. A hundred organizations of Docker Hub take about 60 KiB, a key set some KiB.
pub const MAX_ANSWER: usize = 256 << 10;
/// Idle connections kept to one host, and for how long: shorter than servers keep theirs.
const IDLE: (usize, Duration) = (4, Duration::from_secs(30));

/// Why there is no answer. Nothing of what was sent is in the text.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// Not an address that may be called.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// No connection: name, network, or a certificate that does not hold.
    #[error(
        "`{host}` cannot be reached: {why}; check its name, the network, and whether this machine trusts its certificate"
    )]
    Connect {
        /// Host and port.
        host: String,
        /// Why.
        why: String,
    },
    /// The connection broke, or what came was no HTTP.
    #[error("the call to `{host}` broke off: {why}; try again")]
    Call {
        /// Host and port.
        host: String,
        /// Why.
        why: String,
    },
    /// Too slow.
    #[error("`{host}` did not answer within {} s; try again later", .after.as_secs_f32())]
    Slow {
        /// Host and port.
        host: String,
        /// The limit.
        after: Duration,
    },
    /// An answer of more than [`MAX_ANSWER`].
    #[error("the answer of `{host}` is longer than {MAX_ANSWER} bytes; is it the right address?")]
    TooLarge {
        /// Host and port.
        host: String,
    },
    /// The answer is elsewhere. That is not followed.
    #[error("`{host}` answers with a redirect, which is not followed; give the address that it leads to")]
    Redirect {
        /// Host and port.
        host: String,
    },
}

/// A whole answer. It may hold a token: it is overwritten on drop.
pub struct Answer {
    /// Its status; never a redirect.
    pub status: StatusCode,
    /// Its head.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Zeroizing<Vec<u8>>,
}

/// The client; clones share connections.
#[derive(Clone)]
pub struct Outgoing {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    encryption: Encryption,
    deadline: Duration,
}

impl Outgoing {
    /// Trusts the system's authorities, and those in `ca_file`.
    ///
    /// # Errors
    /// [`RootsError`].
    pub fn new(ca_file: Option<&Path>, encryption: Encryption) -> Result<Self, RootsError> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(CONNECT_DEADLINE));
        connector.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(roots::tls(ca_file)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(IDLE.0)
            .pool_idle_timeout(IDLE.1)
            .build(connector);
        Ok(Self { client, encryption, deadline: CALL_DEADLINE })
    }

    /// One call. Its body, which may hold a secret, is overwritten once it was sent.
    ///
    /// # Errors
    /// [`OutgoingError`]. A status that says no is an answer.
    pub async fn call(&self, request: Request<Zeroizing<Vec<u8>>>) -> Result<Answer, OutgoingError> {
        url::check(request.uri(), self.encryption)?;
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let (mut parts, body) = request.into_parts();
        let agent = concat!("pullgate-service/", env!("CARGO_PKG_VERSION"));
        parts.headers.insert(header::USER_AGENT, header::HeaderValue::from_static(agent));
        let request = Request::from_parts(parts, Full::new(Bytes::from_owner(body)));
        match tokio::time::timeout(self.deadline, self.exchange(request, &host)).await {
            Ok(answer) => answer,
            Err(_) => Err(OutgoingError::Slow { host, after: self.deadline }),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, host: &str) -> Result<Answer, OutgoingError> {
        let host = || host.to_owned();
        let response = self.client.request(request).await.map_err(|error| match error.is_connect() {
            true => OutgoingError::Connect { host: host(), why: cause(&error) },
            false => OutgoingError::Call { host: host(), why: cause(&error) },
        })?;
        let (parts, mut incoming) = response.into_parts();
        if parts.status.is_redirection() {
            return Err(OutgoingError::Redirect { host: host() });
        }
        let mut body = Zeroizing::new(Vec::new());
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| OutgoingError::Call { host: host(), why: proto::chain(&error) })?;
            if let Some(data) = frame.data_ref() {
                if body.len() + data.len() > MAX_ANSWER {
                    return Err(OutgoingError::TooLarge { host: host() });
                }
                body.extend_from_slice(data);
            }
        }
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    /// Fetches JSON. The bearer's token is kept out of every log.
    ///
    /// # Errors
    /// [`OutgoingError`].
    pub async fn get(&self, url: &str, bearer: Option<&str>) -> Result<Answer, OutgoingError> {
        let mut request = Request::builder().method(Method::GET).uri(url).header(header::ACCEPT, "application/json");
        if let Some(token) = bearer {
            request = request.header(header::AUTHORIZATION, url::bearer(token)?);
        }
        self.call(request.body(Zeroizing::default()).map_err(|_| UrlError::Damaged(url::shown(url)))?).await
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// [`OutgoingError`].
    pub async fn post(&self, url: &str, json: Zeroizing<Vec<u8>>) -> Result<Answer, OutgoingError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json");
        self.call(request.body(json).map_err(|_| UrlError::Damaged(url::shown(url)))?).await
    }
}

/// What is behind an error of the client, whose own words (`client error (Connect)`) help nobody.
fn cause(error: &hyper_util::client::legacy::Error) -> String {
    proto::chain(std::error::Error::source(error).unwrap_or(error))
}

#[cfg(test)]
mod tests;
