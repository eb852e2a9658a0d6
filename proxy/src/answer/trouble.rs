//! What can go wrong between engine and registry, in words for who reads them at an engine's prompt.

use http::StatusCode;

/// Why there is no answer of a registry. None of these lets anything pass.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// No name, no address, no connection.
    #[error("`{host}` cannot be reached: {why}; check the network, or `upstreamProxy` in the door's settings")]
    Unreachable {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// The proxy before the registries does not lead there.
    #[error(
        "the proxy `{proxy}` does not lead to `{host}`: {why}; \
         check `upstreamProxy` and `upstreamNoProxy` in the door's settings"
    )]
    Proxy {
        /// The proxy.
        proxy: String,
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// TLS.
    #[error(
        "the certificate of `{host}` is not accepted: {why}; add its authority to the system's or to \
         `upstreamCa` in the door's settings"
    )]
    Certificate {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// What the engine shows this registry, and the door cannot.
    #[error(
        "the client certificate for `{host}` cannot be used: `{path}`: {why}; make the file readable for the group \
         `pullgate-proxy`, or name the host in `tunnel` of the door's settings, where it is let through unread"
    )]
    Client {
        /// The host.
        host: String,
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// TLS that failed otherwise.
    #[error(
        "no TLS connection with `{host}`: {why}; if it speaks plain HTTP, it must be in `insecureRegistries` \
         of the door's settings as it is in the engine's"
    )]
    Tls {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// No answer in time.
    #[error("`{host}` did not {what} in time; try again, and see whether it is up")]
    Timeout {
        /// The host.
        host: String,
        /// What it did not do.
        what: &'static str,
    },
    /// No HTTP, or a connection that ended in the middle.
    #[error("the answer of `{host}` cannot be used: {why}; try again, and tell who runs it")]
    Malformed {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// The way would lead back here.
    #[error("`{host}` is this door itself; check the proxy settings of the engine and of the door")]
    Loop {
        /// The host.
        host: String,
    },
    /// A request for another host than the connection is for.
    #[error("this connection is for `{connection}`, and the request on it for another host; open another one for it")]
    Misdirected {
        /// The host of the connection.
        connection: String,
    },
    /// A request that no engine sends.
    #[error("the request cannot be understood: {why}; the door serves registry requests of Docker Engine only")]
    Request {
        /// Why.
        why: &'static str,
    },
    /// The client fell silent in the middle of its upload.
    #[error("the upload stopped in the middle; try again")]
    Upload,
    /// Somebody who is not the engine.
    #[error("this door is for Docker Engine, which is root, and you are not; go without it (unset `HTTPS_PROXY`)")]
    Stranger,
    /// More than the door does at the same time.
    #[error("too much is under way at once; try again in a moment")]
    Overloaded,
    /// The door itself.
    #[error("the registry door cannot start, so nothing is fetched: {why}; `pullgate doctor` says what to do")]
    CannotStart {
        /// Why.
        why: String,
    },
}

impl Trouble {
    /// Stable, for the registry's error body and for who searches for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "upstream_unreachable",
            Self::Proxy { .. } => "upstream_proxy",
            Self::Certificate { .. } => "upstream_certificate",
            Self::Client { .. } => "client_certificate",
            Self::Tls { .. } => "upstream_tls",
            Self::Timeout { .. } => "upstream_timeout",
            Self::Malformed { .. } => "upstream_malformed",
            Self::Loop { .. } => "proxy_loop",
            Self::Misdirected { .. } => "misdirected",
            Self::Request { .. } => "bad_request",
            Self::Upload => "upload_stopped",
            Self::Stranger => "not_the_engine",
            Self::Overloaded => "overloaded",
            Self::CannotStart { .. } => "door_cannot_start",
        }
    }

    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unreachable { .. }
            | Self::Proxy { .. }
            | Self::Certificate { .. }
            | Self::Client { .. }
            | Self::Tls { .. }
            | Self::Malformed { .. } => StatusCode::BAD_GATEWAY,
            Self::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Loop { .. } => StatusCode::LOOP_DETECTED,
            Self::Misdirected { .. } => StatusCode::MISDIRECTED_REQUEST,
            Self::Request { .. } => StatusCode::BAD_REQUEST,
            Self::Upload => StatusCode::REQUEST_TIMEOUT,
            Self::Stranger => StatusCode::FORBIDDEN,
            Self::Overloaded | Self::CannotStart { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether nothing else on the client's connection can be trusted to be a request.
    #[must_use]
    pub fn ends_connection(&self) -> bool {
        matches!(
            self,
            Self::Misdirected { .. } | Self::Request { .. } | Self::Upload | Self::Stranger | Self::CannotStart { .. }
        )
    }
}
