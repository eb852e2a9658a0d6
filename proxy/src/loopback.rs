//! What the engine asks of loopback addresses: led here by the firewall, decided like everything else.

use std::{io, net::SocketAddr, sync::Arc};

use bytes::BytesMut;
use rustix::net::sockopt;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tracing::{debug, warn};

use crate::{
    authority::{Authority, Host},
    intercept,
    io::Ahead,
    shared::Shared,
    sniff::{self, Spoken},
    tunnel,
    upstream::Target,
};

/// Where a connection wanted to go before the firewall led it here. None: nobody led it, or not from
/// a loopback address.
#[must_use]
pub fn original(stream: &TcpStream) -> Option<SocketAddr> {
    let own = stream.local_addr().ok()?;
    let original = match own {
        SocketAddr::V4(_) => SocketAddr::V4(sockopt::ip_original_dst(stream).ok()?),
        SocketAddr::V6(_) => SocketAddr::V6(sockopt::ipv6_original_dst(stream).ok()?),
    };
    Some(original).filter(|original| *original != own && original.ip().is_loopback())
}

/// Serves a client that dialled `original`.
pub async fn serve(shared: Arc<Shared>, client: TcpStream, original: SocketAddr) {
    if let Err(error) = decide(shared, client, original).await {
        debug!(%original, %error, "a loopback connection ended");
    }
}

async fn decide(shared: Arc<Shared>, mut client: TcpStream, original: SocketAddr) -> io::Result<()> {
    let authority = Authority::of(original);
    if shared.settings.loopback_tunnel.contains(&original) {
        let upstream = dial(&shared, &authority).await?;
        return tunnel::run(client, &[], upstream, shared.stop.cancelled(), &shared.limits).await;
    }
    let mirror = shared.upstream.dialer().is_mirror(&authority).await;
    let spellings = spellings(&authority);
    let governs = || spellings.iter().any(|host| shared.gate.governs(host, mirror));
    // Where nothing is there, the client is told below. While it was dialled, a policy may have come into force.
    if !governs()
        && let Ok(upstream) = dial(&shared, &authority).await
        && !governs()
    {
        let end = async {
            tokio::select! {
                () = shared.stop.cancelled() => {}
                () = intercept::governed(&shared, &authority, governs) => {}
            }
        };
        return tunnel::run(client, &[], upstream, end, &shared.limits).await;
    }
    let mut first = BytesMut::new();
    let mut upstream = None;
    let mut spoken = match timeout(shared.limits.silent, client.read_buf(&mut first)).await {
        Ok(read) => {
            read?;
            understand(&shared, &mut client, &mut first).await?
        }
        // Perhaps the server has to speak first.
        Err(_) => {
            let mut server = dial(&shared, &authority).await?;
            let listened = listen(&mut client, &mut server, &mut first).await?;
            upstream = Some(server);
            let spoken = understand(&shared, &mut client, &mut first).await?;
            if listened && spoken != Spoken::Other {
                // No client of a registry waits to be spoken to.
                warn!(%original, "a server spoke first, and its client asks as one asks a registry: closed");
                return Ok(());
            }
            spoken
        }
    };
    if first.is_empty() {
        return Ok(());
    }
    // INVARIANT: where something could be refused, what might be a registry's client is never carried on untouched.
    if spoken == Spoken::Unclear {
        spoken = Spoken::Http;
    }
    let target = |tls| Target { authority: authority.clone(), tls, loopback: true, mirror };
    match spoken {
        Spoken::Other => {
            let upstream = match upstream {
                Some(upstream) => upstream,
                None => dial(&shared, &authority).await?,
            };
            tunnel::run(client, &first, upstream, shared.stop.cancelled(), &shared.limits).await?;
        }
        Spoken::Tls(name) => {
            let named = name.and_then(|name| Authority::parse(&name, Some(original.port())).ok());
            let host: Host = named.as_ref().unwrap_or(&authority).host().clone();
            intercept::tls(shared, host, target(true), Ahead::with(first.freeze(), client)).await;
        }
        Spoken::Http | Spoken::Unclear => {
            intercept::clear(shared, target(false), Ahead::with(first.freeze(), client)).await;
        }
    }
    Ok(())
}

/// How the engine may have called it: before the first request nobody knows.
fn spellings(authority: &Authority) -> Vec<String> {
    let localhost = Authority::localhost(authority.port());
    [authority, &localhost].into_iter().flat_map(|host| [80, 443].map(|port| host.registry(port))).collect()
}

/// Reads until it is clear what the client speaks.
async fn understand(shared: &Shared, client: &mut TcpStream, first: &mut BytesMut) -> io::Result<Spoken> {
    let reading = async {
        loop {
            let spoken = sniff::sniff(first);
            if spoken != Spoken::Unclear || first.is_empty() || first.len() >= sniff::MOST {
                return Ok(spoken);
            }
            if client.read_buf(first).await? == 0 {
                return Ok(spoken);
            }
        }
    };
    timeout(shared.limits.first_byte, reading).await.unwrap_or(Ok(Spoken::Unclear))
}

/// Lets the server speak until the client does. True: it has spoken.
async fn listen(client: &mut TcpStream, server: &mut TcpStream, first: &mut BytesMut) -> io::Result<bool> {
    let mut spoken = false;
    let mut said = BytesMut::new();
    loop {
        tokio::select! {
            biased;
            read = client.read_buf(first) => return read.map(|_| spoken),
            read = server.read_buf(&mut said) => {
                if read? == 0 {
                    // It has ended; the client is told by the end of this connection.
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                spoken = true;
                client.write_all(&said).await?;
                said.clear();
            }
        }
    }
}

async fn dial(shared: &Shared, authority: &Authority) -> io::Result<TcpStream> {
    shared.upstream.dialer().tcp(authority).await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_every_name_that_an_engine_may_have_called_it_by() {
        let names = |address: &str| {
            let mut names = spellings(&Authority::of(address.parse().unwrap()));
            names.dedup();
            names
        };
        assert_eq!(names("127.0.0.1:24224"), ["127.0.0.1:24224", "localhost:24224"]);
        assert_eq!(names("[::1]:24224"), ["[::1]:24224", "localhost:24224"]);
        assert_eq!(names("127.0.0.1:80"), ["127.0.0.1", "127.0.0.1:80", "localhost", "localhost:80"]);
    }
}
