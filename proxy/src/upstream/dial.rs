//! TCP: names, addresses, the proxy before the registries.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use http::Request;
use tokio::{net::TcpStream, sync::Semaphore, task::JoinSet, time::timeout};

use super::{ConnectError, set_proxy_authorization};
use crate::{
    authority::{Authority, Host},
    body::Body,
    limits::{self, Limits},
    settings::{ProxyUrl, Settings},
    tunnel,
};

mod mirrors;
mod proxied;
#[cfg(test)]
mod tests;

/// Between two attempts at different addresses of a host (RFC 8305, 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Opens connections.
#[derive(Debug)]
pub struct Dialer {
    settings: Arc<Settings>,
    own: Vec<SocketAddr>,
    limits: Limits,
    lookups: Arc<Semaphore>,
    names: mirrors::Names,
}

impl Dialer {
    /// `own`: the door's addresses, which are never dialled.
    #[must_use]
    pub fn new(settings: Arc<Settings>, own: Vec<SocketAddr>, limits: Limits) -> Self {
        Self {
            settings,
            own,
            limits,
            lookups: Arc::new(Semaphore::new(limits::LOOKUPS)),
            names: mirrors::Names::default(),
        }
    }

    /// What the administrator settled.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The time limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A connection to a server, through the proxy if there is one on the way.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn dial(&self, authority: &Authority) -> Result<TcpStream, ConnectError> {
        match self.settings.proxy_for(authority.host()) {
            Some(proxy) => {
                let stream = self.to_proxy(proxy).await?;
                let led = timeout(self.limits.connect, proxied::connect(stream, proxy, authority)).await;
                led.map_err(|_| ConnectError::Late("answer through the proxy"))?
            }
            None => self.tcp(authority).await,
        }
    }

    /// A connection for requests in the clear, and whether it ends at a proxy that must be told where to go.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn dial_clear(&self, authority: &Authority) -> Result<(TcpStream, bool), ConnectError> {
        match self.settings.proxy_for(authority.host()) {
            Some(proxy) => Ok((self.to_proxy(proxy).await?, true)),
            None => Ok((self.tcp(authority).await?, false)),
        }
    }

    /// Shows a request in the clear to the proxy as one of this door.
    pub fn authorize_clear(&self, request: &mut Request<Body>, host: &Host) {
        if let Some(value) = self.settings.proxy_for(host).and_then(|proxy| proxy.authorization.as_ref()) {
            set_proxy_authorization(request, value);
        }
    }

    /// A connection to a server, without a proxy.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn tcp(&self, authority: &Authority) -> Result<TcpStream, ConnectError> {
        let connected = timeout(self.limits.connect, async {
            let addresses = self.resolve(authority).await?;
            if addresses.iter().any(|address| self.is_own(*address)) {
                return Err(ConnectError::Loop);
            }
            // INVARIANT: what leads to a mirror on this machine was decided on as one.
            let ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
            if self.is_new_name(authority, &ips).await {
                return Err(ConnectError::Mirror);
            }
            race(addresses).await
        });
        let stream = connected.await.map_err(|_| ConnectError::Late("take a connection"))??;
        tunnel::prepare(&stream);
        Ok(stream)
    }

    async fn to_proxy(&self, proxy: &ProxyUrl) -> Result<TcpStream, ConnectError> {
        let stream = self.tcp(&proxy.authority).await;
        let wrap = |why: ConnectError| ConnectError::Proxy { proxy: proxy.authority.to_string(), why: why.to_string() };
        stream.map_err(wrap)
    }

    async fn resolve(&self, authority: &Authority) -> Result<Vec<SocketAddr>, ConnectError> {
        let port = authority.port();
        match authority.host() {
            Host::Ip(address) => Ok(vec![SocketAddr::new(*address, port)]),
            Host::Name(name) => {
                let name = name.clone();
                let resolved = self.look_up(move || (name.as_str(), port).to_socket_addrs().map(Vec::from_iter)).await;
                resolved.map(|resolved| in_turns(&resolved)).map_err(|error| ConnectError::Resolve(Arc::new(error)))
            }
        }
    }

    /// On a thread of its own, and not too many at once. It counts until it ends, also where nobody waits
    /// for it any more: it cannot be stopped.
    async fn look_up<T: Send + 'static>(&self, ask: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        // The semaphore is never closed.
        let slot = Arc::clone(&self.lookups).acquire_owned().await.map_err(io::Error::other)?;
        let asked = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            ask()
        });
        asked.await.map_err(io::Error::other)?
    }

    /// INVARIANT: the door never asks itself, under none of its addresses.
    fn is_own(&self, address: SocketAddr) -> bool {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        let here = |own: IpAddr| own == ip || (own.is_unspecified() && ip.is_loopback()) || ip.is_unspecified();
        self.own.iter().any(|own| own.port() == port && here(own.ip()))
    }
}

/// Families take turns, so that one that leads nowhere costs little.
fn in_turns(resolved: &[SocketAddr]) -> Vec<SocketAddr> {
    // The resolver has put them in order.
    let (first, second): (Vec<_>, Vec<_>) = resolved
        .iter()
        .copied()
        .partition(|address| resolved.first().is_some_and(|first| first.is_ipv4() == address.is_ipv4()));
    let mut second = second.into_iter();
    let mut mixed = Vec::with_capacity(resolved.len());
    for address in first {
        mixed.push(address);
        mixed.extend(second.next());
    }
    mixed.extend(second);
    mixed
}

/// Tries one address after the other, the next one early. The first connection wins.
async fn race(addresses: Vec<SocketAddr>) -> Result<TcpStream, ConnectError> {
    let mut attempts = JoinSet::new();
    let mut waiting = addresses.into_iter();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    let mut next = waiting.next();
    loop {
        if let Some(address) = next.take() {
            attempts.spawn(TcpStream::connect(address));
        }
        let attempt = tokio::select! {
            attempt = attempts.join_next() => attempt,
            () = tokio::time::sleep(STAGGER), if waiting.len() > 0 => {
                next = waiting.next();
                continue;
            }
        };
        match attempt {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => last = error,
            Some(Err(_)) => {}
            None if waiting.len() == 0 => return Err(ConnectError::Tcp(Arc::new(last))),
            None => {}
        }
        if attempts.is_empty() {
            next = waiting.next();
        }
    }
}
