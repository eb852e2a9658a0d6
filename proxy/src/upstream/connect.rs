//! A connection for requests, as the client library wants it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::Uri;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    ConnectError, Dialer,
    crowd::{Crowd, Member},
    records::{self, Records},
    trust::Trust,
};
use crate::{
    authority::{Authority, Host},
    limits,
};

/// Whose requests these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Of the forward listener.
    Forward,
    /// Of the loopback listener: no proxy, no proof.
    Loopback,
}

/// Connects by URI: scheme, host and port.
#[derive(Debug, Clone)]
pub struct Connector {
    dialer: Arc<Dialer>,
    trust: Arc<Trust>,
    crowd: Crowd,
    mode: Mode,
}

impl Connector {
    pub(super) fn new(dialer: Arc<Dialer>, trust: Arc<Trust>, crowd: Crowd, mode: Mode) -> Self {
        Self { dialer, trust, crowd, mode }
    }

    async fn connect(self, uri: Uri) -> Result<TokioIo<Stream>, ConnectError> {
        let tls = uri.scheme_str() == Some("https");
        let authority = uri.authority().ok_or(ConnectError::Name)?;
        let authority = Authority::parse(authority.as_str(), Some(if tls { 443 } else { 80 }));
        let authority = authority.map_err(|_| ConnectError::Name)?;
        let loopback = self.mode == Mode::Loopback;
        if !tls {
            let (stream, to_proxy) = match loopback {
                true => (self.dialer.tcp(&authority).await?, false),
                false => self.dialer.dial_clear(&authority).await?,
            };
            return Ok(TokioIo::new(Stream {
                kind: Kind::Clear(stream),
                to_proxy,
                member: Arc::new(self.crowd.join()),
            }));
        }
        let insecure = loopback || self.dialer.settings().insecure.contains(&authority);
        let config = if insecure { self.trust.unverified() } else { self.trust.verified(&authority)? };
        let member = Arc::new(self.crowd.join());
        let kind = match self.handshake(self.dial(&authority).await?, config, &authority, &member).await {
            Ok(stream) => Kind::Tls(Box::new(stream)),
            // The engine asks insecure registries without TLS when they speak none. It does so in a
            // second attempt, which it would not make, since this side does speak TLS with it.
            Err(error) if insecure && error.speaks_no_tls() => Kind::Clear(self.dial(&authority).await?),
            Err(error) => return Err(error),
        };
        Ok(TokioIo::new(Stream { kind, to_proxy: false, member }))
    }

    async fn dial(&self, authority: &Authority) -> Result<TcpStream, ConnectError> {
        match self.mode {
            Mode::Forward => self.dialer.dial(authority).await,
            Mode::Loopback => self.dialer.tcp(authority).await,
        }
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        config: Arc<ClientConfig>,
        authority: &Authority,
        member: &Arc<Member>,
    ) -> Result<TlsStream<Records>, ConnectError> {
        let name = match authority.host() {
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| ConnectError::Name)?,
            Host::Ip(address) => ServerName::from(*address),
        };
        let stream = Records::new(Arc::clone(member), stream);
        let shaken = TlsConnector::from(config)
            .connect_with(name, stream, |connection| connection.set_buffer_limit(Some(limits::CROWDED_TLS_BUFFER)));
        match timeout(self.dialer.limits().tls, shaken).await {
            Ok(shaken) => shaken.map_err(|error| ConnectError::Tls(Arc::new(error))),
            Err(_) => Err(ConnectError::Late("finish its TLS handshake")),
        }
    }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// A connection to a registry, or to the proxy before it.
#[derive(Debug)]
pub struct Stream {
    kind: Kind,
    to_proxy: bool,
    member: Arc<Member>,
}

#[derive(Debug)]
enum Kind {
    Clear(TcpStream),
    Tls(Box<TlsStream<Records>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.to_proxy)
    }
}

macro_rules! either {
    ($this:expr, $stream:ident => $call:expr) => {
        match &mut $this.get_mut().kind {
            Kind::Clear(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Kind::Tls(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.member.is_crowded() {
            return either!(self, stream => stream.poll_read(cx, buf));
        }
        let most = buf.remaining().min(limits::CROWDED_READ);
        let mut piece = ReadBuf::new(buf.initialize_unfilled_to(most));
        ready!(either!(self.as_mut(), stream => stream.poll_read(cx, &mut piece)))?;
        let read = piece.filled().len();
        buf.advance(read);
        if let Kind::Tls(stream) = &mut self.get_mut().kind {
            records::give_memory_back(stream.get_mut().1);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }
}
